import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import readXlsxFile from 'read-excel-file/node';
import { Group, GroupMembership, Participant } from '../../src/participants/index.js';
import { type Role } from '../../src/auth/index.js';
import { exportFile, fetchFile, rowsOf } from '../support/exports.js';
import { DOMAIN_PACKS, type DomainType } from '../../src/tenancy/index.js';
import { bulk, countsOf, idle, importList, importOf } from '../support/imports.js';
import { type Place, World } from '../world.js';

const DOMAINS = Object.keys(DOMAIN_PACKS) as DomainType[];

let world: World;
const places: Place[] = [];
beforeAll(async () => {
  world = await World.open();
  for (const domain of DOMAINS)
    places.push(await world.openPlace(`Place ${domain}`, domain, 'Asia/Kolkata', { adam: 'administrator' as Role }));
});
afterAll(() => world.close());

/** Names as people and spreadsheets have them. */
const NAMES = [
  '=HYPERLINK("x")',
  '+Plus',
  '-Minus',
  '@At',
  "'t Hooft",
  "'=Quoted",
  "O'Neill",
  'Comma, Jr.',
  'Say "hi"',
  'Semi;colon',
  'שרה',
  'محمد',
  '李雷',
  '👩🏽‍🚀 Ada',
  'Ana\u0301',
  'Éric',
  '＝Wide',
  '\u200FRtl',
];

/** Fills a place by the REST door, as another program would. */
async function fill(place: Place): Promise<void> {
  const { adam } = place.visitor as { adam: any };
  const send = async (path: string, body: object): Promise<number> => {
    const answer = await adam.post(path, body);
    expect([answer.status, answer.json.errors]).toEqual([201, undefined]);
    return answer.json.data.id as number;
  };
  const groups: number[] = [];
  for (const [at, name] of NAMES.entries())
    groups.push(
      await send('/api/groups', {
        name: `Group ${name}`,
        ...(at % 3 === 0 ? { external_id: `=G-${at};x` } : {}),
        ...(at % 4 === 1 ? { parent_id: groups[0] } : {}),
        ...(at % 5 === 0 ? { group_type: 'Chess Club' } : {}),
        extra_data: at % 2 ? { '=Room': `'=R${at}`, floor: at, 'two\nlines': 'x' } : {},
      }),
    );
  for (const [at, name] of NAMES.entries()) {
    const person = await send('/api/participants', {
      first_name: `${name} ${at}`,
      last_name: name,
      ...(at % 3 === 0 ? {} : { identifier: `-${at}` }),
      ...(at % 3 === 1 ? { external_id: `'@${at}` } : {}),
      ...(at % 4 === 0 ? { date_of_birth: '2012-02-29', email: `Some.Body${at}@Example.org` } : {}),
      ...(at % 4 === 1 ? { phone: '+33 1 23 45' } : {}),
      ...(at % 6 === 5 ? { is_active: false } : {}),
      extra_data: {
        'School Name': `  ${name}, "x"\r\nsecond; line `,
        '=Formula': name,
        number: at,
        flag: at % 2 === 0,
        list: [1, 'two', null],
        nested: { a: "'=1" },
        empty: '',
        none: null,
        Password: 'secret',
        first_name: 'taken as a head already',
        school_id: 'S',
        student_id: 'makes it a file of Clever',
        section_id: 'X',
        ' padded ': 'no head of a file',
        ...(at === 3 ? { long: 'x'.repeat(2500) } : { long: 'short' }),
        ...(at === 4 ? { control: 'a\u0007b' } : { control: 'ab' }),
      },
    });
    for (const group of [groups[at]!, groups[(at * 7) % groups.length]!])
      expect((await adam.post(`/api/groups/${group}/members`, { participant_ids: [person] })).status).toBe(200);
    // One was a member once, one will be.
    await adam.post(`/api/groups/${groups[(at + 3) % groups.length]}/members`, {
      participant_ids: [person],
      from: '2020-01-01',
      to: '2020-12-31',
    });
    await adam.post(`/api/groups/${groups[(at + 5) % groups.length]}/members`, {
      participant_ids: [person],
      from: '2199-01-01',
    });
  }
}

const everything = (place: Place) =>
  world.read(place, async (em) =>
    JSON.stringify([
      await em.find(Participant, {}, { orderBy: { id: 'asc' }, disableIdentityMap: true }),
      await em.find(Group, {}, { orderBy: { id: 'asc' }, disableIdentityMap: true }),
      await em.find(GroupMembership, {}, { orderBy: { id: 'asc' }, disableIdentityMap: true }),
    ]),
  );

describe.each(DOMAINS.map((domain, at) => [domain, at] as const))('what was exported in %s', (_, at) => {
  it('is imported again unchanged, whatever people are called and whatever stands beside them', async () => {
    const place = places[at]!;
    const adam = place.visitor.adam!;
    await fill(place);
    const before = await everything(place);
    for (const list of ['participants', 'groups'] as const) {
      const job = await exportFile(world, adam, list);
      expect(job).toMatchObject({ status: 'done', error: null });
      const { bytes, text } = await fetchFile(adam, job);
      const rows = rowsOf(text);
      expect(rows).toHaveLength(job.total);
      expect(rows.length).toBeGreaterThanOrEqual(NAMES.length);
      const again = await importList(world, adam, list, bytes);
      expect(again.errors).toEqual([]);
      expect(countsOf(again)).toEqual({
        status: 'done',
        total: rows.length,
        created: 0,
        updated: 0,
        unchanged: rows.length,
        skipped: 0,
        failed: 0,
      });
      expect(await everything(place)).toBe(before);
    }
  }, 60_000);
});

describe('a list of people', () => {
  it('holds what they have, made inert, and leaves out what a file cannot hold', async () => {
    const place = places[0]!;
    const adam = place.visitor.adam!;
    const { text } = await fetchFile(adam, await exportFile(world, adam, 'participants'));
    const heads = text.split('\r\n')[0]!;
    expect(heads).toContain('external_id,first_name,last_name,identifier,date_of_birth,email,phone,is_active,group,');
    expect(heads).toContain("'=Formula");
    for (const absent of ['Password', 'padded', 'long', 'control', 'school_id']) expect(heads).not.toContain(absent);
    const row = rowsOf(text).find((each) => each.identifier === "'-1")!;
    expect(row).toMatchObject({
      external_id: "''@1",
      last_name: "'+Plus",
      phone: "'+33 1 23 45",
      is_active: 'true',
      number: '1',
      flag: 'false',
      list: '[1,"two",null]',
      nested: '{"a":"\'=1"}',
      "'=Formula": "'+Plus",
    });
  });

  it('as a workbook is imported again unchanged too', async () => {
    const place = places[1]!;
    const adam = place.visitor.adam!;
    const job = await exportFile(world, adam, 'participants', { format: 'xlsx' });
    const { bytes } = await fetchFile(adam, job);
    const [sheet] = await readXlsxFile(bytes, { trim: false });
    expect(sheet!.data[0]!.slice(0, 3)).toEqual(['external_id', 'first_name', 'last_name']);
    expect(sheet!.data.map((row) => row[2])).toContain('=HYPERLINK("x")');
    const answer = await adam.post('/api/imports', bulk(bytes, {}, 'people.xlsx'));
    expect(answer.status).toBe(202);
    await idle(world);
    const again = await importOf(adam, answer.json.data.imports[0].id);
    expect(again.errors).toEqual([]);
    expect(countsOf(again)).toMatchObject({ status: 'done', updated: 0, created: 0, unchanged: NAMES.length });
  }, 60_000);

  it('comes back unchanged with any names at all', async () => {
    const place = await world.openPlace('Random', 'education', 'UTC', { adam: 'administrator' });
    const adam = place.visitor.adam!;
    const name = fc
      .string({ unit: fc.constantFrom(...`=+-@'", ;aZé＝אم👍_.`.match(/./gsu)!), minLength: 1, maxLength: 12 })
      .filter((text) => /[\p{L}\p{N}\p{P}\p{S}]/u.test(text));
    const people = fc.sample(fc.tuple(name, name, name), { numRuns: 150, seed: 5 });
    for (const [at, [first_name, last_name, value]] of people.entries()) {
      const answer = await adam.post('/api/participants', {
        first_name,
        last_name,
        identifier: `R-${at}`,
        extra_data: { value },
      });
      expect([answer.status, answer.json.errors]).toEqual([201, undefined]);
    }
    const before = await everything(place);
    const { bytes } = await fetchFile(adam, await exportFile(world, adam, 'participants'));
    const again = await importList(world, adam, 'participants', bytes);
    expect(again.errors).toEqual([]);
    expect(again).toMatchObject({ unchanged: people.length, updated: 0, created: 0 });
    expect(await everything(place)).toBe(before);
  }, 60_000);
});
