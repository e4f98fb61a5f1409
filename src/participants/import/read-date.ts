import { shown } from './problem.js';

/** How a column may write its dates. YYYY-MM-DD is always understood too; day and month may have one digit, the year two. */
export const dateFormats = ['YYYY-MM-DD', 'MM/DD/YYYY', 'DD/MM/YYYY', 'DD.MM.YYYY'] as const;
export type DateFormat = (typeof dateFormats)[number];

export type ReadDate =
  | { date: string; year: number; twoDigits: boolean }
  | { date: null; message: string; params: Record<string, string | number> };

/**
 * Reads a calendar date (no time, no zone) that really exists. In: the trimmed text, the column's format and the latest
 * date that makes sense (`latest`, ISO; a date of birth is never in the future). A two-digit year takes the latest
 * century that keeps the date at or before `latest`. Out: the date as YYYY-MM-DD, or the sentence that tells why not.
 */
export function readDate(value: string, format: DateFormat, latest: string): ReadDate {
  const parts = split(value, format);
  if (!parts)
    return { date: null, message: 'Write this date as {format}: {value}.', params: { format, value: shown(value) } };
  const { month, day } = parts;
  const twoDigits = parts.year.length === 2;
  let year = Number(parts.year);
  if (twoDigits) {
    const lastYear = Number(latest.slice(0, 4));
    year += Math.floor(lastYear / 100) * 100;
    if (year > lastYear || (year === lastYear && `${parts.month}-${parts.day}` > latest.slice(5))) year -= 100;
  }
  if (!exists(year, Number(month), Number(day))) {
    return { date: null, message: 'This date does not exist: {value}.', params: { value: shown(value) } };
  }
  const date = `${String(year).padStart(4, '0')}-${month}-${day}`;
  if (date > latest)
    return { date: null, message: 'This date lies too far in the future: {value}.', params: { value: shown(value) } };
  return { date, year, twoDigits };
}

/** Year as written; month and day with two digits. */
function split(value: string, format: DateFormat): { year: string; month: string; day: string } | undefined {
  const iso = /^(\d{4})-(\d{2})-(\d{2})$/.exec(value);
  if (iso) return { year: iso[1]!, month: iso[2]!, day: iso[3]! };
  const local = /^(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})$/.exec(value);
  if (!local || format === 'YYYY-MM-DD') return undefined;
  const [first, second] = [local[1]!.padStart(2, '0'), local[3]!.padStart(2, '0')];
  const year = local[4]!;
  return format === 'MM/DD/YYYY' ? { year, month: first, day: second } : { year, month: second, day: first };
}

/** Years below 1000 are slips of the finger, and MySQL's DATE begins there. */
function exists(year: number, month: number, day: number): boolean {
  try {
    return new Temporal.PlainDate(year, month, day).year >= 1000;
  } catch {
    return false;
  }
}
