import { type CommandBus } from '@nestjs/cqrs';
import { type EntityManager } from '@mikro-orm/core';
import { type SignedInUser } from '../../auth/index.js';
import { problemOf } from '../../platform/http/problem.filter.js';
import { notFound } from '../../platform/http/problem.js';
import { AdoptParked } from '../parked/adopt-parked.js';
import { DiscardParked } from '../parked/discard-parked.js';
import { type OpResult } from '../wire.js';
import { staleParked } from './desk.problems.js';
import { parkedByOp } from './parked.query.js';

/**
 * Adopts or discards one parked operation. What was settled before, or just now by somebody else, is told as `stale`.
 * @returns what an adopted one came to; null for a discarded one
 * @throws Problem 404, 409 stale and what AdoptParked says
 */
export async function settleParked(
  bus: CommandBus,
  em: EntityManager,
  asked: { opId: string; act: 'adopt' | 'discard'; reason: string },
  by: SignedInUser,
): Promise<OpResult | null> {
  const parked = await parkedByOp(em, asked.opId);
  if (!parked) throw notFound();
  if (parked.status !== 'waiting') throw staleParked();
  try {
    if (asked.act === 'adopt')
      return await bus.execute<AdoptParked, OpResult>(new AdoptParked(asked.opId, asked.reason, by));
    await bus.execute(new DiscardParked(asked.opId, asked.reason, by));
    return null;
  } catch (error) {
    // It was there a moment ago: somebody else's adoption has changed what it is.
    if (problemOf(error).status === 404) throw staleParked();
    throw error;
  }
}
