import { addDays } from '../tenancy/index.js';
import { type Words } from './report-table.js';

/** Days that people ask about, seen from the day on which they ask, or on which a report by mail is due. */
export const RANGES = [
  'today',
  'yesterday',
  'last_7_days',
  'this_week',
  'last_week',
  'this_month',
  'last_month',
  'this_term',
] as const;
export type Range = (typeof RANGES)[number];

/** English; keys of the translation. */
export const RANGE_WORDS: Record<Range, Words> = {
  today: { text: 'Today' },
  yesterday: { text: 'Yesterday' },
  last_7_days: { text: 'The last 7 days' },
  this_week: { text: 'This week' },
  last_week: { text: 'Last week' },
  this_month: { text: 'This month' },
  last_month: { text: 'Last month' },
  this_term: { text: 'This reporting period' },
};

/** The days of a range, both inclusive. @returns null when they lie in no term */
export function daysOf(
  range: Range,
  day: string,
  terms: readonly { from: string; to: string }[],
): { from: string; to: string } | null {
  const date = Temporal.PlainDate.from(day);
  const monday = addDays(day, 1 - date.dayOfWeek);
  const first = date.with({ day: 1 });
  switch (range) {
    case 'today':
      return { from: day, to: day };
    case 'yesterday':
      return { from: addDays(day, -1), to: addDays(day, -1) };
    case 'last_7_days':
      return { from: addDays(day, -7), to: addDays(day, -1) };
    case 'this_week':
      return { from: monday, to: day };
    case 'last_week':
      return { from: addDays(monday, -7), to: addDays(monday, -1) };
    case 'this_month':
      return { from: first.toString(), to: day };
    case 'last_month':
      return { from: first.subtract({ months: 1 }).toString(), to: first.subtract({ days: 1 }).toString() };
    case 'this_term': {
      const term = terms.find(({ from, to }) => from <= day && day <= to);
      return term ? { from: term.from, to: day } : null;
    }
  }
}

/**
 * The ranges as a form offers them.
 * @param day the organization's
 * @param terms its reporting periods
 */
export const rangesOn = (
  day: string,
  terms: readonly { from: string; to: string }[],
): { words: Words; from: string; to: string }[] =>
  RANGES.flatMap((range) => {
    const days = daysOf(range, day, terms);
    return days ? [{ words: RANGE_WORDS[range], ...days }] : [];
  });
