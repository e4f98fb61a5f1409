import { type EntityManager } from '@mikro-orm/core';
import { type SignedInUser } from '../auth/index.js';
import { clock } from '../platform/clock.js';
import { withCurrent, type Source } from '../platform/current.js';
import { inOrganization } from '../platform/database/in-organization.js';
import { type Orm } from '../platform/database/orm.js';
import { transact } from '../platform/database/transaction.js';
import { nameFact } from '../platform/ledger/ledger.js';

/** Something that somebody did at some time. */
export interface Moment {
  at: Date;
  /** Null: the command line. */
  by: SignedInUser | null;
  source: Source;
  /** The fact that its audit rows carry. */
  fact: string;
  requestId?: string;
  /** Everything random is decided before: the work only writes. */
  work: (tx: EntityManager) => Promise<void>;
}

/** So many moments are one transaction: the rows are the same, and the disk is asked less often. */
const TOGETHER = 50;

/**
 * The history of one organization: planned in any order, then played in the order of time, each moment with the clock
 * at its own time and with its own author. What lies in the future is not played, so whatever is planned for today is
 * just as far as it would be now.
 */
export class Timeline {
  readonly #moments: Moment[] = [];

  add(moment: Moment): void {
    this.#moments.push(moment);
  }

  async play(orm: Orm, organizationId: number, until: Date): Promise<void> {
    const due = this.#moments.filter((moment) => moment.at <= until).sort((a, b) => a.at.getTime() - b.at.getTime());
    for (let at = 0; at < due.length; at += TOGETHER)
      await playTogether(orm, organizationId, due.slice(at, at + TOGETHER));
  }
}

/** Plays moments in one transaction, the clock at the time of each. */
export async function playTogether(orm: Orm, organizationId: number, moments: Moment[]): Promise<void> {
  const { now } = clock;
  try {
    await inOrganization(orm, { organizationId, source: 'cli' }, (em) =>
      transact(em, moments[0]!.fact, async (tx) => {
        for (const { at, by, source, fact, requestId, work } of moments) {
          clock.now = () => at;
          nameFact(tx, fact);
          const who = { organizationId, userId: by?.id ?? null, source, requestId: requestId ?? null };
          await withCurrent(who, () => work(tx));
        }
      }),
    );
  } finally {
    clock.now = now;
  }
}
