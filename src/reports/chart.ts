import { type StateCategory } from '../tenancy/index.js';
import { type Words } from './report-table.js';

/** A picture of figures, before it is drawn. Labels are shown as they stand; `href` leads to the rows behind a bar. */
export type Chart =
  | {
      kind: 'marks';
      title: Words;
      /** Marks by category, one bar each. */
      bars: { label: string; href?: string; marks: Partial<Record<StateCategory, number>> }[];
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
      /** weekday 1 (Monday) to 7, hour 0 to 23. */
      cells: { weekday: number; hour: number; rate: number | null; marks: number }[];
    }
  | {
      kind: 'year';
      title: Words;
      /** The last of its 365 days. */
      to: string;
      /** A category where the day is one person's, else a rate. */
      days: { day: string; rate: number | null; marks: number; category?: StateCategory; href?: string }[];
    };
