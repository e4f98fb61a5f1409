import { serialOf, workbookStream, type CellFormat, type SheetCell } from '../../platform/xlsx/workbook-stream.js';
import { type CellKind, type CellValue, type Column, type ReportTable, type Row, type Words } from '../report-table.js';

/** What a workbook needs to know about who will read it. */
export interface Reader {
  /** Puts the product's words into his language. */
  say: (words: Words) => string;
  timeZone: string;
  rightToLeft?: boolean;
}

/**
 * A report as a workbook (XLSX), piece by piece: numbers are numbers, days and times are dates of Excel (times as the
 * organization's clocks show them), shares are percent, and texts stay texts. Sums are the last row.
 * @param name of the sheet
 * @throws RangeError when there are more rows than a sheet has
 */
export function workbookOf(
  name: string,
  table: Pick<ReportTable, 'columns' | 'rows' | 'totals'>,
  { say, timeZone, rightToLeft = false }: Reader,
): AsyncGenerator<Buffer> {
  const shown = table.columns.map((column, at) => ({ ...column, at })).filter((column) => !isEmptyFigure(column));
  const heads = shown.map(({ head }) => (head.literal ? head.text : capital(say(head))));
  const columns = shown.map(({ kind }, at) => ({
    format: formatOf(kind),
    width: Math.min(WIDEST, Math.max(WIDTH[kind], heads[at]!.length + 2)),
  }));
  const local = localClock(timeZone);
  const cellsOf = (row: Row): SheetCell[] => shown.map(({ kind, at }) => cellOf(kind, row[at] ?? null, local));
  return workbookStream({ name, columns, rightToLeft }, cells());

  async function* cells(): AsyncGenerator<SheetCell[]> {
    yield heads;
    for await (const rows of table.rows) for (const row of rows) yield cellsOf(row);
    if (table.totals) yield cellsOf(table.totals);
  }
}

/** A figure that a person is not shown says nothing: none of what was not asked, or a rate of some states alone. */
const isEmptyFigure = ({ kind, hidden }: Column): boolean => !!hidden && (kind === 'count' || kind === 'share');

/** The organization's own words begin small. */
const capital = ([first = '', ...rest]: string): string => first.toLocaleUpperCase() + rest.join('');

function formatOf(kind: CellKind): CellFormat {
  if (kind === 'day' || kind === 'time' || kind === 'share') return kind;
  return kind === 'text' || kind === 'state' || kind === 'yes' ? 'text' : 'whole';
}

/** In characters. */
const WIDTH: Record<CellKind, number> = {
  text: 24,
  state: 12,
  day: 12,
  time: 18,
  count: 10,
  minutes: 10,
  share: 10,
  yes: 9,
  weekday: 10,
  id: 10,
};
const WIDEST = 60;

function cellOf(kind: CellKind, value: CellValue, local: (time: Date) => number): SheetCell {
  if (value === null) return null;
  if (kind === 'day') return serialOf(Date.parse(`${value as string}T00:00:00Z`)) ?? (value as string);
  // To the second: Excel would show a half of it as the next minute.
  if (kind === 'time') return serialOf(Math.floor(local(value as Date) / 1000) * 1000) ?? (value as Date).toISOString();
  if (kind === 'share') return Math.round((value as number) * 10_000) / 10_000;
  return value as SheetCell;
}

/** No zone changes its clock within such a stretch. */
const STRETCH_MS = 900_000;

/** @returns what gives the time that the clocks of a zone show, as milliseconds from 1970-01-01T00:00 on those clocks */
function localClock(timeZone: string): (time: Date) => number {
  const offsets = new Map<number, number>();
  return (time) => {
    const stretch = Math.floor(time.getTime() / STRETCH_MS);
    let offset = offsets.get(stretch);
    if (offset === undefined) {
      const instant = Temporal.Instant.fromEpochMilliseconds(time.getTime());
      offset = instant.toZonedDateTimeISO(timeZone).offsetNanoseconds / 1e6;
      // A year has 35,000 of them.
      if (offsets.size > 100_000) offsets.clear();
      offsets.set(stretch, offset);
    }
    return time.getTime() + offset;
  };
}
