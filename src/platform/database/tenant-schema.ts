import { type EntityMetadata, type IDatabaseDriver, type MikroORM, type Platform } from '@mikro-orm/core';
import { SqlSchemaGenerator, type AbstractSqlDriver, type DatabaseTable } from '@mikro-orm/sql';
import { isMySqlPlatform } from './dialect.js';

/**
 * Widens every foreign key between two tenant tables to the pair (organization_id, x_id), so that the database itself
 * refuses a row that points into another organization. The ORM's relations stay simple; only the schema knows.
 */
export class TenantSchemaGenerator extends SqlSchemaGenerator {
  static override register(orm: MikroORM<IDatabaseDriver>): void {
    orm.config.registerExtension(
      '@mikro-orm/schema-generator',
      () => new TenantSchemaGenerator(orm.em as unknown as AbstractSqlDriver),
    );
    readCompositeForeignKeysOnSqlite(orm);
  }

  override getTargetSchema(schema?: string, includeWildcardSchema = false) {
    const target = super.getTargetSchema(schema, includeWildcardSchema);
    const metas = this.getOrderedMetadata(schema, includeWildcardSchema);
    const tables = new Map(target.getTables().map((table) => [table.name, table]));
    const isTenant = (name: string) => !!tables.get(name)?.getColumn('organization_id');
    for (const table of target.getTables()) {
      if (!isTenant(table.name)) continue;
      for (const key of Object.values(table.getForeignKeys())) {
        const referenced = key.referencedTableName.split('.').pop()!;
        if (!isTenant(referenced) || key.columnNames.length !== 1) continue;
        const index = table.getIndexes().find((each) => each.columnNames.join() === key.columnNames[0]);
        key.columnNames = ['organization_id', ...key.columnNames];
        key.referencedColumnNames = ['organization_id', ...key.referencedColumnNames];
        key.updateRule = undefined as never;
        key.deleteRule = undefined as never; // SET NULL would null the organization too
        if (index) {
          index.columnNames = [...key.columnNames];
          index.composite = true;
        }
        const name = `${referenced}_tenant_unique`;
        const parent = tables.get(referenced)!;
        if (!parent.getIndexes().some((each) => each.keyName === name)) {
          const meta = metas.find((each) => each.tableName === referenced)!;
          parent.addIndex(meta, { name, properties: ['organization', 'id'] } as never, 'unique');
        }
      }
    }
    for (const table of target.getTables()) if (isTenant(table.name)) dropCoveredIndexes(table);
    return target;
  }
}

/** An index that is the beginning of another one costs every write and serves no read. */
function dropCoveredIndexes(table: DatabaseTable): void {
  const indexes = table.getIndexes();
  const covers = (longer: string[], shorter: string[]) => shorter.every((column, at) => longer[at] === column);
  table.setIndexes(
    indexes.filter(
      (index) =>
        index.unique ||
        index.primary ||
        !indexes.some(
          (other) =>
            other !== index &&
            other.columnNames.length > index.columnNames.length &&
            covers(other.columnNames, index.columnNames),
        ),
    ),
  );
}

/** MikroORM 7.2.1 reads a composite foreign key of SQLite as several single ones, which makes every diff noisy. */
function readCompositeForeignKeysOnSqlite(orm: MikroORM<IDatabaseDriver>): void {
  const helper = (orm.config.getPlatform() as any).getSchemaHelper();
  if (helper?.constructor?.name !== 'SqliteSchemaHelper') return;
  helper.getForeignKeys = async (connection: any, table: string, schema?: string, ctx?: unknown) => {
    const rows: Record<string, any>[] = await connection.execute(
      `pragma foreign_key_list(\`${table}\`)`,
      [],
      'all',
      ctx,
    );
    const keys = new Map<number, Record<string, any>[]>();
    for (const row of rows) keys.set(row.id, [...(keys.get(row.id) ?? []), row]);
    const result: Record<string, any> = {};
    for (const parts of keys.values()) {
      parts.sort((a, b) => a.seq - b.seq);
      const columnNames = parts.map((part) => part.from);
      // Named after the one column that the relation maps, as the widened target is.
      const named = [columnNames.at(-1)];
      const constraintName = (orm.config.getPlatform() as any).getIndexName(table, named, 'foreign');
      result[constraintName] = {
        constraintName,
        columnName: columnNames[0],
        columnNames,
        localTableName: schema ? `${schema}.${table}` : table,
        referencedTableName: parts[0]!.table,
        referencedColumnName: parts[0]!.to,
        referencedColumnNames: parts.map((part) => part.to),
        updateRule: parts[0]!.on_update.toLowerCase(),
        deleteRule: parts[0]!.on_delete.toLowerCase(),
      };
    }
    return result;
  };
}

/** Properties whose columns must compare byte for byte on both databases. Columns have no names yet when this is asked. */
const EXACT = new Set(['code', 'slug', 'identifier', 'externalId', 'sortName', 'email']);

/** Adjusts the entities to the database at hand: what the two dialects spell differently is spelled here, once. */
export function adjustToDialect(meta: EntityMetadata, platform: Platform): void {
  const sqlite = !isMySqlPlatform(platform);
  for (const prop of meta.props) {
    const type = (prop as any).customType ?? (prop as any).type;
    const isBigint = type?.constructor?.name === 'BigIntType' || /bigint/i.test(String((prop as any).type));
    if (sqlite && isBigint) prop.columnTypes = ['integer'];
    if (!sqlite && EXACT.has(prop.name)) (prop as any).collation = 'utf8mb4_0900_bin';
  }
}
