import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { TableRefused } from '../problem.js';
import { type Archive } from './archive.js';
import { MOST_BYTES } from '../read-table.js';
import { cellDate, dateStyles } from './dates.js';
import { readXml } from './read-xml.js';

/** A sheet of Excel has no more rows; a file that says so is not from there. */
const MOST_ROWS = 1_048_576;
const MOST_COLUMNS = 1_000;
/** Characters that all cells together may share as text: bounds the memory that a file of 50 MB can take. */
const MOST_SHARED = 60_000_000;
/** How many they are at most: a sheet of this many rows with several columns of text. */
const MOST_SHARED_TEXTS = 5_000_000;
/** Characters of one cell, as Excel has it. */
const MOST_CELL = 32_767;

/** @returns whether an archive is a workbook (XLSX) */
export const isWorkbook = (archive: Archive): boolean => archive.has('xl/workbook.xml');

/**
 * Writes the first sheet of a workbook that is shown as a CSV file (UTF-8, commas), row by row: the importer then reads
 * one form only. Dates become 2026-11-20, times of day are cut off; formulas give the value that was saved with them.
 * Rows keep their numbers: an empty one stays an empty one.
 * @param target where the CSV goes; written anew
 * @throws TableRefused
 */
export async function workbookToCsv(archive: Archive, target: string): Promise<void> {
  const sheet = await firstSheet(archive);
  const shared = await sharedTexts(archive);
  const { isDate, from1904 } = await dateStyles(archive);
  const out = createWriteStream(target);
  // A full disk is told by the next piece, not by the end of the process.
  let unwritten: Error | null = null;
  out.on('error', (error) => (unwritten ??= error));
  let pending = '';
  let failed: TableRefused | null = null;
  let rows = 0;
  let written = 0;
  let characters = 0;
  let cells: string[] = [];
  let cell: { at: number; type: string; style: number; value: string } | null = null;
  let inValue = false;

  const refuse = (code: 'too_many_rows' | 'too_many_columns' | 'row_too_long' | 'too_large', params = {}) => {
    failed ??= new TableRefused(code, {
      row: rows,
      most: code === 'too_many_rows' ? MOST_ROWS : MOST_COLUMNS,
      ...params,
    });
  };
  const valueOf = ({ type, style, value }: NonNullable<typeof cell>): string => {
    if (value === '') return '';
    if (type === 's') return shared[Number(value)] ?? '';
    if (type === 'b') return value === '1' ? 'true' : 'false';
    if (type === 'e') return '';
    if (type === 'n' && isDate(style)) return cellDate(Number(value), from1904) ?? value;
    return value;
  };
  const endRow = () => {
    while (cells.at(-1) === '') cells.pop();
    // Rows above the head are decoration; below it an empty row keeps the numbers of those after it.
    if (cells.length > 0 || written > 0) {
      written++;
      const line = cells.length > 0 ? `${cells.map(quoted).join(',')}\r\n` : '"",\r\n';
      // One text may stand in millions of cells.
      characters += line.length;
      if (characters > MOST_BYTES) refuse('too_large', { most: MOST_BYTES / 1024 / 1024 });
      else pending += line;
    }
    cells = [];
  };

  await readXml(await archive.read(sheet), {
    open(name, attributes) {
      if (failed) return;
      if (name === 'row') {
        const number = Number(attributes.r ?? rows + 1);
        if (!Number.isSafeInteger(number) || number > MOST_ROWS || ++rows > MOST_ROWS) return refuse('too_many_rows');
        // Rows that were left out are empty ones.
        for (; written > 0 && rows < number && !failed; rows++) endRow();
        rows = number;
      } else if (name === 'c') {
        const at = attributes.r ? columnOf(attributes.r) : cells.length;
        if (at >= MOST_COLUMNS || at < 0) return refuse('too_many_columns');
        cell = { at, type: attributes.t ?? 'n', style: Number(attributes.s ?? 0), value: '' };
      } else if (name === 'v' || name === 't') inValue = true;
    },
    text(text) {
      if (!inValue || !cell || failed) return;
      cell.value += text;
      if (cell.value.length > MOST_CELL) refuse('row_too_long');
    },
    close(name) {
      if (failed) return;
      if (name === 'v' || name === 't') inValue = false;
      else if (name === 'c' && cell) {
        while (cells.length <= cell.at) cells.push('');
        cells[cell.at] = valueOf(cell);
        cell = null;
      } else if (name === 'row') endRow();
    },
    async done() {
      if (failed) throw failed;
      if (unwritten) throw unwritten;
      // The disk may be slower than the reading: what waits for it must not pile up.
      if (pending && !out.write(pending)) await once(out, 'drain');
      pending = '';
      return false;
    },
  }).catch((error: unknown) => {
    out.destroy();
    throw error;
  });
  if (pending) out.write(pending);
  out.end();
  await finished(out);
}

const quoted = (text: string): string => (/[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** "BC12" is column 54, counted from 0. */
function columnOf(reference: string): number {
  let column = 0;
  for (const letter of reference) {
    const at = letter.charCodeAt(0) - 64;
    if (at < 1 || at > 26) break;
    column = column * 26 + at;
    if (column > 20_000) break;
  }
  return column - 1;
}

/** The path of the first sheet that is not hidden. */
async function firstSheet(archive: Archive): Promise<string> {
  let id: string | null = null;
  await readXml(await archive.read('xl/workbook.xml'), {
    open(name, { id: relation, state }) {
      if (name === 'sheet' && id === null && relation && (state ?? 'visible') === 'visible') id = relation;
    },
  });
  let path: string | null = null;
  if (id !== null && archive.has('xl/_rels/workbook.xml.rels'))
    await readXml(await archive.read('xl/_rels/workbook.xml.rels'), {
      open(name, { Id, Target }) {
        if (name === 'Relationship' && Id === id && Target) path = Target;
      },
    });
  const found =
    path === null ? null : (path as string).startsWith('/') ? (path as string).slice(1) : `xl/${path as string}`;
  if (found === null || !archive.has(found)) throw new TableRefused('broken_workbook');
  return found;
}

/** Texts that several cells share, in their order. A text may be cut into runs of different looks. */
async function sharedTexts(archive: Archive): Promise<string[]> {
  const texts: string[] = [];
  if (!archive.has('xl/sharedStrings.xml')) return texts;
  let current: string | null = null;
  let inText = false;
  let phonetic = false;
  let sum = 0;
  await readXml(await archive.read('xl/sharedStrings.xml'), {
    open(name) {
      if (name === 'si') current = '';
      else if (name === 'rPh') phonetic = true;
      else if (name === 't') inText = !phonetic;
    },
    text(text) {
      if (!inText || current === null) return;
      current += text;
      sum += text.length;
    },
    close(name) {
      if (name === 't') inText = false;
      else if (name === 'rPh') phonetic = false;
      else if (name === 'si') {
        texts.push((current ?? '').slice(0, MOST_CELL));
        current = null;
      }
    },
    done() {
      if (sum > MOST_SHARED || texts.length > MOST_SHARED_TEXTS)
        throw new TableRefused('archive_too_large', { most: MOST_SHARED / 1_000_000 });
      return false;
    },
  });
  return texts;
}
