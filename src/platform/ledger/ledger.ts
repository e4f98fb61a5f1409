import { type EntityManager, type EntityMetadata, type EntityProperty } from '@mikro-orm/core';
import { clock } from '../clock.js';
import { current } from '../current.js';
import { insertMany } from '../database/insert-many.js';
import { canonicalJson, sha256 } from '../text.js';
import { AuditLog } from './audit-log.entity.js';

/** Values of a row keyed by column name, as they are written into the audit (JSON types; times as ISO text). */
export type Values = Record<string, unknown>;

/** What happened to one row. `opId` names the operation that asked for it, where there is one. */
export interface Change {
  table: string;
  recordId: number;
  organizationId: number;
  action: 'create' | 'update' | 'delete';
  before: Values | null;
  after: Values | null;
  opId?: string | null;
}

/** Tables whose rows are themselves a memory or a cache, and not part of the domain. */
const UNAUDITED = new Set([
  'audit_logs',
  'login_sessions',
  'sign_in_failures',
  'presence_operations',
  'imports',
  'import_rows',
  'exports',
  'report_schedule_runs',
  'installations',
  'sync_clients',
  'sync_history',
  'outbox',
  'webhook_deliveries',
  'import_mappings',
  // Known by its content; the audit of the participant says which one is his.
  'participant_photos',
  // What a search looks into: follows from the participants.
  'participant_search_blocks',
  // What reports add up: follows from the sessions and their marks.
  'session_days',
  'tally_changes',
  'group_tallies',
  'participant_tallies',
]);
/** Columns that say nothing beyond the audit row itself, or nothing that may be read. */
const UNRECORDED = new Set([
  'id',
  'organization_id',
  'created_at',
  'updated_at',
  'last_used_at',
  'next_run_at',
  'search_text',
  'sort_name',
  // A picture: its digest stands beside it.
  'content',
]);
const SECRET = new Set(['password_hash', 'token_hash', 'code_hash', 'totp_secret', 'totp_last_step', 'secret']);

/** @returns whether changes of this table belong into the audit */
export function isAudited(table: string): boolean {
  return !UNAUDITED.has(table);
}

/** @returns whether a column's value is written into the audit */
export function isRecorded(column: string): boolean {
  return !UNRECORDED.has(column);
}

/** The value as it stands in the audit: JSON types only, the same on every database. */
export function auditValue(column: string, value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (SECRET.has(column)) return '(hidden)';
  if (value instanceof Date) return value.toISOString();
  return value;
}

/**
 * Turns entity property values into audit values.
 * @param row property name -> value (JavaScript values); properties that are absent stay absent
 */
export function valuesOf(meta: EntityMetadata<any>, row: Record<string, unknown>): Values {
  const values: Values = {};
  for (const prop of meta.props as EntityProperty<any>[]) {
    const column = prop.fieldNames?.[0];
    if (!column || prop.persist === false || !(prop.name in row) || !isRecorded(column)) continue;
    values[column] = auditValue(column, row[prop.name]);
  }
  return values;
}

const facts = new WeakMap<object, string>();

/** Names what a transaction does ("presence.corrected"); every audit row written in it carries the name. */
export function nameFact(em: EntityManager, fact: string): void {
  facts.set(em, fact);
}

type Follower = (em: EntityManager, changes: Change[]) => Promise<void>;
const followers = new Map<string, Follower>();

/**
 * Something that is derived from a table is renewed with each of its changes, in the same transaction. It is told what
 * the audit is told, so no door can forget it. It writes only unaudited rows.
 */
export function whenRecorded(table: string, follow: Follower): void {
  followers.set(table, follow);
}

/** @returns the name of what a transaction does @throws when it was not named */
export function factOf(em: EntityManager): string {
  const fact = facts.get(em);
  if (!fact) throw new Error('a change without a named fact: use transact()');
  return fact;
}

/**
 * Writes audit rows, inside the transaction of the change itself.
 * @throws when no transaction is open: an audit row that could outlive an aborted change is worse than none
 */
export async function record(em: EntityManager, changes: Change[]): Promise<void> {
  if (changes.length === 0) return;
  if (!em.isInTransaction()) throw new Error('audit rows are written inside the transaction of the change');
  const who = current();
  const fact = factOf(em);
  const changedAt = clock.now();
  const rows = changes.map((change) => {
    const oldValues = change.before ? canonicalJson(change.before) : null;
    const newValues = change.after ? canonicalJson(change.after) : null;
    const row = {
      organization: change.organizationId,
      tableName: change.table,
      recordId: change.recordId,
      action: change.action,
      fact,
      changedBy: who.userId,
      oldValues,
      newValues,
      oldDigest: oldValues === null ? null : sha256(oldValues),
      newDigest: newValues === null ? null : sha256(newValues),
      changedAt,
      source: who.source,
      sourceDevice: who.sourceDevice,
      requestId: who.requestId,
      opId: change.opId ?? null,
    };
    return { ...row, digest: auditDigest(row) };
  });
  const meta = em.getMetadata().get(AuditLog);
  for (let at = 0; at < rows.length; at += 500) await insertMany(em, meta, rows.slice(at, at + 500));
  for (const [table, follow] of followers) {
    const followed = changes.filter((change) => change.table === table);
    if (followed.length > 0) await follow(em, followed);
  }
}

/** What the digest covers: the fixed columns and the digests of the values, never the values themselves. */
export type DigestedColumns = Pick<
  AuditLog,
  | 'organization'
  | 'tableName'
  | 'recordId'
  | 'action'
  | 'fact'
  | 'changedBy'
  | 'oldDigest'
  | 'newDigest'
  | 'changedAt'
  | 'source'
  | 'sourceDevice'
  | 'requestId'
  | 'opId'
>;

/** @returns SHA-256 (hex) over the fixed columns of an audit row, in the order given here */
export function auditDigest(row: DigestedColumns): string {
  return sha256(
    JSON.stringify([
      row.organization,
      row.tableName,
      row.recordId,
      row.action,
      row.fact,
      row.changedBy ?? null,
      row.oldDigest ?? null,
      row.newDigest ?? null,
      row.changedAt.toISOString(),
      row.source,
      row.sourceDevice ?? null,
      row.requestId ?? null,
      row.opId ?? null,
    ]),
  );
}
