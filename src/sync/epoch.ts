import { randomUUID } from 'node:crypto';
import { type EntityManager } from '@mikro-orm/core';
import { clock } from '../platform/clock.js';
import { transact } from '../platform/database/transaction.js';
import { Installation } from './installation.entity.js';

const ONLY = 1;
/** The first epoch of an installation began with it: nothing was restored. */
const NEVER = new Date(0);

/** @returns the epoch of this installation; made at the first question */
export async function epochOf(em: EntityManager): Promise<string> {
  const known = await em.findOne(Installation, { id: ONLY }, { filters: false });
  if (known) return known.epoch;
  return transact(em, 'sync.epoch_begun', async (tx) => {
    const made = await tx.findOne(Installation, { id: ONLY }, { filters: false });
    if (made) return made.epoch;
    const row = tx.create(Installation, { id: ONLY, epoch: randomUUID(), changedAt: NEVER });
    await tx.flush();
    return row.epoch;
  });
}

/** @returns when an operator told that a backup was restored, the last time; null when none ever was */
export async function restoredAt(em: EntityManager): Promise<Date | null> {
  const known = await em.findOne(Installation, { id: ONLY }, { filters: false });
  return known && known.changedAt > NEVER ? known.changedAt : null;
}

/**
 * After a backup was restored: every device that comes offers again what was acknowledged in the last 30 days. Each
 * operation's id makes that harmless.
 * @returns the new epoch
 */
export async function beginEpoch(em: EntityManager): Promise<string> {
  await epochOf(em);
  return transact(em, 'sync.epoch_begun', async (tx) => {
    const row = await tx.findOneOrFail(Installation, { id: ONLY }, { filters: false });
    row.epoch = randomUUID();
    row.changedAt = clock.now();
    await tx.flush();
    return row.epoch;
  });
}
