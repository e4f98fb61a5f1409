import { type EntityManager, type EntityMetadata } from '@mikro-orm/core';
import { CompiledQuery, type Kysely } from 'kysely';
import { columnsOf, databaseValue } from './columns.js';
import { isMySql } from './dialect.js';

/** Rows of one statement on SQLite: few enough that the compiled statement is kept. */
const SQLITE_ROWS = 50;

/**
 * Inserts complete rows. SQLite gets the values beside the statement, so that the statement is compiled once; into
 * MySQL's text they are put anyway, so there the ORM does it.
 * Nothing but the insert: the tenant, the defaults and the audit are the caller's (`insertRows` in the ledger).
 * @param rows entity property -> value, all with the same properties; at most 500
 * @returns the ids in the rows' order: both databases count up without gaps within one statement
 */
export async function insertMany(
  tx: EntityManager,
  meta: EntityMetadata<any>,
  rows: Record<string, unknown>[],
): Promise<number[]> {
  const driver = tx.getDriver();
  if (isMySql(tx)) {
    const result = await driver.nativeInsertMany(meta.class, rows, { ctx: tx.getTransactionContext() });
    return (result.rows as { id: number | string }[]).map((row) => Number(row.id));
  }
  const columns = columnsOf(meta).filter((prop) => !prop.primary);
  const head = `insert into \`${meta.tableName}\` (${columns.map((prop) => `\`${prop.fieldNames[0]!}\``).join(', ')}) values `;
  const places = `(${columns.map(() => '?').join(',')})`;
  const connection = tx.getTransactionContext<Kysely<unknown>>()!;
  const ids: number[] = [];
  for (let at = 0; at < rows.length; at += SQLITE_ROWS) {
    const part = rows.slice(at, at + SQLITE_ROWS);
    const values = part.flatMap((row) => columns.map((prop) => databaseValue(tx, prop, row[prop.name])));
    const statement = CompiledQuery.raw(head + part.map(() => places).join(','), values);
    const { insertId } = await connection.executeQuery(statement).catch((error: Error) => {
      throw driver.convertException(error);
    });
    const last = Number(insertId);
    part.forEach((_, index) => ids.push(last - part.length + 1 + index));
  }
  return ids;
}
