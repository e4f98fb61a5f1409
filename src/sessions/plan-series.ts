import { type EntityManager } from '@mikro-orm/core';
import { invalid } from '../platform/http/problem.js';
import { instantOf, localOf } from '../tenancy/index.js';
import { type Closure, closuresOf } from './closing-days/closures.query.js';
import { firstWindow, MOST_DATES, type Occurrence, occurrencesOf, type Recurrence, type Window } from './recurrence.js';

/** What a series is planned from. */
export interface SeriesPlan extends Recurrence {
  group: number;
  /** How long each lasts by the wall clock, in minutes. */
  minutes: number;
}

/** A date on which the series meets, or would if its day were not closed. */
export interface PlannedDate extends Occurrence {
  ends: Date;
  closed?: Closure;
}

/**
 * The dates of a series, closing days told. Nothing is written.
 * @throws Problem 422 on `recurrence` when the rule has no date at all, or too many
 */
export async function planSeries(
  em: EntityManager,
  plan: SeriesPlan,
  window: Window = firstWindow(plan),
): Promise<PlannedDate[]> {
  const dates = occurrencesOf(plan, window);
  if (dates.length === 0) throw invalid('recurrence', 'This rule has no date within 400 days.');
  if (dates.length > MOST_DATES)
    throw invalid('recurrence', 'This rule has more than {max} dates.', 'invalid', { max: MOST_DATES });
  return withClosures(em, plan, dates);
}

/** Tells which of these dates fall on closing days. Two statements at most. */
export async function withClosures(em: EntityManager, plan: SeriesPlan, dates: Occurrence[]): Promise<PlannedDate[]> {
  if (dates.length === 0) return [];
  const closures = await closuresOf(em, [plan.group], dates[0]!.day, dates.at(-1)!.day);
  return dates.map((date) => {
    const closed = closures(plan.group, date.day);
    return { ...date, ends: endOf(date, plan.minutes, plan.timeZone), ...(closed ? { closed } : {}) };
  });
}

/** The end by the wall clock, too: a night shift ends at six, whatever the clocks do. A start that was moved keeps its length. */
function endOf({ local, at }: Occurrence, minutes: number, timeZone: string): Date {
  const exact = new Date(at.getTime() + minutes * 60_000);
  if (localOf(at, timeZone) !== local) return exact;
  const end = instantOf(Temporal.PlainDateTime.from(local).add({ minutes }).toString().slice(0, 16), timeZone);
  return end > at ? end : exact;
}

/** A start and its length as a series keeps them. */
export function wallClock(start: Date, end: Date, timeZone: string): { localStart: string; minutes: number } {
  const localStart = localOf(start, timeZone);
  const length = Temporal.PlainDateTime.from(localStart).until(localOf(end, timeZone), { largestUnit: 'minute' });
  return { localStart, minutes: length.minutes > 0 ? length.minutes : Math.ceil((+end - +start) / 60_000) };
}

/** @throws Problem 422: dates of a rule begin and end on whole minutes */
export function refuseSeconds(start: Date, end: Date): void {
  if (+start % 60_000) throw invalid('scheduled_start_at', 'What repeats begins and ends on a whole minute.');
  if (+end % 60_000) throw invalid('scheduled_end_at', 'What repeats begins and ends on a whole minute.');
}
