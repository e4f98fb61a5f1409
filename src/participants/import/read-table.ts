import { on } from 'node:events';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { CsvError, Parser } from 'csv-parse';
import iconv from 'iconv-lite';
import { detectText, type TextEncoding } from './detect-text.js';
import { TableRefused } from './problem.js';
import { uninert } from '../../platform/inert.js';
import { sameColumn } from './recognise.js';
import { surveyText, type Delimiter, type LineEnd } from './survey-text.js';

/** What was found out about a delimited text file. Plain data: it may be kept with the job as JSON. */
export interface TableShape {
  encoding: TextEncoding;
  hasBom: boolean;
  delimiter: Delimiter;
  /** The line end met most; the reader takes all three in any mixture. */
  lineEnd: LineEnd;
  /** Column names as written, trimmed; an unnamed column is ''. */
  header: string[];
  /** It was unpacked from a workbook, whose text cells are never live: nothing in it was made inert. */
  workbook?: boolean;
}

/** One record of the file. */
export interface TableRow {
  /** Record number; the header is record 1, blank lines are not records (contract, "Refusals"). */
  row: number;
  /** The cells, without what made them inert (platform/inert.ts). May be shorter than the header: what is missing is empty. */
  cells: string[];
  /** The row has more cells than the header has columns, so none of them can be trusted. */
  tooMany: boolean;
}

/** Largest file taken, in bytes (contract: "over 50 MB 413"). */
export const MOST_BYTES = 50 * 1024 * 1024;
const MOST_COLUMNS = 1000;
/** Characters in one record; bounds the memory an open quotation mark can take. */
const MOST_CHARACTERS = 200_000;

/**
 * Finds encoding, byte order mark, delimiter, line end and header of the file on disk.
 * Throws TableRefused: `empty`, `only_header`, `no_header`, `not_csv`, `duplicate_column`, `too_large`, or what readRows throws.
 */
export async function detectTable(file: string): Promise<TableShape> {
  const { size } = await stat(file);
  if (size > MOST_BYTES) throw new TableRefused('too_large', { most: MOST_BYTES / 1024 / 1024 });
  if (size === 0) throw new TableRefused('empty');
  const { encoding, hasBom, sample, whole } = await detectText(file);
  const { delimiter, lineEnd } = surveyText(sample, whole);

  let header: string[] | undefined;
  let hasRows = false;
  for await (const batch of records(file, { encoding, hasBom, delimiter })) {
    header ??= batch.shift()?.map((cell) => cell.trim());
    hasRows = batch.some((cells) => !isBlank(cells));
    if (hasRows) break;
  }
  if (!header) throw new TableRefused('empty');
  if (isBlank(header) || header.some((name) => name.length > 200 || /\p{Cc}/u.test(name)))
    throw new TableRefused('no_header');
  const seen = new Set<string>();
  for (const column of header.filter((name) => name !== '')) {
    if (seen.has(sameColumn(column))) throw new TableRefused('duplicate_column', { column });
    seen.add(sameColumn(column));
  }
  if (!hasRows) throw new TableRefused('only_header');
  return { encoding, hasBom, delimiter, lineEnd, header };
}

/**
 * The rows below the header, one by one, in bounded memory. A row whose cells are all empty has its number but is not
 * handed out. `from`: first record number wanted, so that a job goes on where it stopped.
 * Throws TableRefused `quote_not_closed`, `row_too_long` or `too_many_columns` when it comes to such a row.
 */
export async function* readRows(file: string, shape: TableShape, from = 2): AsyncGenerator<TableRow, void, undefined> {
  let row = 0;
  for await (const batch of records(file, shape)) {
    for (const cells of batch) {
      row++;
      if (row < from || row === 1 || isBlank(cells)) continue;
      const tooMany = cells.length > shape.header.length;
      yield { row, cells: shape.workbook ? cells : cells.map(uninert), tooMany };
    }
  }
}

/** One record with what stands in the file for it. */
export interface WrittenRow extends TableRow {
  /** Its bytes without the line end; of a UTF-16 file, in that encoding. */
  written: Buffer;
}

/** The header (row 1) and the rows below it as readRows gives them, each with its bytes. The cells are not to be shown. */
export async function* readWrittenRows(file: string, shape: TableShape): AsyncGenerator<WrittenRow, void, undefined> {
  const encode = isWide(shape.encoding) ? (text: string) => iconv.encode(text, shape.encoding) : bytesOf;
  let row = 0;
  for await (const batch of records<{ record: string[]; raw: string }>(file, shape, true)) {
    for (const { record: cells, raw } of batch) {
      row++;
      if (row > 1 && isBlank(cells)) continue;
      const written = encode(raw.replace(/^[\r\n]+|[\r\n]+$/g, ''));
      yield { row, cells, tooMany: cells.length > shape.header.length, written };
    }
  }
}

/** Whether a character takes more than one byte, the separators included. */
const isWide = (encoding: TextEncoding) => encoding === 'utf-16le' || encoding === 'utf-16be';

/** The bytes that were read as one character each. */
export const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');

const isBlank = (cells: string[]) => cells.every((cell) => cell === '' || cell.trim() === '');

/**
 * Every record, header and all, a chunk of the file at a time: a step for each record would cost as much as its parsing.
 * @param asWritten with the text of each record. What separates cells and rows is ASCII, and in UTF-8 and Windows-1252
 *   such a byte is nothing else: there the bytes are parsed as they are, one character each, so that none is lost
 */
async function* records<R extends string[] | { record: string[]; raw: string } = string[]>(
  file: string,
  { encoding, hasBom, delimiter }: Pick<TableShape, 'encoding' | 'hasBom' | 'delimiter'>,
  asWritten = false,
): AsyncGenerator<R[], void, undefined> {
  const asBytes = asWritten && !isWide(encoding);
  const parser = new Parser({
    raw: asWritten,
    encoding: asBytes ? 'latin1' : 'utf8',
    delimiter,
    record_delimiter: ['\r\n', '\n', '\r'],
    skip_empty_lines: true,
    relax_column_count: true,
    // 5" pipe: a quotation mark inside an unquoted cell is a character like any other.
    relax_quotes: true,
    // a, "b" : a space before the quotation mark.
    ltrim: true,
    max_record_size: MOST_CHARACTERS,
  });
  // The parser bounds the characters of a record but not its cells, and empty cells have no characters.
  const { state } = parser as unknown as { state: { record: unknown[] } };
  const guardColumns = (found: number) => {
    if (found > MOST_COLUMNS)
      throw new TableRefused('too_many_columns', { row: parser.info.records + 1, most: MOST_COLUMNS });
  };
  const toUtf8 = async function* (bytes: AsyncIterable<Buffer>) {
    const decoder = iconv.getDecoder(encoding, { stripBOM: true });
    let held = '';
    for await (const chunk of bytes) {
      guardColumns(state.record.length);
      if (encoding === 'utf-8' || asBytes) {
        yield chunk;
        continue;
      }
      const text = held + decoder.write(chunk);
      // Half of a character beyond the basic plane waits for its other half.
      held = /[\uD800-\uDBFF]$/.exec(text)?.[0] ?? '';
      yield Buffer.from(held ? text.slice(0, -1) : text);
    }
    yield Buffer.from(held + (decoder.end() ?? ''));
  };
  // An error anywhere destroys all three and comes out of the loop below; so does leaving the loop early.
  const bytes = createReadStream(file, { start: encoding === 'utf-8' && hasBom ? 3 : 0 });
  pipeline(bytes, toUtf8, parser, () => {});
  try {
    for await (const _ of on(parser, 'readable', { close: ['end', 'close'] })) {
      const batch: R[] = [];
      for (let found: R | null; (found = parser.read() as R | null) !== null;) {
        guardColumns((Array.isArray(found) ? found : found.record).length);
        batch.push(found);
      }
      if (batch.length > 0) yield batch;
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new TableRefused(error.code === 'CSV_QUOTE_NOT_CLOSED' ? 'quote_not_closed' : 'row_too_long', {
      row: parser.info.records + 1,
    });
  } finally {
    parser.destroy();
  }
}
