import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { refuseUnknownGroup } from '../participants/index.js';
import { findLocked } from '../platform/database/locked.js';
import { transact } from '../platform/database/transaction.js';
import { invalid } from '../platform/http/problem.js';
import { cancel, revive } from './cancel-session.js';
import { refuseInactiveGroup } from './schedule-session.js';
import { refuseEndBeforeStart, type SessionChange } from './session-input.js';
import { Session } from './session.entity.js';
import { sessionLocked } from './sessions.problems.js';

/** The plan of a session changes. What is absent stays; null clears. */
export class ChangeSession implements ICommand {
  constructor(
    readonly id: number,
    readonly input: SessionChange,
  ) {}
}

@CommandHandler(ChangeSession)
export class ChangeSessionHandler implements ICommandHandler<ChangeSession, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ id, input }: ChangeSession): Promise<void> {
    await transact(this.em, factOf(input), async (tx) => {
      const session = await findLocked(tx, Session, id);
      const start = input.scheduled_start_at ?? session.scheduledStartAt;
      const end = input.scheduled_end_at ?? session.scheduledEndAt;
      refuseEndBeforeStart(start, end);
      const group = input.group_id ?? session.group;
      const moved = group !== session.group || +start !== +session.scheduledStartAt || +end !== +session.scheduledEndAt;
      if (group !== session.group) refuseInactiveGroup(await refuseUnknownGroup(tx, group, 'group_id'));
      if (moved && session.lockedAt) throw sessionLocked();
      session.group = group;
      session.scheduledStartAt = start;
      session.scheduledEndAt = end;
      if (input.name !== undefined) session.name = input.name;
      if (input.location !== undefined) session.location = input.location;
      if (input.extra_data !== undefined) session.extraData = input.extra_data ?? {};
      if (input.status !== undefined) setStatus(session, input.status);
      await tx.flush();
    });
  }
}

const factOf = ({ status }: SessionChange): string => {
  if (status === 'scheduled') return 'session.revived';
  return status === 'cancelled' ? 'session.cancelled' : 'session.changed';
};

function setStatus(session: Session, status: NonNullable<SessionChange['status']>): void {
  if (status === session.status) return;
  if (status === 'cancelled') cancel(session);
  else if (status === 'scheduled' && session.status === 'cancelled') revive(session);
  else
    throw invalid(
      'status',
      'A session is revived by scheduled and cancelled by cancelled; start and end have their own address.',
    );
}
