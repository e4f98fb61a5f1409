import { type AbstractSqlConnection } from '@mikro-orm/sql';
import { type Orm } from '../../src/platform/database/orm.js';

/** What a table is, in words that mean the same on both databases. */
export interface TableShape {
  /** name -> `number`, `text null`, ... */
  columns: Record<string, string>;
  /** `organization_id, slug` */
  uniques: string[];
  indexes: string[];
  /** `organization_id, group_id -> groups (organization_id, id)` */
  foreignKeys: string[];
}
export type Shapes = Record<string, TableShape>;

/** What a declared type holds: the two databases spell it differently. */
const KINDS: [RegExp, string][] = [
  [/^(bigint|int|integer|tinyint|smallint|mediumint|boolean)/i, 'number'],
  [/^(varchar|char|text|mediumtext|longtext)/i, 'text'],
  [/^datetime/i, 'time'],
  [/^date$/i, 'date'],
  [/^json/i, 'json'],
  [/^(real|double|decimal|float)/i, 'fraction'],
  [/blob|binary/i, 'bytes'],
];

const kindOf = (type: string) => KINDS.find(([pattern]) => pattern.test(type))?.[1] ?? `unknown (${type})`;
const column = (type: string, nullable: boolean) => kindOf(type) + (nullable ? ' null' : '');

/** @returns the shape of every table of the product, as the database itself tells it */
export async function shapesOf(orm: Orm): Promise<Shapes> {
  const connection = orm.em.getConnection() as AbstractSqlConnection;
  const ask = <Row>(sql: string, values: unknown[] = []) => connection.execute<Row[]>(sql, values, 'all');
  const shapes =
    orm.em.getPlatform().constructor.name === 'MySqlPlatform' ? await mysqlShapes(ask) : await sqliteShapes(ask as Ask);
  delete shapes.mikro_orm_migrations;
  for (const shape of Object.values(shapes))
    for (const list of [shape.uniques, shape.indexes, shape.foreignKeys]) list.sort();
  return shapes;
}

type Ask = <Row>(sql: string, values?: unknown[]) => Promise<Row[]>;
const empty = (): TableShape => ({ columns: {}, uniques: [], indexes: [], foreignKeys: [] });

async function sqliteShapes(ask: Ask): Promise<Shapes> {
  const shapes: Shapes = {};
  const tables = await ask<{ name: string }>(
    `select name from sqlite_master where type = 'table' and name not like 'sqlite_%'`,
  );
  for (const { name } of tables) {
    const shape = (shapes[name] = empty());
    const columns = await ask<{ name: string; type: string; notnull: number; pk: number }>(
      `pragma table_info('${name}')`,
    );
    for (const each of columns) shape.columns[each.name] = column(each.type, !each.notnull);
    for (const index of await ask<{ name: string; unique: number }>(`pragma index_list('${name}')`)) {
      const parts = await ask<{ seqno: number; name: string }>(`pragma index_info('${index.name}')`);
      (index.unique ? shape.uniques : shape.indexes).push(parts.map((part) => part.name).join(', '));
    }
    const keys = await ask<{ id: number; seq: number; table: string; from: string; to: string }>(
      `pragma foreign_key_list('${name}')`,
    );
    for (const id of new Set(keys.map((key) => key.id))) {
      const parts = keys.filter((key) => key.id === id).sort((a, b) => a.seq - b.seq);
      shape.foreignKeys.push(
        foreignKey(
          parts.map((part) => [part.from, part.to] as const),
          parts[0]!.table,
        ),
      );
    }
  }
  return shapes;
}

async function mysqlShapes(ask: Ask): Promise<Shapes> {
  const shapes: Shapes = {};
  const shape = (name: string) => (shapes[name] ??= empty());
  const columns = await ask<{ t: string; c: string; type: string; nullable: string }>(
    `select table_name as t, column_name as c, column_type as type, is_nullable as nullable
       from information_schema.columns where table_schema = database() order by table_name, ordinal_position`,
  );
  for (const each of columns) shape(each.t).columns[each.c] = column(each.type, each.nullable === 'YES');
  const indexes = await ask<{ t: string; nonUnique: number; columns: string }>(
    `select table_name as t, max(non_unique) as nonUnique,
            group_concat(column_name order by seq_in_index separator ', ') as columns
       from information_schema.statistics where table_schema = database() and index_name <> 'PRIMARY'
      group by table_name, index_name`,
  );
  for (const each of indexes)
    (Number(each.nonUnique) ? shape(each.t).indexes : shape(each.t).uniques).push(each.columns);
  const keys = await ask<{ t: string; name: string; from: string; table: string; to: string }>(
    `select table_name as t, constraint_name as name, column_name as \`from\`, referenced_table_name as \`table\`,
            referenced_column_name as \`to\`
       from information_schema.key_column_usage
      where table_schema = database() and referenced_table_name is not null order by constraint_name, ordinal_position`,
  );
  const named = new Map<string, typeof keys>();
  for (const key of keys) named.set(`${key.t}.${key.name}`, [...(named.get(`${key.t}.${key.name}`) ?? []), key]);
  for (const parts of named.values())
    shape(parts[0]!.t).foreignKeys.push(
      foreignKey(
        parts.map((part) => [part.from, part.to] as const),
        parts[0]!.table,
      ),
    );
  return shapes;
}

const foreignKey = (pairs: (readonly [string, string])[], table: string) =>
  `${pairs.map(([from]) => from).join(', ')} -> ${table} (${pairs.map(([, to]) => to).join(', ')})`;
