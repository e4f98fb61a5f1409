import { type EntityManager } from '@mikro-orm/core';
import { readAside, type Parameters } from '../../platform/database/read.js';
import { addDays, boundsOf, dayOf } from '../../tenancy/index.js';

/** Whole local days, and the parts of days at both ends of a range that begins or ends in the middle of one. */
export interface Days {
  from: string;
  to: string;
  /** Days of which only a part counts. */
  parts: string[];
  /** The days that are meant, where from and to reach beyond them: whole years stand in fewer rows. */
  meant?: { from: string; to: string };
}

/**
 * Where no mark lies before or after, the year in which the days begin or end is as good as its part: what is asked most, a
 * time until today, is found in one row for each year and not in one for each quarter, month and mark.
 */
export async function widened(em: EntityManager, days: Days): Promise<Days> {
  const [row] = await readAside<Record<'first' | 'last' | 'first_waiting' | 'last_waiting', string | null>>(
    em,
    `select (select min(t.day) from group_tallies t where t.organization_id = :organization) as first,
            (select max(t.day) from group_tallies t where t.organization_id = :organization) as last,
            c.first_waiting, c.last_waiting
       from (select min(w.day) as first_waiting, max(w.day) as last_waiting from tally_changes w
              where w.organization_id = :organization) c`,
  );
  const known = [row!.first, row!.last, row!.first_waiting, row!.last_waiting].filter((day) => day !== null);
  if (days.from > days.to || known.length === 0) return days;
  const from = known.some((day) => day < days.from) ? days.from : `${days.from.slice(0, 4)}-01-01`;
  const to = known.some((day) => day > days.to) ? days.to : `${days.to.slice(0, 4)}-12-31`;
  return { ...days, from, to, meant: { from: days.from, to: days.to } };
}

/** SQL that is true where marks lie in days that are read and not meant. */
export function unmeantOf({ from, to, meant }: Days): { sql: string; parameters: Parameters } {
  if (!meant) return { sql: '0', parameters: {} };
  const sides = [
    from < meant.from && 'u.day >= :read_from and u.day < :meant_from',
    to > meant.to && 'u.day > :meant_to and u.day <= :read_to',
  ].filter((side) => side !== false);
  const marks = sides.flatMap((side) =>
    ['group_tallies', 'tally_changes'].map(
      (table) => `exists (select 1 from ${table} u where u.organization_id = :organization and ${side})`,
    ),
  );
  return {
    sql: marks.length > 0 ? `(${marks.join(' or ')})` : '0',
    parameters: { read_from: from, read_to: to, meant_from: meant.from, meant_to: meant.to },
  };
}

/**
 * @param range planned starts, from inclusive, to exclusive
 * @returns null when there is no session at all
 */
export async function daysOf(
  em: EntityManager,
  { from, to, timeZone }: { from: Date | undefined; to: Date | undefined; timeZone: string },
): Promise<Days | null> {
  const [first, last] = await Promise.all(['asc', 'desc'].map((order) => edgeDay(em, order)));
  if (!first || !last) return null;
  const parts: string[] = [];
  let [begin, end] = [first, last];
  if (from) {
    const day = dayOf(from, timeZone);
    const isWhole = +boundsOf(day, timeZone).from === +from;
    if (!isWhole) parts.push(day);
    begin = later(begin, isWhole ? day : addDays(day, 1));
  }
  if (to) {
    const day = dayOf(to, timeZone);
    // What ends at midnight does not touch the day that begins then.
    if (+boundsOf(day, timeZone).from !== +to && !parts.includes(day)) parts.push(day);
    end = earlier(end, addDays(day, -1));
  }
  return { from: begin, to: end, parts };
}

const later = (a: string, b: string) => (a > b ? a : b);
const earlier = (a: string, b: string) => (a < b ? a : b);

async function edgeDay(em: EntityManager, order: string): Promise<string | null> {
  const [row] = await readAside<{ day: string }>(
    em,
    `select d.day from session_days d where d.organization_id = :organization and d.day is not null
      order by d.day ${order} limit 1`,
  );
  return row?.day ?? null;
}
