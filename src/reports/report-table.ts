/**
 * What a report says, in one form for every way of showing it: the page, JSON, CSV, a workbook and PDF are written from
 * this and know nothing of the question behind it.
 */

/**
 * What the values of a column are.
 * text: string · day: `2026-11-20` · time: Date, shown in the organization's time zone · count, minutes: whole number ·
 * state: the code of a presence state, with ` *` behind it where the mark is disputed ·
 * share: 0 to 1, shown in percent · yes: boolean · weekday: 1 (Monday) to 7 · id: number, only for programs
 */
export type CellKind = 'text' | 'state' | 'day' | 'time' | 'count' | 'minutes' | 'share' | 'yes' | 'weekday' | 'id';

/** null: there is nothing to say (a share of nothing, a time that nobody noted). */
export type CellValue = string | number | boolean | Date | null;

/** A text of the product: English, the key of its translation, with the values of its placeholders. */
export interface Words {
  text: string;
  params?: Record<string, string | number>;
  /** The text comes from the organization (the label of a state, a name): it is not translated. */
  literal?: boolean;
}

export interface Column {
  /** snake_case: the field in JSON and the head in CSV. */
  key: string;
  /** The head on pages, in workbooks and in PDF. */
  head: Words;
  kind: CellKind;
  /** Only for programs, as every id is. */
  hidden?: boolean;
  /** A page leaves it out where nobody has anything in it. */
  sparse?: boolean;
}

/** @returns whether a person is shown the column, on pages and on paper */
export const isShown = ({ kind, hidden }: Column): boolean => kind !== 'id' && !hidden;

/** Values in the order of the columns. */
export type Row = CellValue[];

export interface ReportTable {
  columns: Column[];
  /** Piece by piece, so that a long report is never held as a whole. */
  rows: AsyncIterable<Row[]>;
  /** The sums under the table, in the order of the columns; null leaves a place empty. */
  totals?: Row;
}

/** A report as a person holds it: the table and everything that makes it understood. */
export interface ReportDocument extends ReportTable {
  title: Words;
  /** First and last local day, both inclusive; null: without limit. */
  from: string | null;
  to: string | null;
  /** What it was narrowed to, for example `Group: 4b`. */
  filters: { name: Words; value: Words }[];
  /** What the figures mean: what a rate is a share of, what is left out, how many marks are disputed. */
  notes: Words[];
  /** Finished SVG pictures, each with its title inside. */
  charts: string[];
}
