import { type EntityManager } from '@mikro-orm/core';
import { refuseUnknownGroup } from '../../participants/index.js';
import { clock } from '../../platform/clock.js';
import { Problem } from '../../platform/http/problem.js';
import { dayOf } from '../../tenancy/index.js';
import { closuresOf } from '../closing-days/closures.query.js';
import { refuseInactiveGroup } from '../schedule-session.js';
import { matchGroups } from './match-groups.js';
import { type Draft, draftsOf, type LeftOut, TooMany } from './occurrences.js';
import { MOST_EVENTS, readCalendar } from './read-calendar.js';

/** A session as the file wants it. */
export interface WantedSession extends Draft {
  group: number;
  name: string;
}

/** A timetable, ready to be compared with what stands. */
export interface Timetable {
  wanted: WantedSession[];
  left: LeftOut[];
  /** Events of whole days are no sessions. */
  allDay: number;
  /** How many dates of what repeats fall on closing days. */
  closed: number;
}

/**
 * Reads a file and finds a group for each of its events.
 * @param group the group of all events; null: each says its own
 * @throws Problem 415, 422 when the file cannot be used at all
 */
export async function timetableOf(
  em: EntityManager,
  text: string,
  group: number | null,
  timeZone: string,
): Promise<Timetable> {
  if (group !== null) refuseInactiveGroup(await refuseUnknownGroup(em, group, 'group_id'));
  const calendar = await readCalendar(text);
  const { drafts, left, allDay } = readDrafts(calendar, timeZone);
  const groups = group === null ? await matchGroups(em, drafts) : null;
  const placed: WantedSession[] = [];
  const without = new Set<number>();
  for (const draft of drafts) {
    const own = groups ? groups.get(draft.number) : group!;
    if (own !== undefined) placed.push({ ...draft, group: own, name: draft.summary || '–' });
    else if (!without.has(draft.number)) {
      without.add(draft.number);
      left.push({
        number: draft.number,
        summary: draft.summary,
        code: 'unknown',
        message: 'No {group} has the name of its category or of its title.',
      });
    }
  }
  const days = placed.map((each) => dayOf(each.starts, timeZone));
  const [first, last] = [min(days), max(days)];
  const closures =
    placed.length > 0
      ? await closuresOf(
          em,
          placed.map((each) => each.group),
          first,
          last,
        )
      : () => undefined;
  // A single event on a closing day is meant; one that only repeats is not.
  const wanted = placed.filter((each, at) => !each.repeats || !closures(each.group, days[at]!));
  return { wanted, left: left.sort((a, b) => a.number - b.number), allDay, closed: placed.length - wanted.length };
}

const min = (days: string[]) => days.reduce((a, b) => (a < b ? a : b), '9');
const max = (days: string[]) => days.reduce((a, b) => (a > b ? a : b), '');

function readDrafts(calendar: Awaited<ReturnType<typeof readCalendar>>, timeZone: string) {
  try {
    return draftsOf(calendar, timeZone, clock.now());
  } catch (error) {
    if (!(error instanceof TooMany)) throw error;
    throw new Problem(422, {
      code: 'invalid',
      message: 'This file makes more than {max} {sessions}. Divide it.',
      params: { max: MOST_EVENTS },
      field: 'file',
    });
  }
}
