import { type StateCategory } from '../tenancy/index.js';
import { type Asked } from './asked.js';
import { type Words } from './report-table.js';

/** A picture of figures, before it is drawn. Labels are shown as they stand; `href` leads to the rows behind a bar. */
export type Chart =
  | {
      kind: 'marks';
      title: Words;
      /** Bars lie under each other, for names; absent: they stand side by side, for periods. */
      lay?: 'across';
      /** All bars, where these are a part of them: parts that stand side by side have one scale and one key. */
      whole?: Extract<Chart, { kind: 'marks' }>['bars'];
      /** Marks by category, one bar each. */
      bars: { label: string; href?: string | undefined; marks: Partial<Record<StateCategory, number>> }[];
    }
  | {
      kind: 'rates';
      title: Words;
      /** Shares of 0 to 1; null where nothing counts. */
      points: { label: string; href?: string; rate: number | null }[];
    }
  | {
      kind: 'week';
      title: Words;
      /** What squares say: rates, or how many marks there are. */
      of: 'rates' | 'marks';
      /** weekday 1 (Monday) to 7, hour 0 to 23. */
      cells: { weekday: number; hour: number; rate: number | null; marks: number }[];
    }
  | {
      kind: 'year';
      title: Words;
      /** The last of its 365 days. */
      to: string;
      /** A category where the day is one person's, else a rate. */
      days: { day: string; rate: number | null; marks: number; category?: StateCategory; href?: string | undefined }[];
    };

/**
 * The last day of a picture of a year: that of the question; where it lies ahead, the last day on which there is something.
 * @param days those with marks
 */
export function lastDayOf({ lastDay, today }: Pick<Asked, 'lastDay' | 'today'>, days: string[]): string {
  const last = lastDay ?? today;
  const latest = days.reduce((one, other) => (one > other ? one : other), today);
  return last > latest ? latest : last;
}
