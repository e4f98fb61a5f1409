import { type EntityManager } from '@mikro-orm/core';
import { statesOf, type Choice } from '../../presence/index.js';
import { conflictsById, type Conflict } from './conflicts.query.js';
import { type Version } from './versions.query.js';

/** What one conflict would become. */
export interface Preview {
  id: number;
  ok: boolean;
  code?: 'not_found' | 'stale' | 'state_unknown';
  /** The mark in force, and the one that would be; null: no mark. Absent when it cannot be done. */
  before?: string | null;
  after?: string | null;
  /** Whose mark then counts; absent for a value that nobody said, and for a mark that is taken away. */
  counts?: Version;
  /** What was said by somebody and does not count then. */
  putAside?: Version[];
  conflict?: Conflict;
}

/** The newest candidate that still waits. */
export const newestCandidate = (conflict: Conflict): Version | undefined =>
  conflict.versions.findLast(({ side, status }) => side === 'device' && status === 'open');

/** What one choice would make of each of these conflicts. Changes nothing. */
export async function previewOf(
  em: EntityManager,
  ids: number[],
  asked: { choice: Choice; presence_state?: string | undefined },
): Promise<Preview[]> {
  const once = [...new Set(ids)];
  const found = new Map((await conflictsById(em, once)).map((conflict) => [conflict.id, conflict]));
  const inUse = new Set((await statesOf(em)).filter(({ is_active }) => is_active).map(({ code }) => code));
  return once.map((id): Preview => {
    const conflict = found.get(id);
    if (!conflict) return { id, ok: false, code: 'not_found' };
    if (conflict.status !== 'open') return { id, ok: false, code: 'stale', conflict };
    const before = conflict.versions[0]!.state;
    const after = afterOf(conflict, asked);
    // A candidate's state may have been retired since: it was in use when it was chosen.
    if (after !== null && after !== before && asked.choice === 'other' && !inUse.has(after))
      return { id, ok: false, code: 'state_unknown', conflict };
    const counts = countsOf(conflict, asked.choice);
    const putAside = conflict.versions.filter(
      (each) =>
        each !== counts && each.user && each.state !== after && (each.side === 'server' || each.status === 'open'),
    );
    return { id, ok: true, before, after, ...(counts ? { counts } : {}), putAside, conflict };
  });
}

function countsOf(conflict: Conflict, choice: Choice): Version | undefined {
  if (choice === 'server') return conflict.versions[0];
  return choice === 'device' ? newestCandidate(conflict) : undefined;
}

function afterOf(conflict: Conflict, asked: { choice: Choice; presence_state?: string | undefined }): string | null {
  if (asked.choice === 'server') return conflict.versions[0]!.state;
  if (asked.choice === 'device') return newestCandidate(conflict)?.state ?? null;
  return asked.choice === 'other' ? (asked.presence_state ?? null) : null;
}
