import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GroupAssignment, Participant } from '../../src/participants/index.js';
import { REPORTS } from '../../src/reports/kinds/index.js';
import { type Visitor } from '../support/visitor.js';
import { World } from '../world.js';

let world: World;
let mine: Awaited<ReturnType<World['addRegister']>>;
let theirs: Awaited<ReturnType<World['addRegister']>>;
let foreign: Awaited<ReturnType<World['addRegister']>>;

beforeAll(async () => {
  world = await World.open();
  mine = await world.addRegister(world.school, ['Mine Ours', 'Emil External']);
  theirs = await world.addRegister(world.school, ['Secret Stranger']);
  foreign = await world.addRegister(world.other, ['Foreign Person']);
  for (const [visitor, register] of [
    [world.ana, mine],
    [world.ana, theirs],
    [world.clara, foreign],
  ] as const)
    for (const { id } of register.participants)
      await visitor.post('/api/presence', {
        session_id: register.session.id,
        participant_id: id,
        presence_state: 'absent',
        note: `note of ${register.group.name}`,
      });
  await world.ana.put('/api/admin/domain-config', { settings: { frontline_groups: 'assigned' } });
  await world.write(world.school, (tx) => {
    tx.create(GroupAssignment, { user: world.school.user.bruno!.id, group: mine.group.id });
  });
  await world.ana.put(`/api/admin/users/${world.school.user.emil!.id}`, {
    participant_id: mine.participants[1]!.id,
  });
}, 60_000);
afterAll(() => world.close());

/** Every report, by both doors, with a question that each of them can answer. */
const doors = (person: number) =>
  REPORTS.flatMap(({ code }) => [
    `/api/reports/${code}?absences=2&threshold=100${code === 'statement' ? `&participant_id=${person}` : ''}`,
    `/reports/${code}${code === 'statement' ? `?participant_id=${person}` : ''}`,
  ]);
const SECRET = () => new RegExp(`Secret|Stranger|${theirs.group.name}\\b|Foreign|${foreign.group.name}\\b`);

describe('whoever works with some groups', () => {
  it('is told of these alone, in every report, as rows and as a page', async () => {
    for (const door of doors(mine.participants[0]!.id)) {
      const answer = await world.bruno.get(door);
      expect([door, answer.status]).toEqual([door, 200]);
      expect([door, SECRET().exec(answer.body)?.[0]]).toEqual([door, undefined]);
    }
    // The questions are such that somebody who sees all is told more.
    expect((await world.mara.get('/api/reports/absentees')).body).toContain('Secret Stranger');
  });

  it('learns no name by asking for a person or a group of others', async () => {
    for (const [name, id] of [
      ['participant_id', theirs.participants[0]!.id],
      ['group_id', theirs.group.id],
      ['participant_id', foreign.participants[0]!.id],
      ['group_id', foreign.group.id],
      ['participant_id', 999_999_999],
    ] as const)
      for (const door of ['/api/reports/summary', '/reports/summary', '/api/reports/statement', '/reports/statement']) {
        const answer = await world.bruno.get(`${door}?${name}=${id}`);
        expect([door, name, answer.status]).toEqual([door, name, 422]);
        expect(SECRET().exec(answer.body)?.[0]).toBeUndefined();
      }
  });

  it('has the same in files', async () => {
    for (const { code } of REPORTS) {
      const person = code === 'statement' ? `&participant_id=${mine.participants[0]!.id}` : '';
      const answer = await world.bruno.get(`/api/reports/${code}?format=csv${person}`);
      expect([code, answer.status]).toEqual([code, 200]);
      expect(SECRET().exec(answer.body)?.[0]).toBeUndefined();
    }
  });
});

describe('another organization', () => {
  it('is in no report of anybody, whatever is asked', async () => {
    for (const visitor of [world.ana, world.mara])
      for (const door of doors(mine.participants[0]!.id))
        expect((await visitor.get(door)).body).not.toMatch(/Foreign Person/);
    const refused = async (visitor: Visitor, id: number) =>
      (await visitor.get(`/api/reports/attendance?group_id=${id}`)).body;
    // Unknown and foreign are the same, byte for byte.
    expect(await refused(world.ana, foreign.group.id)).toBe(await refused(world.ana, 999_999_999));
  });
});

describe('an external person', () => {
  it('sees his own statement, whatever he asks for, and no other report', async () => {
    const emil = await world.read(world.school, (em) =>
      em.findOneOrFail(Participant, { id: mine.participants[1]!.id }),
    );
    for (const query of [
      '',
      `?participant_id=${mine.participants[0]!.id}`,
      `?participant_id=${foreign.participants[0]!.id}`,
    ]) {
      const { status, json } = await world.emil.get(`/api/reports/statement${query}`);
      expect([status, json.data.length, json.data[0]?.session_id]).toEqual([200, 1, mine.session.id]);
      const page = await world.emil.get(`/reports/statement${query}`);
      expect([page.status, page.body.includes('Mine Ours')]).toEqual([200, false]);
    }
    expect(emil.name).toBe('Emil External');
    for (const { code } of REPORTS.filter((each) => each.code !== 'statement'))
      for (const door of [`/api/reports/${code}`, `/reports/${code}`])
        expect([door, (await world.emil.get(door)).status]).toEqual([door, 403]);
  });
});

describe('a question that cannot be answered', () => {
  it.each([
    ['from=1976-01-01&to=2026-01-01', 'to'],
    ['from=2026-11-02&to=2026-11-01', 'from'],
    ['from=yesterday', 'from'],
    ['group_id=1e999', 'group_id'],
    ['participant_id=Infinity', 'participant_id'],
    ['participant_id=1.5', 'participant_id'],
    ['presence_state=nowhere', 'presence_state'],
    ['category=away', 'category'],
    ['period=term', 'period'],
  ])('%s gets a sentence, by both doors', async (query, field) => {
    const told = await world.ana.get(`/api/reports/attendance?${query}`);
    expect([told.status, told.json.errors[0].field]).toEqual([422, field]);
    const page = await world.ana.get(`/reports/attendance?${query}`);
    expect(page.status).toBe(422);
    expect(page.body).toContain('role="alert"');
    const file = await world.ana.post('/api/reports/exports', {
      report: 'attendance',
      format: 'xlsx',
      filters: { by: 'group', ...Object.fromEntries(new URLSearchParams(query)) },
    });
    // What has another form is the fault of `filters`, what does not exist that of the filter itself.
    expect([file.status, [field, 'filters'].includes(file.json.errors[0].field)]).toEqual([422, true]);
  });

  it('matches nothing: an empty answer and a page that says what to do', async () => {
    const query = 'from=2001-01-01&to=2001-12-31';
    expect((await world.ana.get(`/api/reports/attendance?${query}`)).json).toMatchObject({
      data: [],
      meta: { total: 0 },
    });
    expect((await world.ana.get(`/reports/attendance?${query}`)).body).toContain(
      'Choose a longer time, or fewer filters.',
    );
  });
});
