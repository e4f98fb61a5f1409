import { type EntityManager } from '@mikro-orm/core';
import { inOwnGroups, ownGroupsParameters } from '../../participants/index.js';
import { read } from '../../platform/database/read.js';
import { addDays, boundsOf, dayOf, instantOf, localOf } from '../../tenancy/index.js';
import { closuresOf } from '../closing-days/closures.query.js';
import { type LineFilter, sessionsBetween, type Viewer } from '../session-lines.query.js';
import { hoursOf, placeDay, rowOf, slotsOf } from './day-grid.js';

/** More than this a page does not draw: a group or a place narrows it. */
const MOST = 400;
/** Side by side in a column of the week, and of the day. */
const LANES = { week: 3, day: 8 };
const MOST_LOCATIONS = 200;

export type CalendarView = 'day' | 'week';

/**
 * @returns the first day of the week of a day, as the locale counts weeks; plain English, which is spoken in every
 *   country, begins on Monday
 */
export function weekOf(day: string, locale: string): string {
  const tag = new Intl.Locale(locale);
  const first = tag.language === 'en' && !tag.region ? 1 : tag.getWeekInfo().firstDay;
  return addDays(day, -((Temporal.PlainDate.from(day).dayOfWeek - first + 7) % 7));
}

/** A day or a week as a grid. The number of statements is fixed, whatever it holds. */
export async function calendarOf(
  em: EntityManager,
  viewer: Viewer,
  view: CalendarView,
  date: string,
  filter: LineFilter & { locale: string; now: Date },
) {
  const { timeZone } = viewer;
  const first = view === 'week' ? weekOf(date, filter.locale) : date;
  const days = Array.from({ length: view === 'week' ? 7 : 1 }, (_, at) => addDays(first, at));
  const bounds = { from: boundsOf(first, timeZone).from, to: boundsOf(days.at(-1)!, timeZone).to };
  const { lines, total } = await sessionsBetween(em, viewer, bounds, filter, { page: 1, per_page: MOST });
  const closures = await closuresOf(em, filter.group ? [filter.group] : [], first, days.at(-1)!);
  const hours = hoursOf(lines, timeZone);
  const byDay = Map.groupBy(lines, (line) => dayOf(line.starts_at, timeZone));
  const today = dayOf(filter.now, timeZone);
  return {
    days: days.map((day) => ({
      day,
      is_today: day === today,
      closed: closures(filter.group ?? 0, day)?.name ?? null,
      count: byDay.get(day)?.length ?? 0,
      now: day === today ? rowOf(localOf(filter.now, timeZone), hours) : null,
      ...placeDay(byDay.get(day) ?? [], hours, timeZone, LANES[view]),
    })),
    // An hour as this zone writes it, on a day on which no clock changes.
    hours: Array.from({ length: hours.to - hours.from }, (_, at) => ({
      row: at * 4 + 1,
      at: instantOf(`2001-01-17T${String(hours.from + at).padStart(2, '0')}:00`, timeZone),
    })),
    slots: slotsOf(hours),
    total,
    shown: lines.length,
  };
}

/** The places in which sessions are between two moments, by name, byte for byte: what a filter offers. */
export async function locationsBetween(
  em: EntityManager,
  viewer: Viewer,
  bounds: { from: Date; to: Date },
): Promise<string[]> {
  const rows = await read<{ location: string }>(
    em,
    `select min(s.location) as location from sessions s
      where s.organization_id = :organization and s.scheduled_start_at >= :from and s.scheduled_start_at < :to
        and s.location is not null and ${inOwnGroups(viewer.own, 's.group_id')}
      group by hex(s.location) order by location limit :take`,
    { ...bounds, ...ownGroupsParameters(viewer.own), take: MOST_LOCATIONS },
  );
  return rows.map((row) => row.location);
}
