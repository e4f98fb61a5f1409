import { addDays, dayOf } from '../../tenancy/index.js';

/** How often a report comes. */
export const EVERY = ['day', 'week', 'month'] as const;
export type Every = (typeof EVERY)[number];

export interface Rhythm {
  every: Every;
  weekday: number | null;
  dayOfMonth: number | null;
  localTime: string;
}

/** One time that a report is due. */
export interface Due {
  /** The local day: the name of the period. */
  day: string;
  at: Date;
}

/** Longer than from any due day to the next. */
const FAR_ENOUGH = 63;

/** @returns the first due time after an instant */
export function nextDue(rhythm: Rhythm, timeZone: string, after: Date): Due {
  return find(rhythm, timeZone, dayOf(after, timeZone), 1, ({ at }) => at > after);
}

/** @returns the last due time up to an instant: what a server that stood still has missed, and no more than that */
export function lastDue(rhythm: Rhythm, timeZone: string, until: Date): Due {
  return find(rhythm, timeZone, dayOf(until, timeZone), -1, ({ at }) => at <= until);
}

function find(rhythm: Rhythm, timeZone: string, from: string, step: 1 | -1, fits: (due: Due) => boolean): Due {
  for (let days = 0; days < FAR_ENOUGH; days++) {
    const day = addDays(from, step * days);
    if (!isDueOn(rhythm, day)) continue;
    const due = { day, at: instantAt(day, rhythm.localTime, timeZone) };
    if (fits(due)) return due;
  }
  throw new Error('a schedule is never due');
}

function isDueOn({ every, weekday, dayOfMonth }: Rhythm, day: string): boolean {
  const date = Temporal.PlainDate.from(day);
  if (every === 'week') return date.dayOfWeek === weekday;
  if (every === 'month') return date.day === Math.min(dayOfMonth ?? 1, date.daysInMonth);
  return true;
}

/** A time that the clocks skip is the instant at which they jump; one that they show twice is the first of both. */
function instantAt(day: string, time: string, timeZone: string): Date {
  const local = Temporal.PlainDate.from(day).toPlainDateTime(Temporal.PlainTime.from(time));
  const shown = local.toZonedDateTime(timeZone, { disambiguation: 'compatible' });
  const jump = shown.toPlainDateTime().equals(local) ? null : shown.getTimeZoneTransition('previous');
  return new Date((jump ?? shown).epochMilliseconds);
}
