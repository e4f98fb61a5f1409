import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type Group, type OwnGroups, refuseUnknownGroup } from '../participants/index.js';
import { transact } from '../platform/database/transaction.js';
import { invalid } from '../platform/http/problem.js';
import { Session } from './session.entity.js';
import { type NewSession, refuseEndBeforeStart } from './session-input.js';

/** A lesson, sitting, talk or shift is planned. Answers the id. */
export class ScheduleSession implements ICommand {
  /** @param own the groups for which this user may plan */
  constructor(
    readonly input: NewSession,
    readonly own: OwnGroups,
  ) {}
}

@CommandHandler(ScheduleSession)
export class ScheduleSessionHandler implements ICommandHandler<ScheduleSession, number> {
  constructor(private readonly em: EntityManager) {}

  async execute({ input, own }: ScheduleSession): Promise<number> {
    return transact(this.em, 'session.scheduled', async (tx) => {
      refuseEndBeforeStart(input.scheduled_start_at, input.scheduled_end_at);
      const group = await refuseUnknownGroup(tx, input.group_id, 'group_id', own);
      refuseInactiveGroup(group);
      const session = tx.create(Session, {
        group: group.id,
        name: input.name,
        location: input.location ?? null,
        scheduledStartAt: input.scheduled_start_at,
        scheduledEndAt: input.scheduled_end_at,
        status: 'scheduled',
        extraData: input.extra_data ?? {},
      });
      await tx.flush();
      return session.id;
    });
  }
}

/** @throws Problem 422 when the group is not used any more */
export function refuseInactiveGroup(group: Group): void {
  if (!group.isActive) throw invalid('group_id', 'This {group} is not active any more. Activate it first.');
}
