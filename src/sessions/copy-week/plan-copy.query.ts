import { type EntityManager } from '@mikro-orm/core';
import { instant, read, type Parameters } from '../../platform/database/read.js';
import { invalid } from '../../platform/http/problem.js';
import { addDays, boundsOf, dayOf, instantOf, localOf } from '../../tenancy/index.js';
import { weekOf } from '../calendar/calendar.query.js';
import { closuresOf } from '../closing-days/closures.query.js';
import { type CopyWeekInput } from './copy-week-input.js';

/** More sessions than this are not made at once. */
const MOST = 3000;

/** A session that would be made. */
export interface Copied {
  group: number;
  name: string;
  location: string | null;
  starts: Date;
  ends: Date;
}

/** What copying would do to one week. */
export interface CopiedWeek {
  /** Its first and last day. */
  first: string;
  last: string;
  made: Copied[];
  /** How many fall on closing days. */
  closed: number;
  /** How many stand there already: same group, name and start. */
  there: number;
}

export interface CopyPlan {
  from: { first: string; last: string; sessions: number };
  weeks: CopiedWeek[];
  total: number;
}

type RawTime = number | string | Date;
interface Row {
  group_id: number;
  name: string;
  location: string | null;
  scheduled_start_at: RawTime;
  scheduled_end_at: RawTime;
}

/**
 * What a copy would make. Nothing is written. One statement for each week, and one for the closing days.
 * @param zone time zone, and the locale that says where a week begins
 * @throws Problem 422 when a week is copied onto itself, or there would be too many sessions
 */
export async function planCopy(
  em: EntityManager,
  input: CopyWeekInput,
  zone: { timeZone: string; locale: string },
): Promise<CopyPlan> {
  const first = weekOf(input.from, zone.locale);
  const targets = [...new Set(input.to.map((day) => weekOf(day, zone.locale)))].sort();
  if (targets.includes(first)) throw invalid('to', 'A week cannot be copied onto itself.');
  const source = await sessionsOfWeek(em, first, input.group_id ?? null, zone.timeZone);
  if (source.length * targets.length > MOST)
    throw invalid('to', 'At most {max} {sessions} are made at once. Copy into fewer weeks.', 'invalid', { max: MOST });
  const groups = source.map((row) => Number(row.group_id));
  const closures = await closuresOf(em, groups, targets[0]!, addDays(targets.at(-1)!, 6));
  const weeks: CopiedWeek[] = [];
  for (const target of targets) {
    const there = new Set(
      (await sessionsOfWeek(em, target, input.group_id ?? null, zone.timeZone)).map((row) =>
        keyOf(Number(row.group_id), row.name, instant(row.scheduled_start_at)),
      ),
    );
    const days = Temporal.PlainDate.from(first).until(target).days;
    const week: CopiedWeek = { first: target, last: addDays(target, 6), made: [], closed: 0, there: 0 };
    for (const row of source) {
      const copied = moved(row, days, zone.timeZone);
      if (there.has(keyOf(copied.group, copied.name, copied.starts))) week.there++;
      else if (closures(copied.group, dayOf(copied.starts, zone.timeZone))) week.closed++;
      else week.made.push(copied);
    }
    weeks.push(week);
  }
  const total = weeks.reduce((sum, week) => sum + week.made.length, 0);
  return { from: { first, last: addDays(first, 6), sessions: source.length }, weeks, total };
}

const keyOf = (group: number, name: string, start: Date): string => JSON.stringify([group, name, start.getTime()]);

/** The same wall-clock times so many days later. */
function moved(row: Row, days: number, timeZone: string): Copied {
  const later = (at: Date) => {
    const local = localOf(at, timeZone);
    return instantOf(`${addDays(local.slice(0, 10), days)}${local.slice(10)}`, timeZone);
  };
  const [start, end] = [instant(row.scheduled_start_at), instant(row.scheduled_end_at)];
  const starts = later(start);
  const ends = later(end);
  return {
    group: Number(row.group_id),
    name: row.name,
    location: row.location,
    starts,
    ends: ends > starts ? ends : new Date(starts.getTime() + (end.getTime() - start.getTime())),
  };
}

/** What takes place in a week, in groups that are still in use. */
async function sessionsOfWeek(
  em: EntityManager,
  first: string,
  group: number | null,
  timeZone: string,
): Promise<Row[]> {
  const parameters: Parameters = {
    from: boundsOf(first, timeZone).from,
    to: boundsOf(addDays(first, 6), timeZone).to,
    take: MOST + 1,
    ...(group === null ? {} : { group }),
  };
  return read<Row>(
    em,
    `select s.group_id, s.name, s.location, s.scheduled_start_at, s.scheduled_end_at from sessions s
       join \`groups\` g on g.organization_id = s.organization_id and g.id = s.group_id and g.is_active = true
      where s.organization_id = :organization and s.status <> 'cancelled' and s.scheduled_start_at >= :from
        and s.scheduled_start_at < :to ${group === null ? '' : 'and s.group_id = :group'}
      order by s.scheduled_start_at, s.id limit :take`,
    parameters,
  );
}
