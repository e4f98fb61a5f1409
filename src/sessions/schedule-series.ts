import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type OwnGroups, refuseUnknownGroup } from '../participants/index.js';
import { transact } from '../platform/database/transaction.js';
import { invalid } from '../platform/http/problem.js';
import { insertRows } from '../platform/ledger/audited-rows.js';
import { planSeries, refuseSeconds, type SeriesPlan, wallClock } from './plan-series.js';
import { parseRule } from './recurrence.js';
import { refuseInactiveGroup } from './schedule-session.js';
import { type NewSession, refuseEndBeforeStart } from './session-input.js';
import { SessionSeries } from './session-series.entity.js';
import { Session } from './session.entity.js';

/** Sessions that repeat are planned, all at once. Closing days are passed over. */
export class ScheduleSeries implements ICommand {
  /** @param own the groups for which this user may plan */
  constructor(
    readonly input: NewSession & { recurrence: string },
    readonly timeZone: string,
    readonly own: OwnGroups,
  ) {}
}

export interface ScheduledSeries {
  series: number;
  /** The new sessions, in the order of their dates. */
  sessions: number[];
  /** How many dates fell on closing days. */
  skipped: number;
}

@CommandHandler(ScheduleSeries)
export class ScheduleSeriesHandler implements ICommandHandler<ScheduleSeries, ScheduledSeries> {
  constructor(private readonly em: EntityManager) {}

  async execute({ input, timeZone, own }: ScheduleSeries): Promise<ScheduledSeries> {
    return transact(this.em, 'series.scheduled', async (tx) => {
      const group = await refuseUnknownGroup(tx, input.group_id, 'group_id', own);
      refuseInactiveGroup(group);
      const plan = seriesPlanOf(input, timeZone);
      const dates = await planSeries(tx, plan);
      const open = dates.filter((date) => !date.closed);
      if (open.length === 0) throw invalid('recurrence', 'Every date of this rule falls on a closing day.');
      const shared = { group: group.id, name: input.name, location: input.location ?? null };
      const { recurrence, localStart, minutes } = plan;
      const extraData = input.extra_data ?? {};
      const series = tx.create(SessionSeries, { ...shared, recurrence, localStart, timeZone, minutes, extraData });
      await tx.flush();
      const rows = open.map((date) => ({
        ...shared,
        scheduledStartAt: date.at,
        scheduledEndAt: date.ends,
        status: 'scheduled' as const,
        seriesId: series.id,
        occursAt: date.at,
        extraData,
      }));
      const sessions = await insertRows(tx, Session, rows);
      return { series: series.id, sessions, skipped: dates.length - open.length };
    });
  }
}

/**
 * What is asked for as a plan: times by the wall clock.
 * @throws Problem 422 when times or rule cannot be used
 */
export function seriesPlanOf(input: NewSession & { recurrence: string }, timeZone: string): SeriesPlan {
  refuseEndBeforeStart(input.scheduled_start_at, input.scheduled_end_at);
  refuseSeconds(input.scheduled_start_at, input.scheduled_end_at);
  const { localStart, minutes } = wallClock(input.scheduled_start_at, input.scheduled_end_at, timeZone);
  const recurrence = parseRule(input.recurrence, { localStart, timeZone });
  return { group: input.group_id, recurrence, localStart, timeZone, minutes };
}
