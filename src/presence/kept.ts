import { type Source } from '../platform/current.js';
import { type Session } from '../sessions/index.js';
import { type Judgement } from './judge-operation.js';
import { type Mark } from './mark.js';
import { type PresenceOperation } from './presence-operation.entity.js';
import { type RecordJson } from './record-json.js';
import { type RosterOf } from './roster.js';
import { type State } from './states.query.js';

/** The circumstances of marks that come in together. */
export interface Act {
  /** Read in this transaction, so that it can neither be cancelled nor locked before the commit. */
  session: Session;
  roster: RosterOf;
  states: State[];
  author: { id: number; name: string };
  mayRecord: boolean;
  /** Whether the author may change this cell after the lock. */
  mayCorrect: (cell: RecordJson | null) => boolean;
  source: Source;
  deviceId: string | null;
  batchId: string | null;
  flags?: string;
  /** The delivery of a device (sync_history). */
  delivery?: number | null;
  /**
   * Nobody waits for the answer: what clashes becomes a candidate, and what cannot be applied is parked with its reason,
   * instead of being told and forgotten.
   */
  keepsEverything?: boolean;
  /** Handed in by somebody else than the author: parked, whatever it says. */
  foreign?: boolean;
  /** When this server was restored from a backup last: revision numbers from before may have been given out again. */
  restoredAt?: Date | null;
  /** A person decided that this parked operation shall count: roster and rights are no question any more. */
  adopting?: boolean;
  /**
   * These operations had no receipt, and their people were merged into nobody, when that was asked for the whole batch.
   * Whoever changed that since makes this one clash: transact() begins again, and then it is asked for.
   */
  isNew?: boolean;
  /** Nobody reacts to marks: it was asked just now. */
  untold?: boolean;
  /** The receipt of a parked operation that is judged again: it is changed, and no second one is written. */
  replaces?: Replaced;
}

export interface Kept {
  mark: Mark;
  judgement: Judgement;
  /** The record after this operation; for a duplicate as it was answered first; null while there is none. */
  record: RecordJson | null;
  /** Whether this operation made the cell (then, for a duplicate too, the answer is 201). */
  created: boolean;
  /** The conflict that it opened or joined. */
  conflict?: number;
}

/** A parked operation that is judged again. */
export interface Replaced {
  receipt: PresenceOperation;
  /** How it leaves the parked lane, unless it parks again or becomes a candidate. */
  settlement: 'adopted' | 'judged_again';
  /** Who decided, and why; null when what it lacked arrived. */
  adopter: number | null;
  reason: string | null;
}
