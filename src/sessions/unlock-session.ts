import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { clock } from '../platform/clock.js';
import { findLocked } from '../platform/database/locked.js';
import { transact } from '../platform/database/transaction.js';
import { withReason, type SessionAct } from './session-input.js';
import { Session } from './session.entity.js';

/** A locked register is opened again, until the organization's lock hours have passed anew. Not locked: nothing changes. */
export class UnlockSession implements ICommand {
  constructor(
    readonly id: number,
    readonly input: SessionAct,
  ) {}
}

@CommandHandler(UnlockSession)
export class UnlockSessionHandler implements ICommandHandler<UnlockSession, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ id, input }: UnlockSession): Promise<void> {
    await transact(this.em, 'session.unlocked', async (tx) => {
      const session = await findLocked(tx, Session, id);
      if (!session.lockedAt) return;
      session.lockedAt = null;
      session.unlockedAt = clock.now();
      session.extraData = withReason(session.extraData, 'unlock', input);
      await tx.flush();
    });
  }
}
