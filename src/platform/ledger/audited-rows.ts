import {
  OptimisticLockError,
  type EntityClass,
  type EntityManager,
  type EntityMetadata,
  type EntityProperty,
} from '@mikro-orm/core';
import { type SqlEntityManager } from '@mikro-orm/sql';
import { clock } from '../clock.js';
import { columnsOf, databaseValue } from '../database/columns.js';
import { isMySql } from '../database/dialect.js';
import { insertMany } from '../database/insert-many.js';
import { isAudited, record, valuesOf, type Change } from './ledger.js';

/**
 * Writes of many rows at once, past the unit of work but never past the ledger: each call writes its audit rows in the
 * same transaction. For a handful of rows use entities; these are for hundreds.
 */

/** Entity property -> JavaScript value (Date, boolean, object), as the entity itself would hold it. */
export type RowValues<T> = { [K in keyof T]?: T[K] | null };

/** One row to change. `before` and `after` name the same properties: those that change. */
export interface RowChange<T> {
  id: number;
  before: RowValues<T>;
  after: RowValues<T>;
  /** The row is changed only while it still has this revision (put the next one into `after`). */
  expected?: { revision: number };
  opId?: string | null;
}

const CHUNK = 500;

/**
 * Inserts rows, with their audit rows, in statements of at most 500 rows. What a row leaves out gets the entity's own
 * onCreate value or default, else null.
 * @param tx the transaction's EntityManager, from `transact`
 * @param options opIds: the operation of each row, in the rows' order; audited: writes audit rows although the table is a
 *   memory of its own (a receipt that no cell tells of)
 * @returns the new ids, in the rows' order
 */
export async function insertRows<T extends object>(
  tx: EntityManager,
  entity: EntityClass<T>,
  rows: RowValues<T>[],
  options: { opIds?: (string | null)[]; audited?: boolean } = {},
): Promise<number[]> {
  const meta = tx.getMetadata().get<T>(entity);
  const organization = organizationOf(tx);
  if (!tx.isInTransaction()) throw new Error('rows are written inside a transaction: use transact()');
  const ids: number[] = [];
  for (let at = 0; at < rows.length; at += CHUNK) {
    const complete = rows.slice(at, at + CHUNK).map((row) => completed(tx, meta, row, organization));
    const inserted = await insertMany(tx, meta, complete);
    if (options.audited ?? isAudited(meta.tableName))
      await record(
        tx,
        complete.map((row, index): Change => ({
          table: meta.tableName,
          recordId: inserted[index]!,
          organizationId: organization,
          action: 'create',
          before: null,
          after: valuesOf(meta, row),
          opId: options.opIds?.[at + index] ?? null,
        })),
      );
    ids.push(...inserted);
  }
  return ids;
}

/**
 * Changes rows of the organization that is acted for, with their audit rows: one statement for up to 500 rows, in the
 * order of their ids, so that two such writers wait for each other instead of deadlocking. `updatedAt` is set.
 * @returns how many rows were changed: always as many as were asked for
 * @throws OptimisticLockError (transact() tries again) when a row is gone or its revision is not the expected one
 */
export async function updateRows<T extends object>(
  tx: EntityManager,
  entity: EntityClass<T>,
  changes: RowChange<T>[],
  options: { audited?: boolean } = {},
): Promise<number> {
  const meta = tx.getMetadata().get<T>(entity);
  const organization = organizationOf(tx);
  const sorted = [...changes].sort((a, b) => a.id - b.id);
  for (let at = 0; at < sorted.length; at += CHUNK) {
    const chunk = sorted.slice(at, at + CHUNK);
    const changed = await updateChunk(tx, meta, chunk, organization);
    if (changed !== chunk.length)
      throw new OptimisticLockError(
        `${chunk.length - changed} of ${chunk.length} rows of ${meta.tableName} were changed meanwhile`,
      );
    if (options.audited ?? isAudited(meta.tableName))
      await record(
        tx,
        chunk.flatMap((change) => updated(meta, change, organization)),
      );
  }
  return sorted.length;
}

/**
 * Deletes rows of the organization that is acted for, with their audit rows. Only for links (memberships, assignments):
 * people, users, states, sessions and cells are never deleted.
 * @param rows each with its id and every property that the audit shall tell as the last values
 * @throws OptimisticLockError when a row is gone already
 */
export async function deleteRows<T extends object>(
  tx: EntityManager,
  entity: EntityClass<T>,
  rows: (RowValues<T> & { id: number })[],
): Promise<void> {
  const meta = tx.getMetadata().get<T>(entity);
  const organization = organizationOf(tx);
  for (let at = 0; at < rows.length; at += CHUNK) {
    const chunk = rows.slice(at, at + CHUNK);
    const ids = chunk.map((row) => row.id).sort((a, b) => a - b);
    const deleted = await tx.nativeDelete(entity as EntityClass<any>, { id: { $in: ids } } as never);
    if (deleted !== chunk.length) throw new OptimisticLockError(`rows of ${meta.tableName} were deleted meanwhile`);
    await record(
      tx,
      chunk.map((row): Change => ({
        table: meta.tableName,
        recordId: row.id,
        organizationId: organization,
        action: 'delete',
        before: valuesOf(meta, row as Record<string, unknown>),
        after: null,
      })),
    );
  }
}

/** The organization of the tenant filter: never the caller's word. */
function organizationOf(tx: EntityManager): number {
  const organization = tx.getFilterParams<{ organization?: unknown }>('tenant')?.organization;
  if (!Number.isSafeInteger(organization)) throw new Error('no organization is set for this write');
  return organization as number;
}

/** Every column of the row, so that the audit tells all of them. */
function completed(tx: EntityManager, meta: EntityMetadata<any>, row: RowValues<any>, organization: number) {
  const given = row as Record<string, unknown>;
  if (given.organization !== undefined && given.organization !== organization)
    throw new Error(`a row of ${meta.tableName} for another organization`);
  const full: Record<string, unknown> = {};
  for (const prop of columnsOf(meta)) {
    if (prop.primary) continue;
    const value = prop.name === 'organization' ? organization : given[prop.name];
    if (value !== undefined) full[prop.name] = value;
    else if (prop.onCreate) full[prop.name] = prop.onCreate(full as never, tx);
    else full[prop.name] = prop.default === undefined ? null : prop.default;
  }
  return full;
}

function updated<T>(meta: EntityMetadata<any>, change: RowChange<T>, organizationId: number): Change[] {
  const after = valuesOf(meta, change.after as Record<string, unknown>);
  if (Object.keys(after).length === 0) return [];
  const before = valuesOf(meta, change.before as Record<string, unknown>);
  for (const column of Object.keys(after))
    if (!(column in before))
      throw new Error(`a change of ${meta.tableName}.${column} does not say what was there before`);
  return [
    {
      table: meta.tableName,
      recordId: change.id,
      organizationId,
      action: 'update',
      before,
      after,
      opId: change.opId ?? null,
    },
  ];
}

/** `with v (...) as (values ...) update ...`: the one statement that both databases spell differently. */
async function updateChunk(
  tx: EntityManager,
  meta: EntityMetadata<any>,
  chunk: RowChange<any>[],
  organization: number,
): Promise<number> {
  const mysql = isMySql(tx);
  const name = (column: string) => `\`${column}\``;
  const columns = columnsOf(meta).filter((prop) => chunk.some((change) => prop.name in change.after));
  // A column that only some of the rows change is accompanied by a flag that says which.
  const optional = columns.filter((prop) => !chunk.every((change) => prop.name in change.after));
  const guarded = chunk.some((change) => change.expected);
  if (guarded && !chunk.every((change) => change.expected))
    throw new Error('expect a revision of every row or of none');

  const heads = [
    'id',
    ...(guarded ? ['expected'] : []),
    ...columns.map((_, at) => `c${at}`),
    ...optional.map((_, at) => `f${at}`),
  ];
  const values: unknown[] = [];
  for (const change of chunk) {
    values.push(change.id);
    if (guarded) values.push(change.expected!.revision);
    for (const prop of columns) values.push(databaseValue(tx, prop, change.after[prop.name]));
    for (const prop of optional) values.push(prop.name in change.after ? 1 : 0);
  }
  const places = `(${heads.map(() => '?').join(',')})`;
  const list = chunk.map(() => (mysql ? `row${places}` : places)).join(',');
  const target = (column: string) => (mysql ? `t.${name(column)}` : name(column));
  const sets = columns.map((prop, at) => {
    const column = prop.fieldNames[0]!;
    const json = mysql && prop.columnTypes?.[0] === 'json';
    const next = json ? `cast(v.c${at} as json)` : `v.c${at}`;
    const flag = optional.indexOf(prop);
    return `${target(column)} = ${flag < 0 ? next : `case when v.f${flag} = 1 then ${next} else t.${name(column)} end`}`;
  });
  const updatedAt = meta.properties.updatedAt as EntityProperty<any> | undefined;
  if (updatedAt && !columns.includes(updatedAt)) {
    sets.push(`${target(updatedAt.fieldNames[0]!)} = ?`);
    values.push(databaseValue(tx, updatedAt, clock.now()));
  }
  values.push(organization);
  const matches = `t.id = v.id${guarded ? ' and t.revision = v.expected' : ''}`;
  const table = name(meta.tableName);
  const sql = mysql
    ? `with v (${heads.join(',')}) as (values ${list}) update ${table} t join v on ${matches} set ${sets.join(', ')} where t.organization_id = ?`
    : `with v (${heads.join(',')}) as (values ${list}) update ${table} as t set ${sets.join(', ')} from v where ${matches} and t.organization_id = ?`;
  const result = await (tx as SqlEntityManager).execute<{ affectedRows: number }>(sql, values as never[], 'run');
  return Number(result.affectedRows);
}
