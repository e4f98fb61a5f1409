import { type Mark } from './mark.js';

/** The cell as it stands, or null while nobody ever marked it (revision 0). */
export interface Cell {
  revision: number;
  state: string | null;
  note: string | null;
  reason: string | null;
  arrivedAt: Date | null;
  leftAt: Date | null;
}

/** Everything that the judge may know. Gathered by the door's use case; the judge itself asks nothing. */
export interface Facts {
  /** SHA-256 of what this operation asks. */
  hash: string;
  /** The receipt of the same op_id, if one was kept. */
  receipt: { hash: string } | null;
  target: 'live' | 'unknown' | 'erased';
  mayRecord: boolean;
  /** Whether this user may change this cell after the lock. */
  mayCorrect: boolean;
  session: { status: string; lockedAt?: Date | null };
  /** A member on the session's local day, or somebody who has a cell there. */
  onRoster: boolean;
  /** Whether the asked state exists and is in use (null as the asked state always is). */
  stateKnown: boolean;
  cell: Cell | null;
  /** When it was observed: now for somebody at the page, the corrected capture time of a device. */
  observedAt: Date;
}

/** The words of the sync protocol: every door uses them, and translates them into its own answer. */
export type Code =
  | 'id_reuse'
  | 'unknown_target'
  | 'erased'
  | 'not_authorized'
  | 'session_deleted'
  | 'session_locked'
  | 'reason_required'
  | 'participant_removed'
  | 'state_unknown';

export type Judgement =
  | { outcome: 'applied' }
  | { outcome: 'duplicate' }
  /**
   * The cell has that state already, and nothing changes. `second`: what was seen was older, and the operation brings
   * another note, reason or time; it is a second observation, and a person who waits is asked instead (stale).
   */
  | { outcome: 'merged'; second: boolean }
  /** Somebody else changed the cell since, to something else. */
  | { outcome: 'conflict' }
  | { outcome: 'parked' | 'rejected'; code: Code };

/**
 * The one judge of every door: the case table of the sync protocol as a pure function. The order of the questions is
 * the table's precedence. Conflicts are decided by the revision that the person saw, never by clocks.
 */
export function judgeOperation(mark: Mark, facts: Facts): Judgement {
  // 2, 3: what is known is answered as it was, even if rights have changed since.
  if (facts.receipt)
    return facts.receipt.hash === facts.hash ? { outcome: 'duplicate' } : { outcome: 'parked', code: 'id_reuse' };
  // 19, 15
  if (facts.target === 'unknown') return { outcome: 'rejected', code: 'unknown_target' };
  if (facts.target === 'erased') return { outcome: 'rejected', code: 'erased' };
  // 16
  if (!facts.mayRecord) return { outcome: 'parked', code: 'not_authorized' };
  // 12, then 10 and 11: a wrong request is told before a right one that comes too late (422 before 409).
  if (!facts.onRoster) return { outcome: 'parked', code: 'participant_removed' };
  if (!facts.stateKnown) return { outcome: 'parked', code: 'state_unknown' };
  if (facts.session.status === 'cancelled') return { outcome: 'parked', code: 'session_deleted' };
  if (facts.session.lockedAt && facts.observedAt >= facts.session.lockedAt) {
    if (!facts.mayCorrect) return { outcome: 'parked', code: 'session_locked' };
    if (!mark.reason) return { outcome: 'parked', code: 'reason_required' };
  }

  const revision = facts.cell?.revision ?? 0;
  const sameState = mark.state === undefined || (facts.cell?.state ?? null) === mark.state;
  const changes = changesDetail(mark, facts.cell);
  // 26 and 4-7: what was seen is not what is there.
  if (mark.base !== null && mark.base !== revision)
    return sameState ? { outcome: 'merged', second: changes } : { outcome: 'conflict' };
  // 1
  return sameState && !changes ? { outcome: 'merged', second: false } : { outcome: 'applied' };
}

/** Whether anything beside the state would change. */
function changesDetail(mark: Mark, cell: Cell | null): boolean {
  const differs = (asked: Date | null | undefined, now: Date | null | undefined) =>
    asked !== undefined && (asked?.getTime() ?? null) !== (now?.getTime() ?? null);
  return (
    (mark.note !== undefined && mark.note !== (cell?.note ?? null)) ||
    (!!mark.reason && mark.reason !== (cell?.reason ?? null)) ||
    differs(mark.arrivedAt, cell?.arrivedAt) ||
    differs(mark.leftAt, cell?.leftAt)
  );
}
