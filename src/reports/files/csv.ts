import { stringify } from 'csv-stringify/sync';
import { inert } from '../../platform/inert.js';
import { type CellKind, type CellValue, type ReportTable } from '../report-table.js';

/** RFC 4180: commas, and lines that end in CR LF. */
const CSV = { delimiter: ',', record_delimiter: '\r\n' } as const;
/** What such a cell cannot hold as it is; and what other readers take for the end of a cell. */
const NEEDS_QUOTES = /[",;\t\r\n]/;
/** With it Excel takes the bytes for UTF-8; other programs read over it. */
const BOM = '\u{FEFF}';
/** Characters that are handed on together. */
const PIECE = 64 * 1024;

export const CSV_TYPE = 'text/csv; charset=utf-8';

/**
 * A report as CSV in UTF-8, piece by piece: heads are the keys of the columns, values are as the REST interface gives
 * them, sums are left out. Text that a spreadsheet would take for a formula is made inert; numbers stay numbers.
 */
export async function* csvOf(
  table: Pick<ReportTable, 'columns' | 'rows'>,
  { bom = false }: { bom?: boolean } = {},
): AsyncGenerator<Buffer> {
  const write = table.columns.map(({ kind }) => WRITE[kind]);
  let text = `${bom ? BOM : ''}${table.columns.map(({ key }) => textCell(key)).join(CSV.delimiter)}${CSV.record_delimiter}`;
  for await (const rows of table.rows) {
    for (const row of rows) {
      for (let at = 0; at < write.length; at++) {
        const value = row[at];
        if (at > 0) text += CSV.delimiter;
        if (value !== null && value !== undefined) text += write[at]!(value);
      }
      text += CSV.record_delimiter;
    }
    if (text.length < PIECE) continue;
    yield Buffer.from(text);
    text = '';
  }
  if (text !== '') yield Buffer.from(text);
}

const WRITE: Record<CellKind, (value: NonNullable<CellValue>) => string> = {
  text: (value) => textCell(String(value)),
  state: (value) => textCell(String(value)),
  day: String,
  time: (value) => (value as Date).toISOString(),
  count: String,
  minutes: String,
  weekday: String,
  id: (value) => (typeof value === 'number' ? String(value) : textCell(String(value))),
  share: (value) => String(Math.round((value as number) * 10_000) / 10_000),
  yes: (value) => (value ? 'true' : 'false'),
};

/**
 * Most cells hold nothing that must be put in quotation marks; the library is asked about the others. Asked about every
 * cell it takes longer than the database (docs/decisions/032-files-and-exports.md).
 */
function textCell(text: string): string {
  const cell = inert(text.isWellFormed() ? text : text.toWellFormed());
  return NEEDS_QUOTES.test(cell) ? stringify([[cell]], { ...CSV, eof: false, quoted: true }) : cell;
}
