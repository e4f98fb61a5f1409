import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { signedInUser, type SignedInUser } from '../../auth/index.js';
import { clock } from '../../platform/clock.js';
import { findLocked } from '../../platform/database/locked.js';
import { transact } from '../../platform/database/transaction.js';
import { invalid } from '../../platform/http/problem.js';
import { dayOf, localOf } from '../../tenancy/index.js';
import { askedBySchedule } from './asked-by-schedule.js';
import { usersWhoSeeAll } from './recipients.query.js';
import { addRun, deleteRuns } from './run-rows.js';
import { ReportSchedule } from './report-schedule.entity.js';
import { type NewReportSchedule, type ReportScheduleChange } from './schedule-input.js';
import { nextDue } from './when.js';

/** A report is to come by mail from now on. @throws Problem 422 */
export class CreateSchedule implements ICommand {
  constructor(
    readonly input: NewReportSchedule,
    readonly me: SignedInUser,
  ) {}
}

/** What is absent stays. It comes next at its next time, also when it rested. @throws Problem 404, 422 */
export class ChangeSchedule implements ICommand {
  constructor(
    readonly id: number,
    readonly input: ReportScheduleChange,
    readonly me: SignedInUser,
  ) {}
}

/** It does not come any more; what is told of its runs goes with it. */
export class RemoveSchedule implements ICommand {
  constructor(readonly id: number) {}
}

/** Somebody wants it now, beside its times. Within a minute it is the same wish. */
export class SendScheduleNow implements ICommand {
  constructor(
    readonly id: number,
    readonly timeZone: string,
  ) {}
}

/** Of one organization. */
const MOST_SCHEDULES = 200;

/** What may be written into a schedule. */
const valuesOf = (input: ReportScheduleChange): Partial<ReportSchedule> => {
  const { day_of_month, local_time, is_active, ...same } = input;
  const all = { ...same, dayOfMonth: day_of_month, localTime: local_time, isActive: is_active };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Partial<ReportSchedule>;
};

/** @throws Problem 422 when it could never be sent like this */
async function refuseImpossible(em: EntityManager, schedule: ReportSchedule, me: SignedInUser): Promise<void> {
  if (schedule.every === 'week' && !schedule.weekday) throw invalid('weekday', 'This field is needed.', 'required');
  if (schedule.every === 'month' && !schedule.dayOfMonth)
    throw invalid('day_of_month', 'This field is needed.', 'required');
  const known = new Set((await usersWhoSeeAll(em, schedule.recipients)).map(({ id }) => id));
  if (schedule.recipients.some((id) => !known.has(id)))
    throw invalid('recipients', 'Reports go only to users who may see every {group}.', 'unknown');
  await askedBySchedule(em, schedule, dayOf(clock.now(), me.organization.timeZone), me);
}

const next = (schedule: ReportSchedule, me: SignedInUser): Date =>
  nextDue(schedule as never, me.organization.timeZone, clock.now()).at;

@CommandHandler(CreateSchedule)
export class CreateScheduleHandler implements ICommandHandler<CreateSchedule, number> {
  constructor(private readonly em: EntityManager) {}

  execute({ input, me }: CreateSchedule): Promise<number> {
    return transact(this.em, 'report_schedule.created', async (tx) => {
      const values = { ...valuesOf(input), user: me.id } as ReportSchedule;
      await refuseImpossible(tx, values, me);
      if ((await tx.count(ReportSchedule, {})) >= MOST_SCHEDULES)
        throw invalid('report', 'There are {most} reports by mail already. Remove one that nobody needs.', 'too_many', {
          most: MOST_SCHEDULES,
        });
      const schedule = tx.create(ReportSchedule, Object.assign(values, { nextRunAt: next(values, me) }));
      await tx.flush();
      return schedule.id;
    });
  }
}

@CommandHandler(ChangeSchedule)
export class ChangeScheduleHandler implements ICommandHandler<ChangeSchedule, void> {
  constructor(private readonly em: EntityManager) {}

  execute({ id, input, me }: ChangeSchedule): Promise<void> {
    return transact(this.em, 'report_schedule.changed', async (tx) => {
      const schedule = await findLocked(tx, ReportSchedule, id);
      Object.assign(schedule, valuesOf(input));
      // An administrator may pause what a user who is gone has left behind.
      const owner = await signedInUser(tx, schedule.user);
      const isOnlyPaused = Object.keys(input).every((name) => name === 'is_active');
      if (!isOnlyPaused) await refuseImpossible(tx, schedule, owner ?? me);
      schedule.nextRunAt = next(schedule, me);
      await tx.flush();
    });
  }
}

@CommandHandler(RemoveSchedule)
export class RemoveScheduleHandler implements ICommandHandler<RemoveSchedule, void> {
  constructor(private readonly em: EntityManager) {}

  execute({ id }: RemoveSchedule): Promise<void> {
    return transact(this.em, 'report_schedule.removed', async (tx) => {
      const schedule = await findLocked(tx, ReportSchedule, id);
      await deleteRuns(tx, { schedule: id });
      tx.remove(schedule);
      await tx.flush();
    });
  }
}

@CommandHandler(SendScheduleNow)
export class SendScheduleNowHandler implements ICommandHandler<SendScheduleNow, void> {
  constructor(private readonly em: EntityManager) {}

  execute({ id, timeZone }: SendScheduleNow): Promise<void> {
    return transact(this.em, 'report_schedule.asked', async (tx) => {
      await findLocked(tx, ReportSchedule, id);
      await addRun(tx, id, localOf(clock.now(), timeZone));
    });
  }
}
