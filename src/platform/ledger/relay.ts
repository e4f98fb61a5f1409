import { Inject, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { type EntityManager, LockMode, MikroORM } from '@mikro-orm/core';
import { clock } from '../clock.js';
import { inOrganization } from '../database/in-organization.js';
import { type Orm } from '../database/orm.js';
import { readAcrossOrganizations } from '../database/read.js';
import { transact } from '../database/transaction.js';
import { forEachInTurn, OneRun } from '../one-run.js';
import { Outbox } from './outbox.entity.js';
import { react } from './outbox.js';

const EVERY_MS = 1_000;
/** Facts of one transaction. */
const AT_ONCE = 100;
/** Organizations of one round. */
const ORGANIZATIONS = 50;
/** The pause after a reaction that failed: doubled each time, at most an hour. Milliseconds. */
const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 3_600_000;

/**
 * Hands facts on after their commit. A fact leaves the outbox in the transaction in which its reactions wrote what
 * follows, so it is neither lost nor doubled, on however many nodes this runs: rows that one holds, another passes over
 * or waits for.
 */
@Injectable()
export class Relay {
  private readonly logger = new Logger('relay');
  private readonly runs = new OneRun(this.logger, 'facts could not be handed on');

  constructor(@Inject(MikroORM) private readonly orm: Orm) {}

  @Interval(EVERY_MS)
  run(): Promise<void> {
    return this.runs.of(async () => {
      while ((await this.round()) >= AT_ONCE);
    });
  }

  /** @returns how many facts left */
  async round(): Promise<number> {
    const em = this.orm.em.fork({ disableContextResolution: true });
    const waiting = await readAcrossOrganizations<{ organization_id: number }>(
      em,
      `select distinct organization_id from outbox where next_attempt_at <= :now limit ${ORGANIZATIONS}`,
      { now: clock.now() },
    );
    return forEachInTurn(waiting, (row) => this.relay(Number(row.organization_id)));
  }

  private relay(organizationId: number): Promise<number> {
    return inOrganization(this.orm, { organizationId, source: 'cli' }, async (em) => {
      try {
        return await handOn(em, AT_ONCE);
      } catch (error) {
        this.logger.error('a reaction failed', (error as Error)?.stack);
      }
      // One of them cannot be handed on now. It alone waits; the others go, each by itself.
      let sum = 0;
      for (let at = 0; at < AT_ONCE; at++)
        try {
          const left = await handOn(em, 1);
          if (left === 0) break;
          sum += left;
        } catch {
          await postponeFirst(em);
        }
      return sum;
    });
  }
}

const due = () => ({ nextAttemptAt: { $lte: clock.now() } });

/** @returns how many facts left; what one reaction threw, when none did */
function handOn(em: EntityManager, most: number): Promise<number> {
  return transact(em, 'outbox.relayed', async (tx) => {
    const facts = await tx.find(Outbox, due(), {
      orderBy: { id: 'asc' },
      limit: most,
      lockMode: LockMode.PESSIMISTIC_WRITE,
    });
    for (const fact of facts) {
      await react(tx, fact);
      tx.remove(fact);
    }
    await tx.flush();
    return facts.length;
  });
}

/** What could not be done is tried again later. */
async function postponeFirst(em: EntityManager): Promise<void> {
  await transact(em, 'outbox.postponed', async (tx) => {
    const [fact] = await tx.find(Outbox, due(), {
      orderBy: { id: 'asc' },
      limit: 1,
      lockMode: LockMode.PESSIMISTIC_WRITE,
    });
    if (!fact) return;
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** fact.attempts, LONGEST_PAUSE_MS);
    fact.attempts++;
    fact.nextAttemptAt = new Date(clock.now().getTime() + pause);
    await tx.flush();
  });
}
