import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Group } from '../../src/participants/index.js';
import { clock } from '../../src/platform/clock.js';
import { Session } from '../../src/sessions/index.js';
import { Organization } from '../../src/tenancy/index.js';
import { type Place, World } from '../world.js';

let world: World;
let group: Group;
const now = clock.now;
beforeAll(async () => {
  world = await World.open();
  group = await world.addGroup(world.school);
});
afterEach(() => {
  clock.now = now;
});
afterAll(() => world.close());

const codes = (answer: any): string[] =>
  answer.json.errors.map((each: any) => `${each.code} ${each.field ?? ''}`.trim());
const plan = (more: object = {}) => ({
  group_id: group.id,
  name: 'Mathematics',
  scheduled_start_at: '2026-11-20T09:00:00+01:00',
  scheduled_end_at: '2026-11-20T09:45:00+01:00',
  ...more,
});
const schedule = async (more: object = {}) => (await world.ana.post('/api/sessions', plan(more))).json.data;

describe('scheduling a session', () => {
  it('answers the whole record with times in UTC', async () => {
    const answer = await world.ana.post('/api/sessions', plan({ location: 'Room 7', extra_data: { floor: 1 } }));
    expect(answer.status).toBe(201);
    expect(answer.json.data).toMatchObject({
      id: expect.any(Number),
      group_id: group.id,
      name: 'Mathematics',
      location: 'Room 7',
      scheduled_start_at: '2026-11-20T08:00:00.000Z',
      scheduled_end_at: '2026-11-20T08:45:00.000Z',
      actual_start_at: null,
      actual_end_at: null,
      status: 'scheduled',
      locked: false,
      register_completed_at: null,
      series_id: null,
      extra_data: { floor: 1 },
    });
    expect((await world.mara.get(`/api/sessions/${answer.json.data.id}`)).json).toEqual(answer.json);
  });

  it('needs an offset, an end after the start, and a group of this organization', async () => {
    expect(codes(await world.ana.post('/api/sessions', plan({ scheduled_start_at: '2026-11-20T09:00:00' })))).toEqual([
      'invalid scheduled_start_at',
    ]);
    expect(codes(await world.ana.post('/api/sessions', plan({ scheduled_end_at: '2026-11-20T08:00:00Z' })))).toEqual([
      'invalid scheduled_end_at',
    ]);
    expect(codes(await world.ana.post('/api/sessions', plan({ colour: 'red' })))).toEqual(['unknown_field colour']);
    expect(codes(await world.ana.post('/api/sessions', {})).sort()).toEqual(
      ['required name', 'required scheduled_end_at', 'required scheduled_start_at', 'required group_id'].sort(),
    );
    const foreign = await world.addGroup(world.other);
    const answer = await world.ana.post('/api/sessions', plan({ group_id: foreign.id }));
    expect(codes(answer)).toEqual(['unknown group_id']);
    expect((await world.ana.post('/api/sessions', plan({ group_id: 999999999 }))).body).toBe(answer.body);
    const old = await world.addGroup(world.school, 'Old', { isActive: false });
    expect(codes(await world.ana.post('/api/sessions', plan({ group_id: old.id })))).toEqual(['invalid group_id']);
  });

  it('is open to a teacher unless the organization says otherwise, and never to who only looks', async () => {
    expect((await world.bruno.post('/api/sessions', plan())).status).toBe(201);
    expect((await world.mara.post('/api/sessions', plan())).status).toBe(403);
    expect((await world.emil.post('/api/sessions', plan())).status).toBe(403);
    await settings(world.school, { frontline_creates_sessions: false });
    expect((await world.bruno.post('/api/sessions', plan())).status).toBe(403);
    await settings(world.school, {});
  });
});

const settings = (place: Place, value: object) =>
  world.write(place, async (tx) => {
    (await tx.findOneOrFail(Organization, { id: place.organization.id })).settings = value;
  });

describe('changing a session', () => {
  it('changes what is given and clears what is null', async () => {
    const session = await schedule({ location: 'Room 7' });
    const answer = await world.ana.put(`/api/sessions/${session.id}`, { name: 'Physics', location: null });
    expect(answer.json.data).toMatchObject({
      ...session,
      name: 'Physics',
      location: null,
      updated_at: expect.any(String),
    });
    expect(
      codes(await world.ana.put(`/api/sessions/${session.id}`, { scheduled_start_at: '2026-11-20T12:00:00Z' })),
    ).toEqual(['invalid scheduled_end_at']);
    expect(codes(await world.ana.put(`/api/sessions/${session.id}`, { group_id: 999999999 }))).toEqual([
      'unknown group_id',
    ]);
  });

  it('cancels and revives, and is what it was before', async () => {
    const session = await schedule();
    const path = `/api/sessions/${session.id}`;
    expect((await world.ana.delete(path)).json.data.status).toBe('cancelled');
    expect((await world.ana.delete(path)).json.data.status).toBe('cancelled');
    for (const act of ['start', 'end', 'complete-register'])
      expect(codes(await world.ana.patch(`${path}/${act}`))).toEqual(['session_cancelled']);
    expect((await world.ana.put(path, { status: 'scheduled' })).json.data.status).toBe('scheduled');
    await world.ana.patch(`${path}/start`);
    expect(codes(await world.ana.put(path, { status: 'scheduled' }))).toEqual(['invalid status']);
    await world.ana.delete(path);
    expect((await world.ana.put(path, { status: 'scheduled' })).json.data.status).toBe('running');
  });

  it('leaves the times of a locked session alone until it is unlocked', async () => {
    const session = await schedule();
    const path = `/api/sessions/${session.id}`;
    await world.write(world.school, async (tx) => {
      (await tx.findOneOrFail(Session, { id: session.id })).lockedAt = new Date();
    });
    expect((await world.ana.get(path)).json.data.locked).toBe(true);
    expect(codes(await world.ana.put(path, { scheduled_end_at: '2026-11-20T12:00:00Z' }))).toEqual(['session_locked']);
    expect((await world.ana.put(path, { name: 'Still mine to name' })).status).toBe(200);
    expect((await world.bruno.patch(`${path}/unlock`)).status).toBe(403);
    const unlocked = await world.ana.patch(`${path}/unlock`, { reason: 'A slip' });
    expect(unlocked.json.data).toMatchObject({ locked: false, extra_data: { unlock_reason: 'A slip' } });
    expect((await world.ana.patch(`${path}/unlock`)).status).toBe(200);
  });

  it('is for administrators; another organization finds nothing', async () => {
    const session = await schedule();
    for (const visitor of [world.bruno, world.mara, world.emil]) {
      expect((await visitor.put(`/api/sessions/${session.id}`, {})).status).toBe(403);
      expect((await visitor.delete(`/api/sessions/${session.id}`)).status).toBe(403);
    }
    const unknown = await world.clara.get('/api/sessions/999999999');
    for (const [method, path] of [
      ['GET', ''],
      ['PUT', ''],
      ['DELETE', ''],
      ['PATCH', '/start'],
      ['PATCH', '/end'],
      ['PATCH', '/complete-register'],
      ['PATCH', '/unlock'],
    ])
      expect((await world.clara.send(method!, `/api/sessions/${session.id}${path}`)).body).toBe(unknown.body);
  });
});

describe('starting, ending and completing', () => {
  it('happen once, however often they are said', async () => {
    const session = await schedule();
    const path = `/api/sessions/${session.id}`;
    const started = (await world.bruno.patch(`${path}/start`, { at: '2026-11-20T08:03:00Z' })).json.data;
    expect(started).toMatchObject({ status: 'running', actual_start_at: '2026-11-20T08:03:00.000Z' });
    expect((await world.bruno.patch(`${path}/start`)).json.data).toEqual(started);
    expect(codes(await world.bruno.patch(`${path}/end`, { at: '2026-11-20T08:00:00Z' }))).toEqual(['invalid at']);
    const ended = (await world.bruno.patch(`${path}/end`, { at: '2026-11-20T08:45:00Z' })).json.data;
    expect(ended).toMatchObject({ status: 'ended', actual_end_at: '2026-11-20T08:45:00.000Z' });
    expect((await world.bruno.patch(`${path}/end`)).json.data).toEqual(ended);
    expect((await world.bruno.patch(`${path}/start`)).json.data).toEqual(ended);
    const completed = (await world.bruno.patch(`${path}/complete-register`)).json.data;
    expect(completed.register_completed_at).toEqual(expect.any(String));
    expect((await world.bruno.patch(`${path}/complete-register`)).json.data).toEqual(completed);
    expect(codes(await world.bruno.patch(`${path}/start`, { at: 'now', why: 1 })).sort()).toEqual([
      'invalid at',
      'unknown_field why',
    ]);
  });

  it('are not for who only looks', async () => {
    const session = await schedule();
    for (const act of ['start', 'end', 'complete-register', 'unlock'])
      for (const visitor of [world.mara, world.emil])
        expect((await visitor.patch(`/api/sessions/${session.id}/${act}`)).status).toBe(403);
  });
});

describe('finding sessions', () => {
  it('narrows by group and status', async () => {
    const own = await world.addGroup(world.school);
    const one = await world.addSession(world.school, own);
    const two = await world.addSession(world.school, own, { status: 'cancelled' });
    const ids = async (query: string) =>
      (await world.mara.get(`/api/sessions?group_id=${own.id}${query}`)).json.data.map((each: any) => each.id);
    expect(await ids('')).toEqual([one.id, two.id]);
    expect(await ids('&status=cancelled')).toEqual([two.id]);
    expect((await world.mara.get('/api/sessions?status=lost')).status).toBe(422);
    expect(codes(await world.mara.get('/api/sessions?group_id=999999999'))).toEqual(['unknown group_id']);
  });

  it.each([
    ['Europe/Paris', '2026-03-29', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z'],
    ['Europe/Paris', '2026-10-25', '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z'],
    // Midnight does not exist on these days: they begin at 01:00.
    ['Africa/Cairo', '2026-04-24', '2026-04-23T22:00:00Z', '2026-04-24T21:00:00Z'],
    ['America/Santiago', '2026-09-06', '2026-09-06T04:00:00Z', '2026-09-07T03:00:00Z'],
    ['Asia/Kathmandu', '2026-11-20', '2026-11-19T18:15:00Z', '2026-11-20T18:15:00Z'],
  ])('takes a day of %s, %s, whole, and an instant exactly', async (zone, day, first, after) => {
    const place = await world.openPlace('Zone School', 'education', zone, { zoe: 'administrator' });
    const own = await world.addGroup(place);
    const at = (time: string, shift: number) => new Date(Date.parse(time) + shift);
    await world.addSession(place, own, { scheduledStartAt: at(first, -1) });
    const begins = await world.addSession(place, own, { scheduledStartAt: at(first, 0) });
    const ends = await world.addSession(place, own, { scheduledStartAt: at(after, -1) });
    const next = await world.addSession(place, own, { scheduledStartAt: at(after, 0) });
    const ids = async (query: string) =>
      (await place.visitor.zoe!.get(`/api/sessions?${query}`)).json.data.map((each: any) => each.id);
    expect(await ids(`from=${day}&to=${day}`)).toEqual([begins.id, ends.id]);
    expect(await ids(`from=${encodeURIComponent(first)}&to=${encodeURIComponent(after)}`)).toEqual([
      begins.id,
      ends.id,
    ]);
    expect(await ids(`from=${encodeURIComponent(after)}`)).toEqual([next.id]);
  });

  it('refuses a beginning after the end, and what is no time', async () => {
    expect((await world.ana.get('/api/sessions?from=2026-11-21&to=2026-11-20')).status).toBe(422);
    expect((await world.ana.get('/api/sessions?from=2026-02-30')).status).toBe(422);
    expect((await world.ana.get('/api/sessions?from=2026-11-20T10:00')).status).toBe(422);
    for (const far of ['from=0000-01-01', 'to=9999-12-31', 'from=0000-01-01T00:00:00%2B14:00'])
      expect((await world.ana.get(`/api/sessions?${far}`)).status).toBe(200);
  });
});
