/**
 * Days of an organization: its time zone decides what "today" is. Days are text (`2026-11-20`), instants are Dates (UTC).
 * Temporal knows the days of 23 and 25 hours and those on which midnight does not exist.
 */

/** @returns the local day of an instant */
export function dayOf(instant: Date, timeZone: string): string {
  return zoned(instant, timeZone).toPlainDate().toString();
}

/** @returns the first instant of a local day and the first one after it (23, 24 or 25 hours later) */
export function boundsOf(day: string, timeZone: string): { from: Date; to: Date } {
  const date = Temporal.PlainDate.from(day);
  const start = (each: Temporal.PlainDate) => new Date(each.toZonedDateTime(timeZone).epochMilliseconds);
  return { from: start(date), to: start(date.add({ days: 1 })) };
}

/**
 * @param local `2026-11-20T09:30`, as a form's date and time fields give it
 * @returns the instant; a time that a clock change skips or repeats is read as the clock would show it first
 */
export function instantOf(local: string, timeZone: string): Date {
  const time = Temporal.PlainDateTime.from(local).toZonedDateTime(timeZone, { disambiguation: 'compatible' });
  return new Date(time.epochMilliseconds);
}

/** @returns `2026-11-20T09:30`: an instant as a form's field shows it */
export function localOf(instant: Date, timeZone: string): string {
  return zoned(instant, timeZone).toPlainDateTime().toString({ smallestUnit: 'minute' });
}

/** @returns the day that is so many days later (or earlier) */
export function addDays(day: string, days: number): string {
  return Temporal.PlainDate.from(day).add({ days }).toString();
}

function zoned(instant: Date, timeZone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(instant.getTime()).toZonedDateTimeISO(timeZone);
}
