import { type EntityManager, LockMode, OptimisticLockError } from '@mikro-orm/core';
import { findLocked } from '../platform/database/locked.js';
import { read } from '../platform/database/read.js';
import { type RowChange, type RowValues } from '../platform/ledger/audited-rows.js';
import { markedAmong } from './marks.js';
import { SessionSeries } from './session-series.entity.js';
import { Session } from './session.entity.js';

/** Which sessions of a series an act is about: the named one, it and those after it, or every one. */
export const SCOPES = ['this', 'following', 'all'] as const;
export type Scope = (typeof SCOPES)[number];

/** A series with its sessions in the order of their dates, all held until the commit. */
export interface LockedSeries {
  series: SessionSeries;
  /** The session that was named. */
  pivot: Session;
  earlier: Session[];
  inScope: Session[];
  /** Sessions for which somebody was marked. */
  marked: Set<number>;
}

/** @returns the series of a session, or null when it repeats nothing */
async function seriesOf(em: EntityManager, session: number): Promise<number | null> {
  const [row] = await read<{ series_id: number | null }>(
    em,
    `select series_id from sessions where organization_id = :organization and id = :session`,
    { session },
  );
  return row?.series_id ? Number(row.series_id) : null;
}

/** Locks the series first and its sessions then, so that two who change it wait for each other instead of deadlocking. */
export async function lockSeries(tx: EntityManager, session: number, scope: Scope): Promise<LockedSeries> {
  const seriesId = await seriesOf(tx, session);
  if (seriesId === null) throw new Error('this session repeats nothing');
  const series = await findLocked(tx, SessionSeries, seriesId);
  const all = await tx.find(
    Session,
    { seriesId },
    { lockMode: LockMode.PESSIMISTIC_WRITE, orderBy: { id: 'asc' }, refresh: true },
  );
  all.sort((a, b) => +dateOf(a) - +dateOf(b) || a.id - b.id);
  const pivot = all.find((each) => each.id === session);
  // Somebody cut the series in two meanwhile: once more from the beginning.
  if (!pivot) throw new OptimisticLockError('the session belongs to another series now');
  const from = scope === 'all' ? -Infinity : +dateOf(pivot);
  const inScope = all.filter((each) => +dateOf(each) >= from);
  const marked = await markedAmong(
    tx,
    inScope.map((each) => each.id),
  );
  return { series, pivot, earlier: all.filter((each) => +dateOf(each) < from), inScope, marked };
}

/** The date that the rule gave to a session, wherever it was moved since. */
export const dateOf = (session: Session): Date => session.occursAt ?? session.scheduledStartAt;

/** @returns whether nothing has happened in this session yet: nobody marked, started, completed or locked it */
export const isUntouched = (session: Session, marked: Set<number>): boolean =>
  (session.status === 'scheduled' || session.status === 'cancelled') &&
  !session.actualStartAt &&
  !session.lockedAt &&
  !session.registerCompletedAt &&
  !marked.has(session.id);

/** @returns the change of a row for `updateRows`, or null when it is so already */
export function changeOf(session: Session, wanted: RowValues<Session>): RowChange<Session> | null {
  const before: Record<string, unknown> = {};
  const after: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(wanted)) {
    const now = (session as unknown as Record<string, unknown>)[name] ?? null;
    if (same(now, value ?? null)) continue;
    before[name] = now;
    after[name] = value ?? null;
  }
  return Object.keys(after).length > 0 ? { id: session.id, before, after } : null;
}

function same(a: unknown, b: unknown): boolean {
  if (a instanceof Date && b instanceof Date) return +a === +b;
  return a === b || (typeof a === 'object' && typeof b === 'object' && JSON.stringify(a) === JSON.stringify(b));
}
