import { type Mark } from './mark.js';

/** The cell as it stands, or null while nobody ever marked it (revision 0). */
export interface Cell {
  revision: number;
  state: string | null;
  note: string | null;
  reason: string | null;
  arrivedAt: Date | null;
  leftAt: Date | null;
  /** When the server was told of the mark in force. */
  receivedAt: Date;
}

/** What an operation is based on, as the receipts tell it. */
export type Base =
  /** Whatever is there now. */
  | { kind: 'any' }
  /** The revision that the person saw, or that his own earlier operation made. */
  | { kind: 'revision'; revision: number }
  /** His own earlier operation, which has not arrived; `never`: what has that id can never be his base. */
  | { kind: 'missing'; never?: boolean }
  /** His own earlier operation, which clashed: whatever is there now, he has not seen it. */
  | { kind: 'concurrent' }
  /** His own earlier operation, which waits for a person. */
  | { kind: 'parked'; code: Code };

/** Everything that the judge may know. Gathered by the door's use case; the judge itself asks nothing. */
export interface Facts {
  /** Whether the op_id came before, and then whether it was the same operation: the same content by the same author. */
  known: 'same' | 'other' | null;
  target: 'live' | 'unknown' | 'erased';
  /** Since a backup was restored the number of the session or of the person means another one. */
  isAnother?: boolean;
  mayRecord: boolean;
  /** Handed in by somebody else than its author: always for a person to decide. */
  foreign?: boolean;
  /** Whether this user may change this cell after the lock. */
  mayCorrect: boolean;
  session: { status: string; lockedAt?: Date | null };
  /** A member on the session's local day, or somebody who has a cell there. */
  onRoster: boolean;
  /** Not on the roster, but on that of another session at the same time. */
  moved?: boolean;
  /** Whether the asked state exists and is in use (null as the asked state always is). */
  stateKnown: boolean;
  cell: Cell | null;
  base: Base;
  /** When it was observed: now for somebody at the page, the corrected capture time of a device. */
  observedAt: Date;
}

/** The words of the sync protocol: every door uses them, and translates them into its own answer. */
export type Code =
  | 'id_reuse'
  | 'unknown_target'
  | 'erased'
  | 'not_authorized'
  | 'foreign_author'
  | 'session_deleted'
  | 'restored'
  | 'session_locked'
  | 'reason_required'
  | 'participant_removed'
  | 'participant_moved'
  | 'state_unknown'
  | 'missing_base'
  | 'identifier_taken'
  | 'invalid';

export type Judgement =
  /** `late`: captured before the session was locked, arrived after it. */
  | { outcome: 'applied'; late?: boolean }
  | { outcome: 'duplicate' }
  /**
   * The cell has that state already, and nothing changes. `second`: what was seen was older, and the operation brings
   * another note, reason or time; it is a second observation, and a person who waits is asked instead (stale).
   */
  | { outcome: 'merged'; second: boolean; late?: boolean; behind?: boolean }
  /** Somebody else changed the cell since, to something else. `behind`: the device knows more than the server. */
  | { outcome: 'conflict'; late?: boolean; behind?: boolean }
  /** `waits`: only because of the operation that it is based on. */
  | { outcome: 'parked' | 'rejected'; code: Code; waits?: boolean };

/**
 * The one judge of every door: the case table of the sync protocol as a pure function. The order of the questions is
 * the table's precedence. Conflicts are decided by the revision that the person saw, never by clocks.
 */
export function judgeOperation(mark: Mark, facts: Facts): Judgement {
  // 2, 3: what is known is answered as it was, even if rights have changed since.
  if (facts.known) return facts.known === 'same' ? { outcome: 'duplicate' } : { outcome: 'parked', code: 'id_reuse' };
  // 19, 15
  if (facts.target === 'unknown') return { outcome: 'rejected', code: 'unknown_target' };
  if (facts.target === 'erased') return { outcome: 'rejected', code: 'erased' };
  // What was lost with a restore is gone, whoever has its number now: before anything else would name that one.
  if (facts.isAnother) return { outcome: 'parked', code: 'restored' };
  // 16, 17
  if (facts.foreign) return { outcome: 'parked', code: 'foreign_author' };
  if (!facts.mayRecord) return { outcome: 'parked', code: 'not_authorized' };
  // 12 and 14, then 10 and 11: a wrong request is told before a right one that comes too late (422 before 409).
  if (!facts.onRoster) return { outcome: 'parked', code: facts.moved ? 'participant_moved' : 'participant_removed' };
  if (!facts.stateKnown) return { outcome: 'parked', code: 'state_unknown' };
  if (facts.session.status === 'cancelled') return { outcome: 'parked', code: 'session_deleted' };
  const { lockedAt } = facts.session;
  // Whoever stands on a mark that was made after the lock has seen it, whatever his clock says of the time.
  const sawTheLock =
    !!lockedAt &&
    facts.base.kind === 'revision' &&
    facts.base.revision === facts.cell?.revision &&
    facts.cell.receivedAt > lockedAt;
  const late = !!lockedAt && facts.observedAt < lockedAt && !sawTheLock;
  if (lockedAt && !late) {
    if (!facts.mayCorrect) return { outcome: 'parked', code: 'session_locked' };
    if (!mark.reason) return { outcome: 'parked', code: 'reason_required' };
  }
  // 8, 9
  const { base } = facts;
  if (base.kind === 'missing') return { outcome: 'parked', code: 'missing_base', waits: !base.never };
  if (base.kind === 'parked') return { outcome: 'parked', code: base.code, waits: true };

  const revision = facts.cell?.revision ?? 0;
  const sameState = mark.state === undefined || (facts.cell?.state ?? null) === mark.state;
  const changes = changesDetail(mark, facts.cell);
  const told = late ? { late } : {};
  // 26, 4-7 and 25: what was seen is not what is there.
  if (base.kind === 'concurrent' || (base.kind === 'revision' && base.revision !== revision)) {
    const behind = base.kind === 'revision' && base.revision > revision ? { behind: true } : {};
    return sameState
      ? { outcome: 'merged', second: changes, ...told, ...behind }
      : { outcome: 'conflict', ...told, ...behind };
  }
  // 1
  return sameState && !changes ? { outcome: 'merged', second: false, ...told } : { outcome: 'applied', ...told };
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
