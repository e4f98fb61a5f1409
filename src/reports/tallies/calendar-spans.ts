import { type Span } from './tally.entities.js';

/** @returns the first day of the month, quarter or year of the calendar in which a day (`2026-11-20`) lies */
export function startOf(span: Span, day: string): string {
  const year = day.slice(0, 4);
  if (span === 'Y') return `${year}-01-01`;
  const month = Number(day.slice(5, 7));
  const first = span === 'Q' ? month - ((month - 1) % 3) : month;
  return `${year}-${String(first).padStart(2, '0')}-01`;
}

/** Whole spans that follow each other, by the first days of the first and of the last one; or days, both inclusive. */
export interface Stretch {
  span: Span | 'D';
  from: string;
  to: string;
}

const MONTHS = { M: 1, Q: 3, Y: 12 } as const;

/**
 * Cuts a range of days into as few stretches of whole years, quarters and months as there are, and days at its ends.
 * @param from first day @param to last day, both inclusive; from after to is nothing
 */
export function stretchesOf(from: string, to: string): Stretch[] {
  const stretches: Stretch[] = [];
  const end = Temporal.PlainDate.from(to).add({ days: 1 });
  let day = Temporal.PlainDate.from(from);
  while (Temporal.PlainDate.compare(day, end) < 0) {
    const text = day.toString();
    const span = (['Y', 'Q', 'M'] as const).find(
      (each) => startOf(each, text) === text && Temporal.PlainDate.compare(day.add({ months: MONTHS[each] }), end) <= 0,
    );
    const month = day.with({ day: 1 }).add({ months: 1 });
    const next = span ? day.add({ months: MONTHS[span] }) : Temporal.PlainDate.compare(month, end) < 0 ? month : end;
    const last = stretches.at(-1);
    const lastDay = span ? text : next.subtract({ days: 1 }).toString();
    if (last && last.span === (span ?? 'D')) last.to = lastDay;
    else stretches.push({ span: span ?? 'D', from: text, to: lastDay });
    day = next;
  }
  return stretches;
}
