import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { RRuleTemporal } from 'rrule-temporal';
import { refuseUnknownGroup } from '../../participants/index.js';
import { clock } from '../../platform/clock.js';
import { transact } from '../../platform/database/transaction.js';
import { invalid } from '../../platform/http/problem.js';
import { insertRows } from '../../platform/ledger/audited-rows.js';
import { addDays, dayOf } from '../../tenancy/index.js';
import { ClosingDay } from '../closing-day.entity.js';
import { readCalendar, type WrittenEvent } from '../timetable/read-calendar.js';

/** More holidays than this no calendar of holidays has. */
const MOST = 1000;
/** What repeats every year is written down for so long. */
const AHEAD_DAYS = 800;
const LONGEST_DAYS = 400;

/** The whole days of an iCalendar file become closing days: those that are not over, and not here already. Answers how many. */
export class ImportHolidays implements ICommand {
  constructor(
    readonly text: string,
    readonly group: number | null,
    readonly timeZone: string,
  ) {}
}

export interface ImportedHolidays {
  created: number;
  there: number;
}

@CommandHandler(ImportHolidays)
export class ImportHolidaysHandler implements ICommandHandler<ImportHolidays, ImportedHolidays> {
  constructor(private readonly em: EntityManager) {}

  async execute({ text, group, timeZone }: ImportHolidays): Promise<ImportedHolidays> {
    const { events } = await readCalendar(text);
    const today = dayOf(clock.now(), timeZone);
    const days = events
      .filter((event) => event.start?.isDay && !event.cancelled)
      .flatMap((event) => daysOf(event, today));
    if (days.length === 0) throw invalid('file', 'There is no event of whole days ahead in this file.');
    if (days.length > MOST)
      throw invalid('file', 'This file holds more than {max} closing days. Divide it.', 'invalid', { max: MOST });
    return transact(this.em, 'closing_day.created', async (tx) => {
      if (group !== null) await refuseUnknownGroup(tx, group, 'group_id');
      const here = await tx.find(ClosingDay, { group, toOn: { $gte: today } });
      const known = new Set(here.map((each) => JSON.stringify([each.name, each.fromOn, each.toOn])));
      const fresh = days.filter(({ name, fromOn, toOn }) => {
        const key = JSON.stringify([name, fromOn, toOn]);
        return !known.has(key) && known.add(key);
      });
      await insertRows(
        tx,
        ClosingDay,
        fresh.map((each) => ({ ...each, group })),
      );
      return { created: fresh.length, there: days.length - fresh.length };
    });
  }
}

/** An event of whole days ends before the day that the file names as its end. */
function daysOf(event: WrittenEvent, today: string): { name: string; fromOn: string; toOn: string }[] {
  const first = event.start!.wall.slice(0, 10);
  const last = event.end?.isDay ? addDays(event.end.wall.slice(0, 10), -1) : first;
  const length = Math.max(0, Temporal.PlainDate.from(first).until(last, { largestUnit: 'day' }).days);
  const name =
    [
      ...event.summary
        .replace(/[\p{Cc}\ufffd]+/gu, ' ')
        .toWellFormed()
        .trim(),
    ]
      .slice(0, 255)
      .join('') || '–';
  return firstDays(event, first, today)
    .map((fromOn) => ({ name, fromOn, toOn: addDays(fromOn, length) }))
    .filter(({ toOn }) => toOn >= today && toOn < '2199-12-30' && length <= LONGEST_DAYS);
}

function firstDays(event: WrittenEvent, first: string, today: string): string[] {
  if (!event.rule) return [first];
  // Anything finer than a year is no calendar of holidays.
  if (!/FREQ=YEARLY/.test(event.rule) || /BY(HOUR|MINUTE|SECOND)=/.test(event.rule)) return [];
  const at = (day: string) => Temporal.ZonedDateTime.from(`${day}T00:00:00[UTC]`);
  const rule = event.rule.replace(/UNTIL=(\d{8})\b[^;]*/, 'UNTIL=$1T235959Z');
  try {
    const dates = new RRuleTemporal<Temporal.ZonedDateTime>({
      rruleString: `DTSTART:${first.replaceAll('-', '')}T000000Z\nRRULE:${rule}`,
      temporal: Temporal,
      cache: false,
    });
    const found = dates.between(at(addDays(today, -LONGEST_DAYS)), at(addDays(today, AHEAD_DAYS)), true);
    return found.map((date) => String(date).slice(0, 10));
  } catch {
    return [];
  }
}
