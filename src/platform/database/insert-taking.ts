import { type EntityClass, type EntityManager } from '@mikro-orm/core';
import { type SqlEntityManager } from '@mikro-orm/sql';
import { clock } from '../clock.js';
import { columnsOf, databaseValue } from './columns.js';
import { isMySql } from './dialect.js';
import { lockingRows } from './read.js';

/** Rows of one statement: few enough that SQLite keeps the compiled statement. */
const AT_ONCE = 50;

/** Where some of the columns come from. */
export interface Source<T> {
  table: string;
  /** The column that a given row names it by. */
  key: string;
  /** Properties of the new row whose columns are called alike there. */
  take: (keyof T & string)[];
  /** Which of its rows are meant at all, as SQL about `s`. */
  where: string;
}

/**
 * Inserts rows of a derived table that take some of their columns from a row of another table, in one statement: on MySQL
 * each statement is a way there and back. The other row is held shared until the commit; where it is missing, nothing is
 * inserted. Only for tables that follow from others and are not audited.
 * @param given what the new rows have of their own, all with the same properties, and in `of` the key of the other row
 */
export async function insertTaking<T extends object>(
  tx: EntityManager,
  entity: EntityClass<T>,
  given: { of: number; row: { [K in keyof T]?: T[K] } }[],
  { table, key, take, where }: Source<T>,
): Promise<void> {
  if (given.length === 0) return;
  const organization = tx.getFilterParams<{ organization?: unknown }>('tenant')?.organization;
  if (!Number.isSafeInteger(organization)) throw new Error('no organization is set for this write');
  if (!tx.isInTransaction()) throw new Error('rows are written inside a transaction: use transact()');
  const meta = tx.getMetadata().get<T>(entity);
  const now = clock.now();
  const columns = columnsOf(meta).filter(({ primary }) => !primary);
  const taken = columns.filter(({ name }) => take.includes(name as keyof T & string));
  const own = columns.filter((each) => !taken.includes(each));
  const name = (each: (typeof columns)[number]) => `\`${each.fieldNames[0]!}\``;
  const place = `${isMySql(tx) ? 'row' : ''}(?,${own.map(() => '?').join(',')})`;
  for (let at = 0; at < given.length; at += AT_ONCE) {
    const part = given.slice(at, at + AT_ONCE);
    const values = part.flatMap(({ of, row }) => [
      of,
      ...own.map((column) => {
        const value = { organization, createdAt: now, updatedAt: now, ...row }[column.name as 'organization'];
        if (value === undefined) throw new Error(`a row of ${meta.tableName} without ${column.name}`);
        return databaseValue(tx, column, value);
      }),
    ]);
    const sql = `insert into \`${meta.tableName}\` (${[...own, ...taken].map(name).join(', ')})
      with v (taken_of, ${own.map(name).join(', ')}) as (values ${part.map(() => place).join(',')})
      select ${[...own.map((each) => `v.${name(each)}`), ...taken.map((each) => `s.${name(each)}`)].join(', ')}
        from v join \`${table}\` s on s.\`${key}\` = v.taken_of
       where s.organization_id = ? and ${where} ${lockingRows(tx, 's', 'share')}`;
    await (tx as SqlEntityManager).execute(sql, [...values, organization] as never[], 'run');
  }
}
