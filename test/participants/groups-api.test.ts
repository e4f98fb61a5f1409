import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { clock } from '../../src/platform/clock.js';
import { dayOf } from '../../src/tenancy/index.js';
import { World } from '../world.js';

let world: World;
const now = clock.now;
beforeAll(async () => {
  world = await World.open();
});
afterEach(() => {
  clock.now = now;
});
afterAll(() => world.close());

const codes = (answer: any): string[] =>
  answer.json.errors.map((each: any) => `${each.code} ${each.field ?? ''}`.trim());
const create = async (more: object = {}) =>
  (await world.ana.post('/api/groups', { name: 'Class 1A', ...more })).json.data;

describe('groups', () => {
  it('are created with the first type of the domain, renamed, and deactivated', async () => {
    const answer = await world.ana.post('/api/groups', { name: 'Class 1A', external_id: 'G-1' });
    expect(answer.status).toBe(201);
    expect(answer.json.data).toEqual({
      id: expect.any(Number),
      external_id: 'G-1',
      parent_id: null,
      name: 'Class 1A',
      group_type: 'class',
      extra_data: {},
      is_active: true,
      member_count: 0,
      created_at: expect.any(String),
      updated_at: expect.any(String),
    });
    const { id } = answer.json.data;
    expect((await world.ana.put(`/api/groups/${id}`, { name: 'Class 2A' })).json.data).toMatchObject({
      name: 'Class 2A',
      external_id: 'G-1',
    });
    expect((await world.ana.delete(`/api/groups/${id}`)).json.data.is_active).toBe(false);
    expect((await world.ana.get(`/api/groups/${id}`)).json.data.is_active).toBe(false);
  });

  it('refuse a taken external id, an unknown parent and a foreign one alike', async () => {
    await create({ external_id: 'G-2' });
    expect(codes(await world.ana.post('/api/groups', { name: 'X', external_id: 'G-2' }))).toEqual([
      'taken external_id',
    ]);
    const foreign = await world.addGroup(world.other);
    const answer = await world.ana.post('/api/groups', { name: 'X', parent_id: foreign.id });
    expect(codes(answer)).toEqual(['unknown parent_id']);
    expect((await world.ana.post('/api/groups', { name: 'X', parent_id: 999999999 })).body).toBe(answer.body);
    expect(codes(await world.ana.post('/api/groups', { colour: 'red' })).sort()).toEqual([
      'required name',
      'unknown_field colour',
    ]);
  });

  it('form a tree, never a ring, not even when two are moved at the same time', async () => {
    const root = await create({ name: 'Root' });
    const child = await create({ name: 'Child', parent_id: root.id });
    const leaf = await create({ name: 'Leaf', parent_id: child.id });
    for (const parent of [root.id, leaf.id])
      expect(codes(await world.ana.put(`/api/groups/${root.id}`, { parent_id: parent }))).toEqual([
        'invalid parent_id',
      ]);
    expect((await world.ana.get(`/api/groups?parent_id=${root.id}`)).json.data.map((each: any) => each.id)).toEqual([
      child.id,
    ]);
    const [a, b] = [await create(), await create()];
    const moves = await Promise.all([
      world.ana.put(`/api/groups/${a.id}`, { parent_id: b.id }),
      world.ana.put(`/api/groups/${b.id}`, { parent_id: a.id }),
    ]);
    expect(moves.map((each) => each.status).sort((a, b) => a - b)).toEqual([200, 422]);
    expect((await world.ana.put(`/api/groups/${child.id}`, { parent_id: null })).json.data.parent_id).toBeNull();
  });

  it('are found by name and type', async () => {
    const group = await create({ name: 'Élan vital', group_type: 'club' });
    for (const query of ['q=elan', 'group_type=club', 'q=VITAL%20elan'])
      expect((await world.mara.get(`/api/groups?${query}`)).json.data.map((each: any) => each.id)).toEqual([group.id]);
  });

  it('are not for those who only teach or look, nor for another organization', async () => {
    const group = await create();
    for (const visitor of [world.bruno, world.mara]) {
      expect((await visitor.get(`/api/groups/${group.id}`)).status).toBe(200);
      expect((await visitor.post('/api/groups', {})).status).toBe(403);
      expect((await visitor.put(`/api/groups/${group.id}`, {})).status).toBe(403);
      expect((await visitor.post(`/api/groups/${group.id}/members`, {})).status).toBe(403);
    }
    expect((await world.emil.get('/api/groups')).status).toBe(403);
    const unknown = await world.clara.get('/api/groups/999999999');
    for (const [method, path] of [
      ['GET', ''],
      ['PUT', ''],
      ['DELETE', ''],
      ['GET', '/members'],
      ['POST', '/members'],
      ['DELETE', '/members/1'],
    ])
      expect((await world.clara.send(method!, `/api/groups/${group.id}${path}`)).body).toBe(unknown.body);
  });
});

describe('members', () => {
  it('join once, however often they are added', async () => {
    const group = await create();
    const people = await world.addParticipants(world.school, ['A A', 'B B', 'C C']);
    const [a, b, c] = people.map((each) => each.id);
    const add = async (body: object) => (await world.ana.post(`/api/groups/${group.id}/members`, body)).json.data;
    expect(await add({ participant_ids: [a, b, a] })).toEqual({ added: 2, already: 0 });
    expect(await add({ participant_ids: [a, b, c] })).toEqual({ added: 1, already: 2 });
    const list = (await world.bruno.get(`/api/groups/${group.id}/members`)).json;
    expect(list.meta.total).toBe(3);
    expect(list.data[0]).toMatchObject({ id: a, participant_id: a, first_name: 'A', joined_on: null, left_on: null });
    expect((await world.bruno.get(`/api/groups/${group.id}`)).json.data.member_count).toBe(3);
    expect((await world.ana.post(`/api/groups/${group.id}/members`, { participant_ids: [a] })).status).toBe(200);
  });

  it('join for a time, which grows together with the time they have already', async () => {
    const group = await create();
    const [person] = await world.addParticipants(world.school, ['A A']);
    const add = async (from?: string, to?: string) =>
      (await world.ana.post(`/api/groups/${group.id}/members`, { participant_ids: [person!.id], from, to })).json;
    const on = async (day: string) =>
      (await world.ana.get(`/api/groups/${group.id}/members?on=${day}`)).json.data.map(
        ({ joined_on, left_on }: any) => [joined_on, left_on],
      );
    expect((await add('2026-03-01', '2026-03-31')).data).toEqual({ added: 1, already: 0 });
    expect((await add('2026-03-10', '2026-03-20')).data).toEqual({ added: 0, already: 1 });
    expect((await add('2026-05-01', '2026-05-31')).data).toEqual({ added: 1, already: 0 });
    expect(await on('2026-03-31')).toEqual([['2026-03-01', '2026-03-31']]);
    expect(await on('2026-04-01')).toEqual([]);
    expect((await add('2026-04-01', '2026-04-30')).data).toEqual({ added: 1, already: 0 });
    expect(await on('2026-04-15')).toEqual([['2026-03-01', '2026-05-31']]);
    expect((await add()).data).toEqual({ added: 1, already: 0 });
    expect(await on('2030-01-01')).toEqual([[null, null]]);
    expect(codes({ json: await add('2026-03-02', '2026-03-01') })).toEqual(['invalid from']);
  });

  it('are named by row when nobody has their id, and then nobody joins', async () => {
    const group = await create();
    const [mine] = await world.addParticipants(world.school, ['A A']);
    const [foreign] = await world.addParticipants(world.other, ['F F']);
    const answer = await world.ana.post(`/api/groups/${group.id}/members`, {
      participant_ids: [mine!.id, foreign!.id, 999999999],
    });
    expect(answer.status).toBe(422);
    expect(answer.json.errors.map(({ code, field, row }: any) => [code, field, row])).toEqual([
      ['unknown', 'participant_ids', 1],
      ['unknown', 'participant_ids', 2],
    ]);
    expect((await world.ana.get(`/api/groups/${group.id}`)).json.data.member_count).toBe(0);
  });

  it('who leave are on the register of today and on no later one', async () => {
    const group = await create();
    const [person, other] = await world.addParticipants(world.school, ['A A', 'B B']);
    await world.ana.post(`/api/groups/${group.id}/members`, { participant_ids: [person!.id] });
    const path = `/api/groups/${group.id}/members/${person!.id}`;
    const today = dayOf(clock.now(), 'Europe/Paris');
    const answer = await world.ana.delete(path);
    expect(answer.status).toBe(200);
    expect(answer.json.data).toEqual({
      group_id: group.id,
      participant_id: person!.id,
      joined_on: null,
      left_on: today,
    });
    expect((await world.ana.get(`/api/groups/${group.id}/members`)).json.data).toEqual([]);
    expect((await world.ana.get(`/api/groups/${group.id}/members?on=${today}`)).json.data).toHaveLength(1);
    expect((await world.ana.get(`/api/groups/${group.id}/members?on=2999-01-01`)).json.data).toHaveLength(0);
    expect((await world.ana.delete(path)).status).toBe(404);
    expect((await world.ana.delete(`/api/groups/${group.id}/members/${other!.id}`)).status).toBe(404);
    // Taken back on the same day, nothing is missing.
    expect(
      (await world.ana.post(`/api/groups/${group.id}/members`, { participant_ids: [person!.id] })).json.data.added,
    ).toBe(1);
    expect((await world.ana.get(`/api/groups/${group.id}/members`)).json.data[0].left_on).toBeNull();
  });

  it('leave on the day of the organization, not on that of UTC', async () => {
    const place = await world.openPlace('Far School', 'education', 'Pacific/Auckland', { kiri: 'administrator' });
    const group = await world.addGroup(place);
    const [person] = await world.addParticipants(place, ['A A'], group);
    clock.now = () => new Date('2026-06-01T20:00:00Z');
    const answer = await place.visitor.kiri!.delete(`/api/groups/${group.id}/members/${person!.id}`);
    expect(answer.json.data.left_on).toBe('2026-06-02');
  });
});
