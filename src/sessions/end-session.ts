import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { clock } from '../platform/clock.js';
import { findLocked } from '../platform/database/locked.js';
import { transact } from '../platform/database/transaction.js';
import { tell } from '../platform/ledger/outbox.js';
import { invalid } from '../platform/http/problem.js';
import { withReason, type SessionAct } from './session-input.js';
import { sessionJson } from './session-json.js';
import { Session } from './session.entity.js';
import { sessionCancelled } from './sessions.problems.js';

/** A session is over, started or not. Ended already: nothing changes. */
export class EndSession implements ICommand {
  constructor(
    readonly id: number,
    readonly input: SessionAct,
  ) {}
}

@CommandHandler(EndSession)
export class EndSessionHandler implements ICommandHandler<EndSession, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ id, input }: EndSession): Promise<void> {
    await transact(this.em, 'session.ended', async (tx) => {
      const session = await findLocked(tx, Session, id);
      if (session.status === 'cancelled') throw sessionCancelled();
      if (session.status === 'ended') return;
      const at = input.at ?? clock.now();
      if (session.actualStartAt && at < session.actualStartAt) throw invalid('at', 'The end must lie after the start.');
      session.status = 'ended';
      session.actualEndAt = at;
      session.extraData = withReason(session.extraData, 'end', input);
      await tx.flush();
      await tell(tx, 'session.ended', [{ recordId: session.id, record: sessionJson(session) }]);
    });
  }
}
