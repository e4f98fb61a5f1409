import { setImmediate } from 'node:timers/promises';
import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { signedInUser } from '../../auth/index.js';
import { read } from '../../platform/database/read.js';
import { type OpResult } from '../wire.js';
import { judgeAgain } from './judge-again.js';

/**
 * Judges the parked operations of one delivery again, with the rights that their authors have now: what lost its reason
 * to wait counts, everything else stays parked.
 * @returns what changed
 */
export class RetryDelivery implements ICommand {
  constructor(readonly delivery: number) {}
}

@CommandHandler(RetryDelivery)
export class RetryDeliveryHandler implements ICommandHandler<RetryDelivery, OpResult[]> {
  constructor(private readonly em: EntityManager) {}

  async execute({ delivery }: RetryDelivery): Promise<OpResult[]> {
    const rows = await read<{ op_id: string; author_id: number }>(
      this.em,
      `select op_id, author_id from presence_operations
        where organization_id = :organization and sync_history_id = :delivery and outcome = 'parked' and settlement is null
        order by seq, id`,
      { delivery },
    );
    const changed: OpResult[] = [];
    for (const { op_id, author_id } of rows) {
      await setImmediate();
      const result = await judgeAgain(this.em, op_id, await signedInUser(this.em, Number(author_id)), null);
      if (result) changed.push(result);
    }
    return changed;
  }
}
