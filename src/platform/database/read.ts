import { type EntityManager } from '@mikro-orm/core';
import { type SqlEntityManager } from '@mikro-orm/sql';
import { askAside } from './aside.js';
import { isMySql, sqliteFile } from './dialect.js';

/** Values that a statement may be given. An array stands for a list in `in (:ids)`; it must not be empty. */
export type Parameters = Record<string, string | number | boolean | Date | null | (string | number)[]>;

const parsed = new Map<string, { text: string[]; names: string[] }>();

/**
 * The one place where SQL text is run for reading. Filters do not act on SQL text, so the statement itself must name
 * `:organization`, and its value is taken from the tenant filter of the EntityManager, never from the caller.
 * @param statement SELECT with named parameters (`:session`), the same for both databases; it must use `:organization`
 * @returns the rows as the driver gives them: times through `instant()`, flags through `Boolean()`, ids are numbers
 * @throws when the statement does not name the organization, or when none is set
 */
export async function read<Row>(em: EntityManager, statement: string, parameters: Parameters = {}): Promise<Row[]> {
  return runRead<Row>(em, statement, { ...parameters, organization: organizationOf(em) }, true);
}

/**
 * As `read`, for questions that may take a while: on SQLite they run on a thread of their own with a connection that only
 * reads, so that nobody who marks meanwhile waits for them. What is committed is seen at once; what the caller's own
 * transaction wrote is not, so inside a transaction this is `read` itself.
 */
export async function readAside<Row>(
  em: EntityManager,
  statement: string,
  parameters: Parameters = {},
): Promise<Row[]> {
  const file = em.isInTransaction() ? null : sqliteFile(em);
  if (file === null) return read<Row>(em, statement, parameters);
  const { sql, values } = compiled(em, statement, { ...parameters, organization: organizationOf(em) }, true);
  return askAside<Row>(file, sql, values);
}

function organizationOf(em: EntityManager): number {
  const organization = em.getFilterParams<{ organization?: unknown }>('tenant')?.organization;
  if (!Number.isSafeInteger(organization)) throw new Error('no organization is set for this query');
  return organization as number;
}

/**
 * As `read`, for the few questions that are asked before anybody is signed in (whose session is this? who has this
 * address?). Used by auth alone; the walls say so.
 */
export async function readAcrossOrganizations<Row>(
  em: EntityManager,
  statement: string,
  parameters: Parameters = {},
): Promise<Row[]> {
  return runRead<Row>(em, statement, parameters, false);
}

async function runRead<Row>(em: EntityManager, statement: string, parameters: Parameters, tenant: boolean) {
  const { sql, values } = compiled(em, statement, parameters, tenant);
  return (em as SqlEntityManager).execute<Row[]>(sql, values as never[], 'all');
}

/** A statement as the database takes it: places instead of names, and their values. */
function compiled(em: EntityManager, statement: string, parameters: Parameters, tenant: boolean) {
  let parts = parsed.get(statement);
  if (!parts) {
    const text = statement.split(/:[a-z_]+/i);
    const names = [...statement.matchAll(/:([a-z_]+)/gi)].map((match) => match[1]!);
    if (!/^\s*(select|with)\b/i.test(statement)) throw new Error('read() runs SELECT statements only');
    parts = { text, names };
    parsed.set(statement, parts);
  }
  // Asked each time: the same text may have come across organizations before.
  if (tenant && !parts.names.includes('organization')) throw new Error('a tenant statement must name :organization');
  let sql = parts.text[0]!;
  const values: unknown[] = [];
  parts.names.forEach((name, at) => {
    const value = parameters[name];
    if (value === undefined) throw new Error(`the statement has no value for :${name}`);
    if (Array.isArray(value)) {
      if (value.length === 0) throw new Error(`the list :${name} is empty`);
      sql += value.map(() => '?').join(',');
      values.push(...value);
    } else {
      sql += '?';
      values.push(bound(em, value));
    }
    sql += parts.text[at + 1];
  });
  return { sql, values };
}

/** A JavaScript value as this database binds it. */
export function bound(em: EntityManager, value: string | number | boolean | Date | null): unknown {
  if (value instanceof Date) return em.getPlatform().processDateProperty(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  return value;
}

/** @returns the instant that a raw column holds (epoch ms on SQLite, UTC text on MySQL) */
export function instant(value: number | string | Date): Date;
export function instant(value: number | string | Date | null): Date | null;
export function instant(value: number | string | Date | null): Date | null {
  if (value === null || value instanceof Date) return value;
  if (typeof value === 'number') return new Date(value);
  return new Date(value.includes('T') ? value : `${value.replace(' ', 'T')}Z`);
}

/**
 * The end of a SELECT whose rows are about to be changed: nobody else changes them before the commit. SQLite needs no
 * such words, a writing transaction is alone there.
 * @param alias of the table that is locked
 */
export function lockingRows(em: EntityManager, alias: string, kind: 'update' | 'share' = 'update'): string {
  return isMySql(em) ? `for ${kind} of ${alias}` : '';
}
