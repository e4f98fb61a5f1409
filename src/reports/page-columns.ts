import { type Column, isShown, type Row } from './report-table.js';

/** A column as a page has it. */
export interface PageColumn extends Column {
  /** Its place in the rows. */
  at: number;
  /** How it stands: `num` as figures do; `folds`, on a phone small under the head of its row. */
  look: 'num' | 'folds' | null;
}

/** What a report is read for: it stands before the figures that it is made of, where no screen is too narrow for it. */
const FOREMOST = new Set(['rate', 'state']);
/** What tells two rows of one name apart. */
const FOLDING = new Set(['identifier', 'group']);
/** Seldom there, and told by the notes too: a page leaves them out where there is none. */
const RARE = new Set(['neutral', 'disputed']);

/** 0 minutes late is something that is said. */
const isUnsaid = (value: Row[number] | undefined) => value === null || value === undefined || value === '';

function lookOf({ key, kind }: Column, at: number): PageColumn['look'] {
  if (kind === 'count' || kind === 'minutes' || kind === 'share') return 'num';
  return at > 0 && FOLDING.has(key) ? 'folds' : null;
}

/**
 * Which columns of a report its page has, and in which order. Files keep all of them, in the order of the report.
 * @param rows those of the page
 */
export function pageColumns({ columns, rows, totals }: { columns: Column[]; rows: Row[]; totals?: Row }): PageColumn[] {
  const isEmpty = (at: number, nothing: (value: Row[number] | undefined) => boolean) =>
    rows.every((row) => nothing(row[at])) && nothing(totals?.[at]);
  const isLeftOut = ({ at, key, sparse }: (typeof all)[number]) =>
    (sparse && isEmpty(at, isUnsaid)) || (RARE.has(key) && isEmpty(at, (value) => !value));
  const all = columns.map((column, at) => ({ ...column, at, look: lookOf(column, at) }));
  const shown = all.filter((column) => isShown(column) && !isLeftOut(column));
  const isName = ({ kind, key }: Column) => (kind === 'text' || kind === 'day') && !FOREMOST.has(key);
  const others = shown.findIndex((column, at) => at > 0 && !isName(column));
  if (others < 0) return shown;
  const rest = shown.slice(others);
  return [
    ...shown.slice(0, others),
    ...rest.filter(({ key }) => FOREMOST.has(key)),
    ...rest.filter(({ key }) => !FOREMOST.has(key)),
  ];
}
