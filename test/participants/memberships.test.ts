import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GroupAssignment } from '../../src/participants/index.js';
import { World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

let serial = 0;
const enrol = async (by = world.ana): Promise<number> =>
  (await by.post('/api/participants', { first_name: 'Mia', last_name: `Member ${++serial}` })).json.data.id;
const add = (group: number, id: number, days: object = {}) =>
  world.ana.post(`/api/groups/${group}/members`, { participant_ids: [id], ...days });
const change = (group: number, id: number, body: object, by = world.ana) =>
  by.put(`/api/groups/${group}/members/${id}`, body);
const rosterOf = async (session: { id: number }) =>
  (await world.ana.get(`/api/sessions/${session.id}/roster`)).json.data.map((each: any) => each.participant.id);
const textOf = (html: string) => html.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');

describe('the days of a membership', () => {
  it('are put right one by one; absent stays, null is no limit', async () => {
    const { id: group } = await world.addGroup(world.school, 'Days');
    const mia = await enrol();
    await add(group, mia, { from: '2026-09-01' });
    expect((await change(group, mia, { to: '2026-12-18' })).json.data).toEqual({
      group_id: group,
      participant_id: mia,
      joined_on: '2026-09-01',
      left_on: '2026-12-18',
    });
    expect((await change(group, mia, { from: null })).json.data).toMatchObject({
      joined_on: null,
      left_on: '2026-12-18',
    });
    expect((await change(group, mia, { to: null })).json.data).toMatchObject({ joined_on: null, left_on: null });
    expect((await change(group, mia, {})).status).toBe(200);
  });

  it('hold twice in one group, but never at the same time', async () => {
    const { id: group } = await world.addGroup(world.school, 'Twice');
    const mia = await enrol();
    await add(group, mia, { from: '2025-09-01', to: '2025-12-31' });
    expect((await add(group, mia, { from: '2026-09-01' })).json.data).toEqual({ added: 1, already: 0 });
    const codes = (answer: any) => [answer.status, answer.json.errors[0].code, answer.json.errors[0].field];
    expect(codes(await change(group, mia, { to: '2026-06-30' }))).toEqual([422, 'required', 'joined_on']);
    expect(codes(await change(group, mia, { joined_on: '2025-09-02', to: null }))).toEqual([
      422,
      'unknown',
      'joined_on',
    ]);
    for (const to of [null, '2026-09-01', '2026-08-31'])
      expect(codes(await change(group, mia, { joined_on: '2025-09-01', to }))).toEqual([422, 'invalid', 'from']);
    expect((await change(group, mia, { joined_on: '2025-09-01', to: '2026-08-30' })).status).toBe(200);
    expect(codes(await change(group, mia, { joined_on: '2026-09-01', from: '2027-01-01', to: '2026-12-31' }))).toEqual([
      422,
      'invalid',
      'from',
    ]);
    const on = async (day: string) => (await world.ana.get(`/api/groups/${group}/members?on=${day}`)).json.data.length;
    expect([await on('2025-08-31'), await on('2026-08-30'), await on('2026-08-31'), await on('2026-09-01')]).toEqual([
      0, 1, 0, 1,
    ]);
    // What is added between the two makes one of them.
    await add(group, mia, { from: '2026-08-31', to: '2026-08-31' });
    expect((await change(group, mia, { to: null })).json.data).toMatchObject({
      joined_on: '2025-09-01',
      left_on: null,
    });
  });

  it('at the same moment never run into each other', async () => {
    const { id: group } = await world.addGroup(world.school, 'Races');
    const mia = await enrol();
    await add(group, mia, { from: '2026-01-01', to: '2026-01-31' });
    await add(group, mia, { from: '2026-06-01', to: '2026-06-30' });
    const answers = await Promise.all([
      change(group, mia, { joined_on: '2026-01-01', to: '2026-04-30' }),
      change(group, mia, { joined_on: '2026-06-01', from: '2026-03-01' }),
    ]);
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 422]);
  });

  it('are a matter of those who manage groups; strangers see nothing', async () => {
    const { id: group } = await world.addGroup(world.school, 'Whose');
    const [mia, other, foreign] = [await enrol(), await enrol(), await enrol(world.clara)];
    await add(group, mia);
    expect((await change(group, mia, { to: '2026-12-31' }, world.bruno)).status).toBe(403);
    const unknown = await change(group, 999_999_999, { to: '2026-12-31' });
    expect(unknown.status).toBe(404);
    expect((await change(group, foreign, { to: '2026-12-31' })).body).toBe(unknown.body);
    expect((await change(group, other, { to: '2026-12-31' })).body).toBe(unknown.body);
    expect((await change(group, mia, { to: '2026-12-31' }, world.clara)).body).toBe(unknown.body);
    expect((await change(group, mia, { to: '2026-02-30' })).json.errors[0].field).toBe('to');
    expect((await change(group, mia, { until: '2026-02-20' })).json.errors[0].code).toBe('unknown_field');
  });

  it('are changed on a page, which keeps what was typed; somebody is added for a time there as well', async () => {
    const { id: group } = await world.addGroup(world.school, 'Paged days');
    const mia = await enrol();
    const sent = { participant_ids: String(mia), from: '2026-09-01', to: '2026-08-01' };
    const refused = await world.ana.form(`/groups/${group}/members?q=mia`, sent);
    expect([refused.status, refused.body.includes('value="2026-09-01"')]).toEqual([422, true]);
    expect((await world.ana.form(`/groups/${group}/members`, { ...sent, to: '' })).status).toBe(303);
    const page = await world.ana.get(`/groups/${group}/members/${mia}/edit`);
    expect(page.body).toContain('value="2026-09-01"');
    const wrong = await world.ana.form(`/groups/${group}/members/${mia}/edit`, {
      joined_on: '2026-09-01',
      from: '2026-10-01',
      to: '2026-09-15',
    });
    expect(wrong.status).toBe(422);
    expect(textOf(wrong.body)).toContain('The beginning lies after the end.');
    expect(wrong.body).toContain('value="2026-10-01"');
    const done = await world.ana.form(`/groups/${group}/members/${mia}/edit`, {
      joined_on: '2026-09-01',
      from: '',
      to: '',
    });
    expect([done.status, done.headers.get('location')]).toEqual([303, `/groups/${group}?done=days&person=${mia}`]);
    expect(textOf((await world.ana.get(done.headers.get('location')!)).body)).toContain(
      'the days in Paged days are saved',
    );
    expect((await world.ana.get(`/groups/${group}/members/${await enrol()}/edit`)).status).toBe(404);
  });
});

describe('a register', () => {
  it('of the day on which the clock changes shows who was a member on that local day, from its first to its last minute', async () => {
    const group = await world.addGroup(world.school, 'Clock change');
    const [that, before, after] = [await enrol(), await enrol(), await enrol()];
    await add(group.id, that, { from: '2026-03-29', to: '2026-03-29' });
    await add(group.id, before, { to: '2026-03-28' });
    await add(group.id, after, { from: '2026-03-30' });
    const at = (time: string) =>
      world.addSession(world.school, group, {
        scheduledStartAt: new Date(time),
        scheduledEndAt: new Date(Date.parse(time) + 600_000),
      });
    // Paris: the night before begins at +01:00 and ends at +02:00.
    expect(await rosterOf(await at('2026-03-28T22:50:00Z'))).toEqual([before]);
    expect(await rosterOf(await at('2026-03-28T23:05:00Z'))).toEqual([that]);
    expect(await rosterOf(await at('2026-03-29T01:05:00Z'))).toEqual([that]);
    expect(await rosterOf(await at('2026-03-29T21:50:00Z'))).toEqual([that]);
    expect(await rosterOf(await at('2026-03-29T22:05:00Z'))).toEqual([after]);
    // And in autumn, when an hour comes twice.
    const autumn = await enrol();
    await add(group.id, autumn, { from: '2026-10-25', to: '2026-10-25' });
    expect(await rosterOf(await at('2026-10-24T21:50:00Z'))).toEqual([after]);
    expect(await rosterOf(await at('2026-10-24T22:05:00Z'))).toEqual([after, autumn]);
    expect(await rosterOf(await at('2026-10-25T22:50:00Z'))).toEqual([after, autumn]);
    expect(await rosterOf(await at('2026-10-25T23:05:00Z'))).toEqual([after]);
  });

  it('of a day to come shows who will have joined', async () => {
    const group = await world.addGroup(world.school, 'Future');
    const mia = await enrol();
    await add(group.id, mia, { from: '2031-01-10' });
    const session = (day: string) =>
      world.addSession(world.school, group, { scheduledStartAt: new Date(`${day}T09:00:00Z`) });
    expect(await rosterOf(await session('2031-01-09'))).toEqual([]);
    expect(await rosterOf(await session('2031-01-10'))).toEqual([mia]);
  });
});

describe('a group that only holds other groups', () => {
  it('tells how many are below it, each person once, and who works with it', async () => {
    const top = await world.addGroup(world.school, 'Year 9');
    const [a, b] = [
      await world.addGroup(world.school, 'Nine A', { parent: top.id as never }),
      await world.addGroup(world.school, 'Nine B', { parent: top.id as never }),
    ];
    const deep = await world.addGroup(world.school, 'Nine B choir', { parent: b.id as never });
    const [one, two, three] = [await enrol(), await enrol(), await enrol()];
    for (const [group, id] of [
      [a, one],
      [b, two],
      [deep, two],
      [deep, three],
    ] as const)
      await add(group.id, id);
    await world.write(world.school, (tx) =>
      tx.create(GroupAssignment, { user: world.school.user.bruno!.id, group: top.id }),
    );
    const page = textOf((await world.mara.get(`/groups/${top.id}`)).body);
    expect(page).toContain('0 direct, 3 below');
    expect(page).toContain('Assigned to Bruno Example');
    expect(page).toContain('1 direct, 2 below');
    expect(textOf((await world.ana.get('/groups')).body)).toContain('0 direct, 3 below');
    expect((await world.ana.get(`/api/groups/${top.id}`)).json.data.member_count).toBe(0);
    expect(textOf((await world.ana.get(`/groups/${a.id}`)).body)).toContain('1 student');
  });
});
