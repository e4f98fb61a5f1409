import { type SignedInUser } from '../auth/index.js';
import { type State } from '../presence/index.js';
import { type Flag } from './wire.js';

/** How an operation came. */
export interface Delivery {
  /** Who brings it, with his rights. */
  by: SignedInUser;
  author: { id: number; name: string };
  /** Brought by somebody else than the author: everything is parked. */
  onBehalf: boolean;
  clientId: string;
  sentAt: Date;
  receivedAt: Date;
  /** When this server was restored from a backup last. */
  restoredAt: Date | null;
  /** The row of sync_history. */
  id: number;
  /** Seqs of this client that other operations have already. */
  reusedSeqs: Map<string, Flag[]>;
}

/** What is asked once for all operations that came together. */
export interface Batch extends Delivery {
  /** The states as they were when the delivery came: what it brings is judged by them. */
  states: State[];
  /** Nobody reacts to marks. */
  untold: boolean;
  /** Operations that had no receipt then. */
  unheard: Set<string>;
  /** Participants who were merged into nobody. */
  unmerged: Set<number>;
}
