import { Logger } from '@nestjs/common';
import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager, LockMode } from '@mikro-orm/core';
import { type SignedInUser } from '../../auth/index.js';
import { transact } from '../../platform/database/transaction.js';
import { Problem } from '../../platform/http/problem.js';
import { PresenceOperation, settle } from '../../presence/index.js';
import { judgeWaiting } from './judge-waiting.js';

/**
 * An administrator decides that a parked operation shall not count. It is kept with his reason; what stood on it is
 * judged as if it had never been made.
 * Errors: 404; 409 stale (settled meanwhile).
 */
export class DiscardParked implements ICommand {
  constructor(
    readonly opId: string,
    readonly reason: string,
    readonly by: SignedInUser,
  ) {}
}

@CommandHandler(DiscardParked)
export class DiscardParkedHandler implements ICommandHandler<DiscardParked, void> {
  private readonly logger = new Logger('sync');

  constructor(private readonly em: EntityManager) {}

  async execute({ opId, reason }: DiscardParked): Promise<void> {
    await transact(this.em, 'presence.discarded', async (tx) => {
      const receipt = await tx.findOneOrFail(
        PresenceOperation,
        { opId, outcome: 'parked' },
        { lockMode: LockMode.PESSIMISTIC_WRITE },
      );
      if (receipt.settlement)
        throw new Problem(409, { code: 'stale', message: 'Somebody has settled this mark meanwhile.' });
      await settle(tx, [receipt.id], 'discarded', reason);
    });
    await judgeWaiting(this.em, [opId], this.logger);
  }
}
