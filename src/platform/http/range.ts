import { z } from 'zod';
import { invalid } from './problem.js';

const edge = z
  .union([z.iso.date(), z.iso.datetime({ offset: true })], {
    error: 'Give a day like 2026-11-20, or an instant with its offset.',
  })
  .optional();

/** `?from=&to=`: days are whole local days, both inclusive; instants are exact, from inclusive, to exclusive. */
export const rangeFields = { from: edge, to: edge };

/**
 * @param bounds first instant of a local day and the first one after it
 * @returns from (inclusive) and to (exclusive)
 * @throws Problem 422 when from lies after to, or all of it lies where nothing can be
 */
export function rangeOf(
  query: { from?: string | undefined; to?: string | undefined },
  bounds: (day: string) => { from: Date; to: Date },
): { from: Date | undefined; to: Date | undefined } {
  const isDay = (text: string) => text.length === 10;
  const from = query.from && (isDay(query.from) ? bounds(query.from).from : new Date(query.from));
  const to = query.to && (isDay(query.to) ? bounds(query.to).to : new Date(query.to));
  // A day ends where the next one begins, so a first day after the last one can begin where that one ends.
  if (from && to && (from > to || (isDay(query.to!) && +from === +to)))
    throw invalid('from', 'The beginning lies after the end.');
  if (from && +from >= LAST) throw outOfReach('from');
  if (to && +to <= FIRST) throw outOfReach('to');
  return { from: from ? withinReach(from) : undefined, to: to ? withinReach(to) : undefined };
}

const FIRST = Date.parse('1000-01-02T00:00:00Z');
const LAST = Date.parse('9999-12-30T00:00:00Z');
const outOfReach = (field: string) =>
  invalid(field, 'Nothing is recorded so long ago or so far ahead. Choose a day of the years 1001 to 9998.');

/** A database knows no time beyond these years, and refuses to compare with one. */
const withinReach = (time: Date): Date => new Date(Math.min(Math.max(time.getTime(), FIRST), LAST));
