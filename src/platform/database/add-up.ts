import { type EntityClass, type EntityManager } from '@mikro-orm/core';
import { type SqlEntityManager } from '@mikro-orm/sql';
import { clock } from '../clock.js';
import { columnsOf, databaseValue } from './columns.js';
import { isMySql } from './dialect.js';

/** Rows of one statement: few enough that SQLite keeps the compiled statement; on MySQL each statement is a way there and back. */
const SQLITE_ROWS = 50;
const MYSQL_ROWS = 500;

/**
 * Adds sums to the rows of a derived table: a row that is there already is added to, one that is missing is made. Two who
 * add to the same row at once wait for each other, and nothing is lost. Only for tables that follow from others and are
 * not audited.
 * @param unique properties that tell the rows apart besides the organization, as a unique key of the table has them
 * @param sums properties that are added up
 * @param rows with a value for each of these properties; none of them twice
 */
export async function addUp<T extends object>(
  tx: EntityManager,
  entity: EntityClass<T>,
  unique: (keyof T & string)[],
  sums: (keyof T & string)[],
  rows: { [K in keyof T]?: T[K] }[],
): Promise<void> {
  const organization = tx.getFilterParams<{ organization?: unknown }>('tenant')?.organization;
  if (!Number.isSafeInteger(organization)) throw new Error('no organization is set for this write');
  if (!tx.isInTransaction()) throw new Error('rows are written inside a transaction: use transact()');
  const meta = tx.getMetadata().get<T>(entity);
  const given = new Set<string>([...unique, ...sums, 'organization', 'createdAt', 'updatedAt']);
  const columns = columnsOf(meta).filter(({ name }) => given.has(name));
  const name = (property: string) => `\`${columns.find((each) => each.name === property)!.fieldNames[0]!}\``;
  const head = `insert into \`${meta.tableName}\` (${columns.map((each) => name(each.name)).join(', ')}) values `;
  const place = `(${columns.map(() => '?').join(',')})`;
  const mysql = isMySql(tx);
  const added = mysql
    ? sums.map((sum) => `${name(sum)} = \`${meta.tableName}\`.${name(sum)} + v.${name(sum)}`)
    : sums.map((sum) => `${name(sum)} = ${name(sum)} + excluded.${name(sum)}`);
  const tail = mysql
    ? ` as v on duplicate key update ${added.join(', ')}`
    : ` on conflict (\`organization_id\`, ${unique.map(name).join(', ')}) do update set ${added.join(', ')}`;
  const now = clock.now();
  const most = mysql ? MYSQL_ROWS : SQLITE_ROWS;
  for (let at = 0; at < rows.length; at += most) {
    const part = rows.slice(at, at + most);
    const values = part.flatMap((row) =>
      columns.map((column) => {
        const value = { organization, createdAt: now, updatedAt: now, ...row }[column.name as 'organization'];
        if (value === undefined) throw new Error(`a row of ${meta.tableName} without ${column.name}`);
        return databaseValue(tx, column, value);
      }),
    );
    const sql = head + part.map(() => place).join(',') + tail;
    await (tx as SqlEntityManager).execute(sql, values as never[], 'run');
  }
}
