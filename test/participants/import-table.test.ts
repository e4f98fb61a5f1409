import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import iconv from 'iconv-lite';
import { TableRefused } from '../../src/participants/import/problem.js';
import { detectTable, readRows, type TableRow } from '../../src/participants/import/read-table.js';

const folder = mkdtempSync(join(tmpdir(), 'omnipresence-import-'));
afterAll(() => rmSync(folder, { recursive: true }));

let made = 0;
function fileOf(content: string | Buffer): string {
  const path = join(folder, `${++made}.csv`);
  writeFileSync(path, content);
  return path;
}

async function rowsOf(content: string | Buffer, from?: number): Promise<TableRow[]> {
  const file = fileOf(content);
  return Array.fromAsync(readRows(file, await detectTable(file), from));
}

async function refusalOf(content: string | Buffer): Promise<TableRefused> {
  const error = await rowsOf(content).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TableRefused);
  return error as TableRefused;
}

/** Numbers that look random and are the same in every run. */
function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe('reading a table file', () => {
  it.each([
    ['LF', '\n'],
    ['CR', '\r'],
    ['CRLF', '\r\n'],
  ])('reads lines that end with %s, the last one with or without it', async (name, end) => {
    for (const last of ['', end, end + end]) {
      const file = fileOf(['School_id,Name', '02M800,"O\'Hara, Kim"', '', '13K123,Bea'].join(end) + last);
      const shape = await detectTable(file);
      expect(shape).toEqual({
        encoding: 'utf-8',
        hasBom: false,
        delimiter: ',',
        lineEnd: name,
        header: ['School_id', 'Name'],
      });
      expect(await Array.fromAsync(readRows(file, shape))).toEqual([
        { row: 2, cells: ['02M800', "O'Hara, Kim"], tooMany: false },
        { row: 3, cells: ['13K123', 'Bea'], tooMany: false },
      ]);
    }
  });

  it('keeps line ends and doubled quotation marks inside quotation marks', async () => {
    const rows = await rowsOf(
      'name,note\r"Ana ""Nan"" Berg","one\r\ntwo\nthree\rfour"\rBea,"5"" pipe"\rEmil,5" pipe\r',
    );
    expect(rows.map(({ cells }) => cells)).toEqual([
      ['Ana "Nan" Berg', 'one\r\ntwo\nthree\rfour'],
      ['Bea', '5" pipe'],
      ['Emil', '5" pipe'],
    ]);
  });

  it('reads a file whose line ends are mixed', async () => {
    expect((await rowsOf('a,b\r\n1,2\n3,4\r5,6')).map(({ cells }) => cells.join())).toEqual(['1,2', '3,4', '5,6']);
  });

  const text = 'first_name;last_name\nJosé;Müller-Weiß\nZoë;Ågren\nRenée;Łuk\n';
  const latin = text.replace('Łuk', 'Œuvré–€');
  it.each([
    ['utf-8', false, Buffer.from(text), text],
    ['utf-8', true, Buffer.from(`\uFEFF${text}`), text],
    ['utf-16le', true, iconv.encode(text, 'utf-16le', { addBOM: true }), text],
    ['utf-16le', false, iconv.encode(text, 'utf-16le', { addBOM: false }), text],
    ['utf-16be', true, iconv.encode(text, 'utf-16be', { addBOM: true }), text],
    ['utf-16be', false, iconv.encode(text, 'utf-16be', { addBOM: false }), text],
    ['windows-1252', false, iconv.encode(latin, 'windows-1252'), latin],
  ])('finds %s (byte order mark: %s)', async (encoding, hasBom, bytes, expected) => {
    const file = fileOf(bytes);
    const shape = await detectTable(file);
    expect(shape).toMatchObject({ encoding, hasBom, delimiter: ';', header: ['first_name', 'last_name'] });
    const rows = await Array.fromAsync(readRows(file, shape));
    expect(rows.map(({ cells }) => cells.join(';'))).toEqual(expected.trim().split('\n').slice(1));
  });

  it('finds Windows-1252 when the only accent stands in the last of many rows', async () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `Ana,Berg ${i}`);
    const rows = await rowsOf(iconv.encode(['first_name,last_name', ...lines, 'José,Berg'].join('\n'), 'windows-1252'));
    expect(rows.at(-1)).toEqual({ row: 20_002, cells: ['José', 'Berg'], tooMany: false });
  });

  it.each(['utf-8', 'utf-16le', 'utf-16be'])(
    'keeps %s characters whole where the file is cut into chunks',
    async (encoding) => {
      const lines = Array.from({ length: 9000 }, (_, i) => `${'x'.repeat(i % 7)}😀é,漢字${i}`);
      const rows = await rowsOf(iconv.encode(['a,b', ...lines].join('\n'), encoding as 'utf-8', { addBOM: true }));
      expect(rows.map(({ cells }) => cells.join())).toEqual(lines);
    },
  );

  it.each([
    [',', 'name,note\nAna,"a;b;c"\nBea,"d;e;f"'],
    [';', 'name;"note, or more, or less"\nAna;"1,2"\nBea;3,5'],
    ['\t', 'name\tnote\nAna\ta, b; c\nBea\td, e; f'],
    ['|', 'name|note\nAna|x,y,z\nBea|x;y;z'],
    [',', 'name\nAna\nBea'],
    [';', 'full name, please;first_name;last_name\nA, B;A;B\nC;C;D'],
  ])('finds the delimiter %j', async (delimiter, content) => {
    expect((await detectTable(fileOf(content))).delimiter).toBe(delimiter);
  });

  it('tells of too many cells, pads nothing, and numbers rows as records', async () => {
    expect(await rowsOf('a,b\n\n1,2,3\n   \n4\n,,\n"",""\n5, "six, 6"\n')).toEqual([
      { row: 2, cells: ['1', '2', '3'], tooMany: true },
      { row: 3, cells: ['4'], tooMany: false },
      { row: 6, cells: ['5', 'six, 6'], tooMany: false },
    ]);
  });

  it('goes on from a given row', async () => {
    expect((await rowsOf('a,b\n1,1\n2,2\n3,3\n', 3)).map(({ row }) => row)).toEqual([3, 4]);
  });

  it('may be left early without holding the file', async () => {
    const file = fileOf(`a,b\n${'1,2\n'.repeat(200_000)}`);
    for await (const { row } of readRows(file, await detectTable(file))) if (row > 10) break;
    rmSync(file);
  });
});

describe('refusing a file', () => {
  it.each([
    ['nothing', '', 'empty'],
    ['only a byte order mark', '\uFEFF', 'empty'],
    ['only blank lines', ' \n\r\n  \n', 'empty'],
    ['only a header', 'first_name,last_name\r\n', 'only_header'],
    ['only a header and empty rows', 'first_name,last_name\n,\n,\n', 'only_header'],
    ['a first line without names', ',,\n1,2,3\n', 'no_header'],
    ['the same column twice', 'First Name,last_name,first-name\nA,B,C\n', 'duplicate_column'],
    ['a quotation mark that is never closed', 'a,b\n1,"2\n3,4\n', 'quote_not_closed'],
    ['a cell without end', `a,b\n1,"${'x\n'.repeat(200_000)}`, 'row_too_long'],
    ['a row of nothing but commas', `a,b\n1,2\n${','.repeat(300_000)}\n`, 'too_many_columns'],
    ['JSON', '[{"first_name": "Ana"}]\n', 'not_csv'],
    ['a web page', '<!DOCTYPE html>\n<html></html>\n', 'not_csv'],
    ['NUL bytes throughout', Buffer.alloc(4096), 'not_csv'],
    ['a picture', Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1'), 'not_csv'],
    ['an Excel workbook', Buffer.from('PK\x03\x04\x14\0\x06\0[Content_Types].xml', 'latin1'), 'not_csv'],
    ['a PDF', '%PDF-1.7\n1 0 obj\n', 'not_csv'],
  ])('says that it is %s', async (_what, content, code) => {
    const refusal = await refusalOf(content);
    expect(refusal.code).toBe(code);
    expect(refusal.message).not.toMatch(/[{}]/);
    expect(refusal.status).toBe(code === 'not_csv' ? 415 : 422);
  });

  it('names the column that stands twice and the row of the open quotation mark', async () => {
    expect((await refusalOf('Name,name \nA,B')).message).toContain('The column name stands twice');
    expect((await refusalOf('a,b\n1,2\n3,"4')).params).toEqual({ row: 3 });
  });

  it('refuses more than 50 MB without reading it', async () => {
    const path = join(folder, 'large.csv');
    const handle = await open(path, 'w');
    await handle.truncate(200 * 1024 * 1024);
    await handle.close();
    await expect(detectTable(path)).rejects.toMatchObject({ code: 'too_large', status: 413, params: { most: 50 } });
  });

  it('leaves a single NUL byte to its row', async () => {
    expect((await rowsOf('first_name,last_name\nA\0na,Berg\n'))[0]!.cells).toEqual(['A\0na', 'Berg']);
  });

  it('never throws anything else, whatever the bytes', async () => {
    const random = seeded(2);
    const pieces = [
      '"',
      '""',
      ',',
      ';',
      '\t',
      '|',
      '\r',
      '\n',
      '\r\n',
      ' ',
      'é',
      '😀',
      '\0',
      '\uFEFF',
      'name',
      '1/2/03',
      '{',
    ];
    for (let i = 0; i < 600; i++) {
      const size = Math.floor(random() * 80);
      const bytes =
        i % 3 === 0
          ? Buffer.from(Array.from({ length: size }, () => Math.floor(random() * 256)))
          : Buffer.from(
              Array.from({ length: size }, () => pieces[Math.floor(random() * pieces.length)]).join(''),
              i % 3 === 1 ? 'utf8' : random() < 0.5 ? 'utf16le' : 'latin1',
            );
      try {
        for (const { cells } of await rowsOf(bytes)) expect(cells.length).toBeGreaterThan(0);
      } catch (error) {
        if (!(error instanceof TableRefused)) throw new Error(`Round ${i}: ${bytes.toString('hex')}`, { cause: error });
      }
    }
  });
});
