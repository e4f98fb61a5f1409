import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { clock } from '../platform/clock.js';
import { findLocked } from '../platform/database/locked.js';
import { transact } from '../platform/database/transaction.js';
import { withReason, type SessionAct } from './session-input.js';
import { Session } from './session.entity.js';
import { sessionCancelled } from './sessions.problems.js';

/** A session begins. Started or ended already: nothing changes. Marking needs no start. */
export class StartSession implements ICommand {
  constructor(
    readonly id: number,
    readonly input: SessionAct,
  ) {}
}

@CommandHandler(StartSession)
export class StartSessionHandler implements ICommandHandler<StartSession, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ id, input }: StartSession): Promise<void> {
    await transact(this.em, 'session.started', async (tx) => {
      const session = await findLocked(tx, Session, id);
      if (session.status === 'cancelled') throw sessionCancelled();
      if (session.status !== 'scheduled') return;
      session.status = 'running';
      session.actualStartAt = input.at ?? clock.now();
      session.extraData = withReason(session.extraData, 'start', input);
      await tx.flush();
    });
  }
}
