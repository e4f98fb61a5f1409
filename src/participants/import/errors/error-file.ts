import iconv from 'iconv-lite';
import { bytesOf, type TableShape } from '../read-table.js';
import { ERRORS_COLUMN, isErrorsColumn } from '../recognise.js';
import { inert } from '../../../platform/inert.js';
import { workbookStream } from '../../../platform/xlsx/workbook-stream.js';
import { type RowNotTaken } from './rows-not-taken.js';

/** Bytes that are handed on together. */
const PIECE = 64 * 1024;
const LINE_ENDS = { LF: '\n', CR: '\r', CRLF: '\r\n' } as const;
const BOMS = { 'utf-8': [0xef, 0xbb, 0xbf], 'utf-16le': [0xff, 0xfe], 'utf-16be': [0xfe, 0xff] } as const;

/** Puts what is wrong with a row into words; `plain` in English, for files that cannot hold other letters. */
export type Say = (row: RowNotTaken, plain?: boolean) => string;

/**
 * Rows of a CSV file as they stand there, byte for byte, with one more column that says what is wrong: in the file's own
 * encoding, separators and line ends. An older column of ours makes room for the new one.
 * @param rows the header first
 */
export async function* errorsAsCsv(
  rows: AsyncIterable<RowNotTaken>,
  shape: TableShape,
  say: Say,
): AsyncGenerator<Buffer> {
  const { encoding, delimiter, header } = shape;
  const encode = (text: string) => iconv.encode(text, encoding);
  const ours = header.findIndex(isErrorsColumn);
  const lineEnd = encode(LINE_ENDS[shape.lineEnd]);
  // What was read in bytes is written in bytes; UTF-16 was read as text.
  const back = encoding.startsWith('utf-16') ? encode : bytesOf;
  let pieces: Buffer[] = [];
  let length = 0;
  const put = (bytes: Buffer) => {
    pieces.push(bytes);
    length += bytes.length;
  };
  if (shape.hasBom && encoding !== 'windows-1252') put(Buffer.from(BOMS[encoding]));
  for await (const row of rows) {
    const cells = row.cells.filter((_, at) => at !== ours);
    put(ours < 0 ? row.written : back(cells.map((cell) => quotedIfNeeded(cell, delimiter)).join(delimiter)));
    const missing = header.length - (ours < 0 ? 0 : 1) - cells.length;
    put(encode(delimiter.repeat(Math.max(0, missing) + 1)));
    put(row.row === 1 ? encode(ERRORS_COLUMN) : errorCell(row, say, encode, encoding === 'windows-1252'));
    put(lineEnd);
    if (length < PIECE) continue;
    yield Buffer.concat(pieces);
    pieces = [];
    length = 0;
  }
  if (length > 0) yield Buffer.concat(pieces);
}

/** The same of a workbook, as a workbook of one sheet: text in every cell, so nothing in it is live. */
export function errorsAsWorkbook(
  rows: AsyncIterable<RowNotTaken>,
  { header }: TableShape,
  say: Say,
): AsyncGenerator<Buffer> {
  const ours = header.findIndex(isErrorsColumn);
  const width = header.length - (ours < 0 ? 0 : 1);
  return workbookStream({ name: 'Import' }, cells());

  async function* cells(): AsyncGenerator<string[]> {
    for await (const row of rows) {
      // The sheet was unpacked into UTF-8, which was read byte by byte.
      const own = row.cells.filter((_, at) => at !== ours).map((cell) => bytesOf(cell).toString('utf8'));
      while (own.length < width) own.push('');
      yield [...own, row.row === 1 ? ERRORS_COLUMN : plainLine(say(row))];
    }
  }
}

const quotedIfNeeded = (cell: string, delimiter: string): string =>
  cell.includes(delimiter) || /["\r\n]|^\s|\s$/.test(cell) ? quoted(cell) : cell;

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** Always in quotation marks, one line, and never the beginning of a formula. */
function errorCell(row: RowNotTaken, say: Say, encode: (text: string) => Buffer, narrow: boolean): Buffer {
  const cellOf = (plain: boolean) => quoted(inert(plainLine(say(row, plain))));
  const cell = cellOf(false);
  const bytes = encode(cell);
  // Letters that Windows-1252 does not have: better a sentence in English than question marks.
  return narrow && iconv.decode(bytes, 'windows-1252') !== cell ? encode(cellOf(true)) : bytes;
}

const plainLine = (text: string): string => text.replace(/\s+/g, ' ').trim();
