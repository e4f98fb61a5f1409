import { setImmediate } from 'node:timers/promises';
import { type Logger } from '@nestjs/common';
import { type EntityManager } from '@mikro-orm/core';
import { signedInUser } from '../../auth/index.js';
import { read } from '../../platform/database/read.js';
import { judgeAgain } from './judge-again.js';

/** One arrival wakes at most so many; the sweep looks after the rest. */
const MOST = 500;

/**
 * Case 8: judges what waited for these operations, and what waited for that in turn. What fails stays parked: the sweep
 * (judge-parked.job.ts) tries it again.
 */
export async function judgeWaiting(em: EntityManager, opIds: string[], logger: Logger): Promise<void> {
  let judged = 0;
  for (let bases = opIds; bases.length > 0;) {
    const waiting = await read<{ op_id: string; author_id: number }>(
      em,
      `select op_id, author_id from presence_operations
        where organization_id = :organization and waits_for in (:bases) and outcome = 'parked' and settlement is null
        order by seq, id limit ${MOST}`,
      { bases },
    );
    bases = [];
    for (const { op_id, author_id } of waiting) {
      if (judged++ >= MOST) return;
      // Other people's requests take their turn.
      await setImmediate();
      try {
        const result = await judgeAgain(em, op_id, await signedInUser(em, Number(author_id)), null);
        if (result) bases.push(op_id);
      } catch (error) {
        logger.error(`the waiting operation ${op_id} could not be judged`, (error as Error)?.stack);
      }
    }
  }
}
