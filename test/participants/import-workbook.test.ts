import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TableRefused } from '../../src/participants/import/problem.js';
import { Archive } from '../../src/participants/import/workbook/archive.js';
import { cellDate } from '../../src/participants/import/workbook/dates.js';
import { workbookToCsv } from '../../src/participants/import/workbook/workbook-to-csv.js';
import { HEAD, MAIN, PEOPLE, workbook, zip } from '../support/workbooks.js';
import { World } from '../world.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'workbook-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** @returns the CSV of a workbook, or the code of its refusal */
async function csvOf(bytes: Buffer): Promise<string> {
  const [file, target] = [join(folder, 'in.xlsx'), join(folder, 'out.csv')];
  writeFileSync(file, bytes);
  try {
    const archive = await Archive.open(file);
    try {
      await workbookToCsv(archive, target);
    } finally {
      archive.close();
    }
    return readFileSync(target, 'utf8');
  } catch (error) {
    if (error instanceof TableRefused) return error.code;
    throw error;
  }
}

describe('a workbook', () => {
  it('becomes a CSV file: shared and cut texts, formulas, dates, and rows that keep their numbers', async () => {
    expect(await csvOf(zip(workbook(PEOPLE)))).toBe(
      'first_name,last_name,date_of_birth\r\nAda,Lovelace,1913-09-08\r\n"",\r\nAnders,"Ångström, ""Åsa""",2000-01-01\r\n',
    );
  });

  it.each([
    [1, '1900-01-01'],
    [59, '1900-02-28'],
    [61, '1900-03-01'],
    [45000, '2023-03-15'],
    [0.5, null],
    [9_999_999, null],
  ])('knows day %s as %s', (days, date) => {
    expect(cellDate(days, false)).toBe(date);
  });

  it.each([
    ['an empty archive', zip({ 'xl/workbook.xml': '<workbook/>' }), 'broken_workbook'],
    ['XML that is none', zip(workbook('<row><c></row>')), 'broken_workbook'],
    [
      'entities that grow',
      zip(workbook(Buffer.from(`<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet xmlns="${MAIN}">&a;</worksheet>`))),
      'broken_workbook',
    ],
    [
      'a part that is longer than it says',
      zip(workbook(PEOPLE), { 'xl/worksheets/sheet2.xml': 10 }),
      'broken_workbook',
    ],
    [
      'a part that claims a terabyte',
      zip(workbook(PEOPLE), { 'xl/worksheets/sheet2.xml': 0xfffffff0 }),
      'archive_too_large',
    ],
    [
      'a cell a mile to the right',
      zip(workbook(`${HEAD}<row r="2"><c r="XFD2"><v>1</v></c></row>`)),
      'too_many_columns',
    ],
    [
      'a row that no sheet has',
      zip(workbook(`${HEAD}<row r="99999999"><c r="A99999999"><v>1</v></c></row>`)),
      'too_many_rows',
    ],
    [
      'one long text in thousands of cells',
      zip(
        workbook(HEAD + `<row>${'<c t="s"><v>0</v></c>'.repeat(100)}</row>`.repeat(20), {
          'xl/sharedStrings.xml': `<sst xmlns="${MAIN}"><si><t>${'x'.repeat(32_000)}</t></si></sst>`,
        }),
      ),
      'too_large',
    ],
    [
      'rows that go back to the top again and again',
      zip(workbook(HEAD + '<row r="2"/><row r="1048000"/>'.repeat(40))),
      'too_large',
    ],
    ['half of a file', zip(workbook(PEOPLE)).subarray(0, 900), 'broken_archive'],
  ])('that is %s is refused with a sentence', async (_what, bytes, code) => {
    expect(await csvOf(bytes)).toBe(code);
  });

  it('with two million empty rows is refused, in bounded memory and time', async () => {
    const rows = Buffer.concat([
      Buffer.from(`<worksheet xmlns="${MAIN}"><sheetData>${HEAD}`),
      Buffer.from('<row/>'.repeat(2_000_000)),
      Buffer.from('</sheetData></worksheet>'),
    ]);
    const bytes = zip(workbook(rows));
    expect(bytes.length).toBeLessThan(200_000);
    const before = process.memoryUsage().rss;
    const began = performance.now();
    expect(await csvOf(bytes)).toBe('too_many_rows');
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024);
    expect(performance.now() - began).toBeLessThan(60_000);
    expect(statSync(join(folder, 'in.xlsx')).size).toBe(bytes.length);
  }, 90_000);

  it('whose cells all say one long shared text is refused before it fills the disk', async () => {
    const long = `<sst xmlns="${MAIN}"><si><t>${'A'.repeat(30_000)}</t></si></sst>`;
    const rows = `<row>${'<c t="s"><v>0</v></c>'.repeat(200)}</row>`.repeat(200);
    const bytes = zip(workbook(rows, { 'xl/sharedStrings.xml': long }));
    expect(bytes.length).toBeLessThan(20_000);
    expect(await csvOf(bytes)).toBe('too_large');
    expect(statSync(join(folder, 'out.csv')).size).toBeLessThan(60_000_000);
  }, 60_000);

  it.each([
    ['a text', workbook(PEOPLE, { 'xl/sharedStrings.xml': `<sst><si><t>${'A'.repeat(50_000_000)}</t></si></sst>` })],
    ['a tag', workbook(`<row ${'a="x" '.repeat(1_000_000)}/>`)],
    ['a nest', workbook('<a>'.repeat(2_000_000))],
  ])('with %s without an end is refused before it is in memory', async (_what, parts) => {
    const bytes = zip(parts);
    const before = process.memoryUsage().rss;
    expect(await csvOf(bytes)).toBe('broken_workbook');
    expect(process.memoryUsage().rss - before).toBeLessThan(60 * 1024 * 1024);
  });

  it('that unpacks to gigabytes is refused before it is unpacked', async () => {
    const bomb = Buffer.alloc(200 * 1024 * 1024);
    const began = performance.now();
    expect(await csvOf(zip({ ...workbook(PEOPLE), 'xl/media/a.bin': bomb, 'xl/media/b.bin': bomb }))).toBe(
      'archive_too_large',
    );
    expect(performance.now() - began).toBeLessThan(60_000);
  }, 90_000);
});

describe('on the page of imports', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open();
  });
  afterAll(() => world.close());

  const upload = (name: string, bytes: Buffer) => {
    const form = new FormData();
    form.append('files', new Blob([bytes as never]), name);
    return world.ana.send('POST', '/import', form);
  };

  it('a workbook is recognised and shown like a CSV file', async () => {
    const answer = await upload('people.xlsx', zip(workbook(PEOPLE)));
    expect(answer.status).toBe(303);
    const page = await world.ana.get(answer.headers.get('location')!);
    expect(page.body).toContain('people.xlsx');
    expect(page.body).toContain('Lovelace');
    expect(page.body).toContain('1913');
    expect(page.body).toContain('first sheet of the workbook');
    expect(page.body).not.toContain('columns between');
    // A list of one's own is the commonest file: it is offered first.
    expect(page.body.indexOf('value="participants"')).toBeLessThan(page.body.indexOf('value="clever_students"'));
  });

  it('an archive of CSV files becomes as many imports', async () => {
    const bytes = zip({
      'roster/people.csv': 'first_name,last_name\nGrace,Hopper\n',
      'roster/groups.csv': 'group_name\nChoir\n',
      '__MACOSX/._people.csv': 'nothing',
      'readme.txt': 'hello',
    });
    const answer = await upload('roster.zip', bytes);
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/import']);
    const list = (await world.ana.get('/import')).body;
    expect(list).toContain('roster.zip › people.csv');
    expect(list).toContain('roster.zip › groups.csv');
    expect(list).not.toContain('._people.csv');
  });

  it('names of files in an archive are shortened and hold nothing that cannot be seen', async () => {
    const people = 'first_name,last_name\nGrace,Hopper\n';
    const name = `${'long'.repeat(60)}.zip`;
    const bytes = zip({ [`${'x'.repeat(3000)}.csv`]: people, 'with\r\nline\u0000ends.csv': people });
    expect((await upload(name, bytes)).headers.get('location')).toBe('/import');
    const list = (await world.ana.get('/import')).body;
    expect(list).toContain('› withlineends.csv');
    expect(list).toContain('› xxx');
  });

  it('an archive that holds two files under one name is refused: only one of them would be seen', async () => {
    const bytes = zip({ 'one.csv': 'first_name,last_name\nGrace,Hopper\n', 'two.csv': 'group_name\nChoir\n' });
    const twice = Buffer.from(bytes.toString('latin1').replaceAll('two.csv', 'one.csv'), 'latin1');
    const answer = await upload('twice.zip', twice);
    expect([answer.status, answer.body.includes('cannot be opened')]).toEqual([422, true]);
  });

  it('what cannot be read is refused with its name and a sentence', async () => {
    const answer = await upload('broken.xlsx', zip(workbook('<row><c></row>')));
    expect(answer.status).toBe(422);
    expect(answer.body).toContain('broken.xlsx');
    expect(answer.body).toContain('This workbook cannot be read.');
    const none = await upload('pictures.zip', zip({ 'a.png': 'x' }));
    expect(none.status).toBe(422);
    expect(none.body).toContain('a ZIP archive');
  });
});
