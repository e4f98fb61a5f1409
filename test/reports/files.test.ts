import { describe, expect, it } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import readXlsxFile from 'read-excel-file/node';
import { inert, uninert } from '../../src/platform/inert.js';
import { workbookStream, type SheetCell } from '../../src/platform/xlsx/workbook-stream.js';
import { csvOf } from '../../src/reports/files/csv.js';
import { fileNameOf } from '../../src/reports/files/file-name.js';
import { workbookOf } from '../../src/reports/files/workbook.js';
import { type Column, type Row } from '../../src/reports/report-table.js';

const column = (key: string, kind: Column['kind']): Column => ({ key, kind, head: { text: key } });

async function* pieces(rows: Row[], size = 3): AsyncGenerator<Row[]> {
  for (let at = 0; at < rows.length; at += size) yield rows.slice(at, at + size);
}

const bytesOf = async (file: AsyncIterable<Buffer>): Promise<Buffer> => Buffer.concat(await Array.fromAsync(file));

const csv = async (columns: Column[], rows: Row[], bom = false): Promise<string> =>
  (await bytesOf(csvOf({ columns, rows: pieces(rows) }, { bom }))).toString('utf8');

const ODD = [
  'Anaïs',
  '=1+1',
  "'=1+1",
  "''@x",
  "O'Neill",
  "'t Hooft",
  '+33 1 23',
  '-5',
  '＝1',
  '\t=1',
  ' =1',
  'say "hi", they said',
  'two\nlines',
  'late\n=1+1',
  'late\r=1+1',
  'two\r\nlines',
  'מרים',
  '李雷',
  '👩‍👩‍👧‍👦',
  ';a;=b',
  '\u{FEFF}x',
  '',
];
/** Text made of what is odd in files. */
const odd = fc.oneof(
  fc.constantFrom(...ODD),
  fc.string({ unit: fc.constantFrom(...'=+-@\t\r\n\'", ;aé＝👍'.match(/./gsu)!), maxLength: 8 }),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
);

describe('a text that a spreadsheet would take for a formula', () => {
  it('is led by an apostrophe, exactly one of which is taken away again', () => {
    fc.assert(
      fc.property(odd, (text) => {
        expect(uninert(inert(text))).toBe(text);
        expect(inert(text)).not.toMatch(/^\s*[=+\-@＝＋－＠\t\r\n]/);
      }),
      { numRuns: 2000 },
    );
    expect(inert("O'Neill")).toBe("O'Neill");
    expect(inert("'t Hooft")).toBe("'t Hooft");
    expect(inert("'=1")).toBe("''=1");
    expect(inert(' =1')).toBe("' =1");
  });

  it('is told from a name that merely begins with an apostrophe', () => {
    fc.assert(fc.property(odd, (text) => uninert(text) === text || inert(uninert(text)) === text));
    expect(uninert("'t Hooft")).toBe("'t Hooft");
  });
});

describe('a report as CSV', () => {
  it('says every kind of value as the REST interface does, and leaves empty what there is nothing to say about', async () => {
    const columns = (['text', 'day', 'time', 'count', 'minutes', 'share', 'yes', 'id'] as const).map((kind) =>
      column(kind, kind),
    );
    const text = await csv(columns, [
      ['x', '2026-11-20', new Date('2026-11-20T21:36:00.123Z'), -3, 4, 2 / 3, true, 17],
      [null, null, null, 0, null, 1, false, null],
    ]);
    expect(text).toBe(
      'text,day,time,count,minutes,share,yes,id\r\nx,2026-11-20,2026-11-20T21:36:00.123Z,-3,4,0.6667,true,17\r\n,,,0,,1,false,\r\n',
    );
  });

  it('begins with the mark of UTF-8 where that is asked for', async () => {
    expect(await csv([column('a', 'text')], [], true)).toBe('\u{FEFF}a\r\n');
    expect(await csv([column('a', 'text')], [])).toBe('a\r\n');
  });

  it('is, byte for byte, what the library writes, and is parsed back row for row', async () => {
    const columns = [column('first', 'text'), column('second', 'text'), column('third', 'count')];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(odd, odd, fc.integer()), { maxLength: 12 }), async (rows) => {
        const text = await csv(columns, rows);
        const shown = rows.map(([first, second, third]) => [inert(first), inert(second), String(third)]);
        const library = { record_delimiter: '\r\n', quoted_match: /[",;\t\r\n]/ };
        expect(text).toBe(stringify([['first', 'second', 'third'], ...shown], library));
        // As every program reads it that takes each of these for the end of a line.
        const reader = { from: 2, record_delimiter: ['\r\n', '\n', '\r'] };
        const back = (parse(text, reader) as string[][]).map((cells) => cells.map(uninert));
        expect(back).toEqual(rows.map((row) => row.map(String)));
      }),
      { numRuns: 300 },
    );
  });
});

describe('a report as a workbook', () => {
  const reader = { say: ({ text }: { text: string }) => `Head ${text}`, timeZone: 'Europe/Paris' };
  const read = async (file: AsyncIterable<Buffer>) => (await readXlsxFile(await bytesOf(file), { trim: false }))[0]!;

  it('is read by another program cell for cell: numbers, days, local times, shares and texts', async () => {
    const columns = (['text', 'day', 'time', 'count', 'minutes', 'share', 'yes', 'id'] as const).map((kind) =>
      column(kind, kind),
    );
    const rows: Row[] = [
      ['=1+1', '2026-11-20', new Date('2026-11-20T21:36:00.123Z'), -3, 4, 2 / 3, true, 17],
      [null, '2026-03-29', new Date('2026-03-29T01:30:00Z'), null, null, 0, false, null],
      ['00123', '1875-05-01', new Date('2026-10-25T01:30:00Z'), 1e9, 0, 1, true, 9_007_199_254_740_991],
    ];
    const sheet = await read(
      workbookOf(
        'Rates: [1/2]',
        { columns, rows: pieces(rows), totals: [null, null, null, 5, 6, 0.5, null, null] },
        reader,
      ),
    );
    expect(sheet.sheet).toBe('Rates   1 2');
    // A workbook holds a time as a fraction of a day; what comes out of it is right to the second.
    const second = (cell: unknown) =>
      cell instanceof Date ? new Date(Math.round(cell.getTime() / 1000) * 1000) : cell;
    expect(sheet.data.map((cells) => cells.map(second))).toEqual([
      ['text', 'day', 'time', 'count', 'minutes', 'share', 'yes', 'id'].map((key) => `Head ${key}`),
      ['=1+1', new Date('2026-11-20'), new Date('2026-11-20T22:36:00Z'), -3, 4, 0.6667, true, 17],
      [null, new Date('2026-03-29'), new Date('2026-03-29T03:30:00Z'), null, null, 0, false, null],
      ['00123', '1875-05-01', new Date('2026-10-25T02:30:00Z'), 1e9, 0, 1, true, 9_007_199_254_740_991],
      [null, null, null, 5, 6, 0.5, null, null],
    ]);
  });

  it('keeps texts as they are, whatever stands in them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(odd, odd), { minLength: 1, maxLength: 8 }), async (rows) => {
        const sheet = await read(
          workbookOf('x', { columns: [column('a', 'text'), column('b', 'text')], rows: pieces(rows) }, reader),
        );
        const told = (text: string) =>
          text.toWellFormed().replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '\u{FFFD}');
        for (const [at, row] of rows.entries())
          for (const [place, cell] of row.entries()) expect(sheet.data[at + 1]?.[place] ?? '').toBe(told(cell));
      }),
      { numRuns: 60 },
    );
  });

  it('refuses more rows than a sheet has, instead of leaving some out', async () => {
    async function* many(): AsyncGenerator<SheetCell[]> {
      for (let at = 0; at <= 1_048_576; at++) yield [];
    }
    await expect(async () => {
      for await (const _ of workbookStream({ name: 'x' }, many()));
    }).rejects.toThrow(RangeError);
  }, 30_000);
});

describe('the name of a file', () => {
  it('says what it is and for which days', () => {
    const name = (from: string | null, to: string | null) =>
      fileNameOf('attendance', { from, to }, '2026-12-01', 'csv');
    expect(name('2026-11-01', '2026-11-30')).toBe('attendance_2026-11-01_2026-11-30.csv');
    expect(name(null, null)).toBe('attendance_2026-12-01.csv');
    expect(name(null, '2026-11-30')).toBe('attendance_beginning_2026-11-30.csv');
    expect(name('2026-11-01', null)).toBe('attendance_2026-11-01_2026-12-01.csv');
  });
});
