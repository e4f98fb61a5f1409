import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { Group } from '../../participants/index.js';
import { clock } from '../../platform/clock.js';
import { findLocked } from '../../platform/database/locked.js';
import { instant, read } from '../../platform/database/read.js';
import { transact } from '../../platform/database/transaction.js';
import { insertRows } from '../../platform/ledger/audited-rows.js';
import { addDays, dayOf } from '../../tenancy/index.js';
import { withClosures } from '../plan-series.js';
import { isOpen, MOST_DATES, MOST_DAYS, occurrencesOf } from '../recurrence.js';
import { SessionSeries } from '../session-series.entity.js';
import { Session } from '../session.entity.js';

/** A series is extended once so many of its days ahead are used up, so that each is looked at now and then only. */
export const SLACK_DAYS = 30;

/**
 * A series without an end is planned on, as far ahead as a new one is. Closing days are passed over. Dates that were
 * planned before are not touched: whatever was moved or cancelled stays so. A series that was cancelled to its end, or
 * whose group is not in use, stays where it is.
 * @returns how many sessions were made
 */
export class ExtendSeries implements ICommand {
  constructor(readonly series: number) {}
}

@CommandHandler(ExtendSeries)
export class ExtendSeriesHandler implements ICommandHandler<ExtendSeries, number> {
  constructor(private readonly em: EntityManager) {}

  async execute({ series: id }: ExtendSeries): Promise<number> {
    return transact(this.em, 'series.extended', async (tx) => {
      // Whoever else extends, changes or cancels it waits here, and then finds what was made.
      const series = await findLocked(tx, SessionSeries, id);
      const { isActive } = await tx.findOneOrFail(Group, { id: series.group });
      const last = await lastDateOf(tx, id);
      if (!isActive || !last || last.isEnded || !isOpen(series.recurrence)) return 0;
      const { group, name, location, timeZone, extraData } = series;
      const today = dayOf(clock.now(), timeZone);
      const next = addDays(dayOf(last.at, timeZone), 1);
      const window = { from: next > today ? next : today, to: addDays(today, MOST_DAYS) };
      const dates = occurrencesOf(series, window).slice(0, MOST_DATES);
      const open = (await withClosures(tx, series, dates)).filter((date) => !date.closed && date.ends > clock.now());
      await insertRows(
        tx,
        Session,
        open.map((date) => ({
          group,
          name,
          location,
          scheduledStartAt: date.at,
          scheduledEndAt: date.ends,
          status: 'scheduled' as const,
          seriesId: id,
          occursAt: date.at,
          extraData,
        })),
      );
      return open.length;
    });
  }
}

/**
 * The last date that was ever planned of a series, and whether the series was ended there: whoever cancels "this and
 * following" leaves nothing that takes place after what he cancelled. Dates that had been cancelled before, each for
 * itself, do not carry his act, so the last date alone does not tell.
 */
async function lastDateOf(em: EntityManager, series: number) {
  const at = 'coalesce(s.occurs_at, s.scheduled_start_at)';
  const [row] = await read<Record<'last' | 'living' | 'ended', number | string | null>>(
    em,
    `select max(${at}) as last, max(case when s.status <> 'cancelled' then ${at} end) as living,
            max(case when s.status = 'cancelled' and json_extract(s.extra_data, '$.cancelled_in') is not null then ${at} end) as ended
       from sessions s where s.organization_id = :organization and s.series_id = :series`,
    { series },
  );
  if (!row || row.last === null) return null;
  const [last, living, ended] = [row.last, row.living, row.ended].map((each) =>
    each === null ? null : instant(each!),
  );
  return { at: last!, isEnded: ended !== null && (living === null || ended! > living!) };
}

/** The series of the organization that go on for ever and whose planned days run out: their ids, the first first. */
export async function seriesToExtend(em: EntityManager, after: number, take: number): Promise<number[]> {
  const rows = await read<{ id: number }>(
    em,
    `select x.id from session_series x
       join \`groups\` g on g.organization_id = x.organization_id and g.id = x.group_id and g.is_active = true
      where x.organization_id = :organization and x.id > :after
        and x.recurrence not like '%UNTIL=%' and x.recurrence not like '%COUNT=%'
        and not exists (select 1 from sessions s
          where s.organization_id = :organization and s.series_id = x.id and s.occurs_at >= :enough)
      order by x.id limit :take`,
    { after, take, enough: new Date(clock.now().getTime() + (MOST_DAYS - SLACK_DAYS) * DAY_MS) },
  );
  return rows.map((row) => Number(row.id));
}

const DAY_MS = 86_400_000;
