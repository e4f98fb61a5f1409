import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { refuseUnknownGroup } from '../participants/index.js';
import { findLocked } from '../platform/database/locked.js';
import { transact } from '../platform/database/transaction.js';
import { refuseChanged } from '../platform/http/etag.js';
import { invalid } from '../platform/http/problem.js';
import { cancel, revive } from './cancel-session.js';
import { refuseInactiveGroup } from './schedule-session.js';
import { refuseEndBeforeStart, type SessionChange } from './session-input.js';
import { sessionJson } from './session-json.js';
import { Session } from './session.entity.js';
import { sessionLocked } from './sessions.problems.js';

/** The plan of a session changes. What is absent stays; null clears. */
export class ChangeSession implements ICommand {
  /** @param expected the version that the asker has seen (If-Match) */
  constructor(
    readonly id: number,
    readonly input: SessionChange,
    readonly expected: string | null = null,
  ) {}
}

@CommandHandler(ChangeSession)
export class ChangeSessionHandler implements ICommandHandler<ChangeSession, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ id, input, expected }: ChangeSession): Promise<void> {
    await transact(this.em, factOf(input), async (tx) => {
      const session = await findLocked(tx, Session, id);
      refuseChanged(expected, sessionJson(session));
      if (input.recurrence)
        throw invalid('recurrence', 'A rule belongs to several {sessions}: change it with the scope following or all.');
      const before = planOf(session);
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
      // Edited alone: an edit of the whole series leaves it as it is.
      if (session.seriesId && planOf(session) !== before) session.detached = true;
      if (input.extra_data !== undefined) session.extraData = input.extra_data ?? {};
      if (input.status !== undefined) setStatus(session, input.status);
      await tx.flush();
    });
  }
}

const planOf = (session: Session): string =>
  JSON.stringify([session.group, session.name, session.location, session.scheduledStartAt, session.scheduledEndAt]);

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
      'The status scheduled brings it back and cancelled cancels it; start and end have their own address.',
    );
}
