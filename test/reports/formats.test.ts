import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import readXlsxFile from 'read-excel-file/node';
import { REPORTS } from '../../src/reports/kinds/index.js';
import { ownFolder, rowsOf } from '../support/exports.js';
import { readPdf } from '../support/pdf-text.js';
import { World } from '../world.js';

let world: World;
let group: number;
let person: number;
const own = ownFolder();

beforeAll(async () => {
  world = await World.open({ config: { dataFolder: own.dataFolder } });
  const reporting_periods = [{ name: 'All of it', from: '2020-01-01', to: '2029-12-31' }];
  expect((await world.ana.put('/api/admin/domain-config', { settings: { reporting_periods } })).status).toBe(200);
  const made = await world.addRegister(world.school, ['Ada Lovelace', 'Grace Hopper', 'דנה כהן']);
  group = made.group.id;
  person = made.participants[0]!.id;
  const states = ['absent', 'late', 'present'];
  const records = made.participants.map(({ id }, at) => ({ participant_id: id, presence_state: states[at] }));
  expect((await world.ana.post('/api/presence', { session_id: made.session.id, records })).status).toBe(200);
}, 60_000);
afterAll(async () => {
  await world?.close();
  own.remove();
});

const ASKED: Record<string, string> = {
  statement: 'participant_id=',
  'consecutive-absences': 'absences=2',
  'below-threshold': 'threshold=100',
};
const PERIODIC = ['', '&period=day', '&period=week', '&period=month', '&period=term'];
/** Reports whose columns depend on what was asked. */
const FORMS: Record<string, string[]> = {
  summary: PERIODIC,
  attendance: [
    ...['&by=participant', '&by=group'].flatMap((by) => PERIODIC.map((each) => by + each)),
    '&period=session',
  ],
};
const doorOf = (code: string, more: string) =>
  `/api/reports/${code}?group_id=${group}&${code === 'statement' ? `participant_id=${person}` : (ASKED[code] ?? '')}${more}`;

async function file(path: string) {
  const response = await fetch(world.ana.address + path, { headers: { cookie: world.ana.cookieHeader } });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, type: response.headers.get('content-type'), bytes };
}

describe.each(REPORTS.map(({ code }) => code))('%s', (code) => {
  it('says the same as rows, as CSV and as a workbook', async () => {
    const json = (await world.ana.get(doorOf(code, '&per_page=200'))).json;
    const csv = await file(doorOf(code, '&format=csv'));
    expect([csv.status, csv.type]).toEqual([200, 'text/csv; charset=utf-8']);
    const rows = rowsOf(csv.bytes.toString('utf8'));
    expect(rows).toHaveLength(json.data.length);
    const heads = Object.keys(rows[0] ?? {});
    for (const [at, row] of rows.entries())
      for (const head of heads)
        if (json.data[at][head] !== undefined && typeof json.data[at][head] !== 'object')
          expect([code, head, row[head]]).toEqual([code, head, csvText(json.data[at][head])]);
    const workbook = await file(doorOf(code, '&format=xlsx'));
    expect(workbook.status).toBe(200);
    const [{ data: sheet }] = (await readXlsxFile(workbook.bytes)) as unknown as [{ data: unknown[] }];
    // The head, and what some end with: a row of totals.
    expect(sheet.length).toBeGreaterThanOrEqual(1 + json.data.length);
    expect(sheet.length).toBeLessThanOrEqual(2 + json.data.length);
  });

  it('calls no two columns of its workbook the same, in any language', async () => {
    for (const locale of ['en', 'fr', 'es', 'de', 'ar']) {
      expect((await world.ana.put('/api/admin/organization', { locale })).status).toBe(200);
      for (const more of FORMS[code] ?? ['']) {
        const workbook = await file(doorOf(code, `${more}&format=xlsx`));
        expect([more, workbook.status]).toEqual([more, 200]);
        const [{ data }] = (await readXlsxFile(workbook.bytes)) as unknown as [{ data: string[][] }];
        const heads = data[0]!;
        expect([locale, more, heads.filter((head, at) => heads.indexOf(head) !== at)]).toEqual([locale, more, []]);
      }
    }
    await world.ana.put('/api/admin/organization', { locale: 'en' });
  }, 60_000);

  it('comes on paper, with its title and what it was narrowed to', async () => {
    const paper = await file(doorOf(code, '&format=pdf'));
    expect([paper.status, paper.type]).toEqual([200, 'application/pdf']);
    const { text } = await readPdf(paper.bytes);
    expect(text).toContain((await world.ana.get(`/reports/${code}?group_id=${group}`)).body.match(/<h1>([^<]+)</)![1]);
  }, 60_000);
});

describe('CSV from a page', () => {
  it('begins with the mark of UTF-8, for Excel; programs get the bytes that they always got', async () => {
    const { body } = await world.ana.get(`/reports/statement?participant_id=${person}&from=2020-01-01&to=2029-12-31`);
    const [, link] = /href="(\/api\/reports\/statement\?[^"]*format=csv[^"]*)"/.exec(body)!;
    const marked = (await file(link!.replaceAll('&amp;', '&'))).bytes;
    const bare = (await file(link!.replaceAll('&amp;', '&').replace(/[?&]bom=1/, ''))).bytes;
    expect(marked.subarray(0, 3)).toEqual(Buffer.from([0xef, 0xbb, 0xbf]));
    expect(marked.subarray(3)).toEqual(bare);
    expect((await file(doorOf('statement', '&format=csv&bom=true'))).bytes.subarray(0, 3)).toEqual(
      marked.subarray(0, 3),
    );
    expect((await file(doorOf('statement', '&format=csv&bom=perhaps'))).status).toBe(422);
  });

  it('has its times in UTC, and the page says so', async () => {
    const { body } = await world.ana.get(`/reports/statement?participant_id=${person}`);
    expect(body).toContain('Times in CSV are in UTC; in a workbook they are those of Europe/Paris.');
    expect((await world.ana.get('/reports/exports')).body).toContain('Times in CSV are in UTC');
    const [row] = rowsOf((await file(doorOf('statement', '&format=csv'))).bytes.toString('utf8'));
    expect(row!.starts_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });
});

/** A share has four digits behind the point in a file. */
const csvText = (value: unknown): string =>
  value === null ? '' : typeof value === 'number' ? String(Number(value.toFixed(4))) : String(value);
