import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { clock } from '../platform/clock.js';
import { currentUser } from '../platform/current.js';
import { findLocked } from '../platform/database/locked.js';
import { transact } from '../platform/database/transaction.js';
import { withReason, type SessionAct } from './session-input.js';
import { Session } from './session.entity.js';
import { sessionCancelled } from './sessions.problems.js';

/** Somebody says that the register is complete: who has no mark now was looked for. Completed already: nothing changes. */
export class CompleteRegister implements ICommand {
  constructor(
    readonly id: number,
    readonly input: SessionAct,
  ) {}
}

@CommandHandler(CompleteRegister)
export class CompleteRegisterHandler implements ICommandHandler<CompleteRegister, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ id, input }: CompleteRegister): Promise<void> {
    await transact(this.em, 'register.completed', async (tx) => {
      const session = await findLocked(tx, Session, id);
      if (session.status === 'cancelled') throw sessionCancelled();
      if (session.registerCompletedAt) return;
      session.registerCompletedAt = input.at ?? clock.now();
      session.registerCompletedBy = currentUser();
      session.extraData = withReason(session.extraData, 'complete', input);
      await tx.flush();
    });
  }
}
