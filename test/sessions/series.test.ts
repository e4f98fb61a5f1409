import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Group } from '../../src/participants/index.js';
import { clock } from '../../src/platform/clock.js';
import { PresenceState } from '../../src/presence/index.js';
import { ClosingDay, Session, SessionSeries } from '../../src/sessions/index.js';
import { countStatements } from '../support/count-statements.js';
import { World } from '../world.js';

let world: World;
let group: Group;
const now = clock.now;
/** Nineteen days into the year: some dates of a plan are past. */
beforeAll(async () => {
  clock.now = () => new Date('2027-01-19T00:00:00Z');
  world = await World.open();
  group = await world.addGroup(world.school);
});
afterAll(async () => {
  await world.close();
  clock.now = now;
});

const codes = (answer: any): string[] =>
  answer.json.errors.map((each: any) => `${each.code} ${each.field ?? ''}`.trim());
/** Mondays at nine in Paris, four of them, from 4 January 2027 on. */
const plan = (more: object = {}) => ({
  group_id: group.id,
  name: 'Algebra',
  scheduled_start_at: '2027-01-04T09:00:00+01:00',
  scheduled_end_at: '2027-01-04T09:45:00+01:00',
  recurrence: 'FREQ=WEEKLY;COUNT=4',
  ...more,
});
const make = async (more: object = {}) => {
  const answer = await world.ana.post('/api/sessions', plan(more));
  expect(answer.status).toBe(201);
  return answer.json.data as { series_id: number; created: number; skipped: number; sessions: any[] };
};
const all = (series: number) =>
  world.read(world.school, (em) => em.find(Session, { seriesId: series }, { orderBy: { occursAt: 'asc', id: 'asc' } }));
/** `01-04 09:00 Algebra` of everything that takes place, by the wall clock of Paris. */
const standing = async (series: number) =>
  (await all(series)).filter((each) => each.status !== 'cancelled').map((each) => line(each));
const line = (session: Session) => {
  const local = Temporal.Instant.fromEpochMilliseconds(+session.scheduledStartAt)
    .toZonedDateTimeISO('Europe/Paris')
    .toPlainDateTime()
    .toString();
  return `${local.slice(5, 16).replace('T', ' ')} ${session.name}`;
};
const mark = async (session: number) => {
  const [person] = await world.addParticipants(world.school, ['Ada Lovelace'], group);
  const state = await world.read(world.school, (em) => em.findOneOrFail(PresenceState, { isDefault: true }));
  const body = { session_id: session, participant_id: person!.id, presence_state: state.code };
  expect((await world.ana.post('/api/presence', body)).status).toBe(201);
};
const change = (id: number, scope: string, body: object) => world.ana.put(`/api/sessions/${id}?scope=${scope}`, body);

describe('scheduling a series', () => {
  it('makes all of its sessions and answers the first fifty', async () => {
    const made = await make({ recurrence: 'FREQ=DAILY;COUNT=60', location: 'Room 7', extra_data: { floor: 1 } });
    expect(made).toMatchObject({ created: 60, skipped: 0 });
    expect(made.sessions).toHaveLength(50);
    expect(made.sessions[1]).toMatchObject({
      series_id: made.series_id,
      group_id: group.id,
      name: 'Algebra',
      location: 'Room 7',
      scheduled_start_at: '2027-01-05T08:00:00.000Z',
      scheduled_end_at: '2027-01-05T08:45:00.000Z',
      status: 'scheduled',
      extra_data: { floor: 1 },
    });
    expect(await all(made.series_id)).toHaveLength(60);
  });

  it('keeps the local time of a night shift when the clocks change, its end too', async () => {
    const made = await make({
      scheduled_start_at: '2027-03-27T22:00:00+01:00',
      scheduled_end_at: '2027-03-28T06:00:00+02:00',
      recurrence: 'FREQ=DAILY;COUNT=2',
    });
    expect(made.sessions.map((each) => [each.scheduled_start_at, each.scheduled_end_at])).toEqual([
      ['2027-03-27T21:00:00.000Z', '2027-03-28T04:00:00.000Z'],
      ['2027-03-28T20:00:00.000Z', '2027-03-29T04:00:00.000Z'],
    ]);
  });

  it('passes over the closing days of the organization and of the groups above', async () => {
    const top = await world.addGroup(world.school, 'Lower school');
    const own = await world.addGroup(world.school, 'Class 2', { parent: top.id });
    const elsewhere = await world.addGroup(world.school, 'Upper school');
    await world.write(world.school, (tx) => {
      const day = (name: string, fromOn: string, toOn: string, of?: number) =>
        tx.create(ClosingDay, { name, fromOn, toOn, group: of ?? null });
      day('Whole school', '2031-01-13', '2031-01-19');
      day('Lower school', '2031-01-20', '2031-01-20', top.id);
      day('Somebody else', '2031-01-27', '2031-01-27', elsewhere.id);
    });
    const made = await make({
      group_id: own.id,
      scheduled_start_at: '2031-01-06T09:00:00+01:00',
      scheduled_end_at: '2031-01-06T09:45:00+01:00',
    });
    expect(made).toMatchObject({ created: 2, skipped: 2 });
    expect(await standing(made.series_id)).toEqual(['01-06 09:00 Algebra', '01-27 09:00 Algebra']);
    const closed = { scheduled_start_at: '2031-01-13T09:00:00+01:00', scheduled_end_at: '2031-01-13T10:00:00+01:00' };
    const answer = await world.ana.post('/api/sessions', plan({ ...closed, recurrence: 'FREQ=DAILY;COUNT=7' }));
    expect(codes(answer)).toEqual(['invalid recurrence']);
  });

  it('refuses a rule that it cannot follow, on its field, and makes nothing', async () => {
    const before = await world.read(world.school, (em) => em.count(Session, {}));
    for (const recurrence of ['FREQ=HOURLY', 'nonsense', 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30'])
      expect(codes(await world.ana.post('/api/sessions', plan({ recurrence })))).toEqual(['invalid recurrence']);
    expect(codes(await world.ana.post('/api/sessions', plan({ recurrence: 'x'.repeat(501) })))).toEqual([
      'too_long recurrence',
    ]);
    expect(codes(await world.ana.post('/api/sessions', plan({ scheduled_start_at: '2027-01-04T08:00:01Z' })))).toEqual([
      'invalid scheduled_start_at',
    ]);
    expect(codes(await world.ana.post('/api/sessions', plan({ group_id: 999999999 })))).toEqual(['unknown group_id']);
    expect(await world.read(world.school, (em) => em.count(Session, {}))).toBe(before);
    expect((await world.ana.post('/api/sessions', plan({ recurrence: null }))).json.data.series_id).toBeNull();
  });

  it('is planning: a teacher schedules a session, but no series', async () => {
    expect((await world.bruno.post('/api/sessions', plan())).status).toBe(403);
    expect((await world.mara.post('/api/sessions', plan())).status).toBe(403);
    expect((await world.visitor().post('/api/sessions', plan())).status).toBe(401);
  });

  it('takes as many statements for ten sessions as for four hundred', async () => {
    const few = await countStatements(world, () => make({ recurrence: 'FREQ=DAILY;COUNT=10' }));
    const many = await countStatements(world, () => make({ recurrence: 'FREQ=DAILY;COUNT=400' }));
    // One statement more for each fifty rows on SQLite.
    expect(many - few).toBeLessThan(20);
  });
});

describe('changing this one', () => {
  it('leaves the others, and is left alone by a change of all', async () => {
    const { series_id, sessions } = await make();
    await change(sessions[1].id, 'this', { scheduled_end_at: '2027-01-11T11:00:00+01:00', name: 'Test' });
    const answer = await change(sessions[0].id, 'all', { name: 'Geometry' });
    expect(answer.json.meta).toEqual({ changed: 3, created: 0, cancelled: 0, left_alone: 1 });
    expect(answer.json.data.name).toBe('Geometry');
    expect(await standing(series_id)).toEqual([
      '01-04 09:00 Geometry',
      '01-11 09:00 Test',
      '01-18 09:00 Geometry',
      '01-25 09:00 Geometry',
    ]);
  });

  it('takes no rule', async () => {
    const { sessions } = await make();
    expect(codes(await change(sessions[0].id, 'this', { recurrence: 'FREQ=DAILY' }))).toEqual(['invalid recurrence']);
    expect(codes(await change(sessions[0].id, 'some', { name: 'x' }))).toEqual(['invalid scope']);
  });
});

describe('changing all', () => {
  it('moves every session to another time and keeps its row', async () => {
    const { series_id, sessions } = await make();
    const answer = await change(sessions[2].id, 'all', {
      scheduled_start_at: '2027-01-18T10:15:00+01:00',
      scheduled_end_at: '2027-01-18T11:00:00+01:00',
    });
    expect(answer.json.meta).toEqual({ changed: 4, created: 0, cancelled: 0, left_alone: 0 });
    expect((await all(series_id)).map((each) => each.id)).toEqual(sessions.map((each) => each.id));
    expect(await standing(series_id)).toEqual([
      '01-04 10:15 Algebra',
      '01-11 10:15 Algebra',
      '01-18 10:15 Algebra',
      '01-25 10:15 Algebra',
    ]);
  });

  it('moves every session to another weekday when one is moved, and back', async () => {
    const { series_id, sessions } = await make({ recurrence: 'FREQ=WEEKLY;BYDAY=MO;COUNT=4' });
    const to = (day: number) => ({
      scheduled_start_at: `2027-01-${day}T09:00:00+01:00`,
      scheduled_end_at: `2027-01-${day}T09:45:00+01:00`,
    });
    await change(sessions[1].id, 'this', { name: 'Test' });
    expect((await change(sessions[2].id, 'all', to(20))).json.meta).toMatchObject({ changed: 3, left_alone: 1 });
    expect(await standing(series_id)).toEqual([
      '01-06 09:00 Algebra',
      '01-11 09:00 Test',
      '01-20 09:00 Algebra',
      '01-27 09:00 Algebra',
    ]);
    // The one that was edited alone still stands for its date: nothing is made beside it.
    await change(sessions[2].id, 'all', to(18));
    expect((await all(series_id)).map((each) => each.id)).toEqual(sessions.map((each) => each.id));
    expect(await standing(series_id)).toEqual([
      '01-04 09:00 Algebra',
      '01-11 09:00 Test',
      '01-18 09:00 Algebra',
      '01-25 09:00 Algebra',
    ]);
  });

  it('keeps what the new rule still has, cancels what it has not, makes what is new, and brings back what returns', async () => {
    const february = {
      scheduled_start_at: '2027-02-01T09:00:00+01:00',
      scheduled_end_at: '2027-02-01T09:45:00+01:00',
    };
    const { series_id, sessions } = await make({ ...february, recurrence: 'FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20270215' });
    expect(sessions).toHaveLength(5);
    const rule = (recurrence: string) => change(sessions[0].id, 'all', { recurrence });
    const answer = await rule('FREQ=WEEKLY;BYDAY=MO,FR;UNTIL=20270215');
    expect(answer.json.meta).toEqual({ changed: 0, created: 2, cancelled: 2, left_alone: 0 });
    expect(await standing(series_id)).toEqual([
      '02-01 09:00 Algebra',
      '02-05 09:00 Algebra',
      '02-08 09:00 Algebra',
      '02-12 09:00 Algebra',
      '02-15 09:00 Algebra',
    ]);
    expect((await rule('FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20270215')).json.meta).toEqual({
      changed: 2,
      created: 0,
      cancelled: 2,
      left_alone: 0,
    });
    const ids = (await all(series_id)).filter((each) => each.status === 'scheduled').map((each) => each.id);
    expect(ids).toEqual(sessions.map((each) => each.id));
  });

  it('never touches what was marked, started or locked, and makes nothing in the past', async () => {
    const { series_id, sessions } = await make();
    await mark(sessions[0].id);
    await world.ana.patch(`/api/sessions/${sessions[1].id}/start`);
    await world.write(world.school, async (tx) => {
      (await tx.findOneOrFail(Session, { id: sessions[2].id })).lockedAt = new Date();
    });
    const before = (await all(series_id)).slice(0, 3).map((each) => [each.status, each.name, +each.scheduledStartAt]);
    const answer = await change(sessions[3].id, 'all', { recurrence: 'FREQ=WEEKLY;BYDAY=TU;COUNT=4', name: 'Moved' });
    // Tuesdays: 5, 12 and 19 January are over or today; only what is not past is made.
    expect(answer.json.meta).toEqual({ changed: 0, created: 2, cancelled: 1, left_alone: 3 });
    expect((await all(series_id)).filter((each) => each.name === 'Moved').map(line)).toEqual([
      '01-19 09:00 Moved',
      '01-26 09:00 Moved',
    ]);
    const after = await world.read(world.school, (em) =>
      em.find(Session, { id: { $in: sessions.slice(0, 3).map((each) => each.id) } }, { orderBy: { id: 'asc' } }),
    );
    expect(after.map((each) => [each.status, each.name, +each.scheduledStartAt])).toEqual(before);
  });

  it('leaves a session cancelled that somebody cancelled, and moves it with the others', async () => {
    const { series_id, sessions } = await make();
    await world.ana.delete(`/api/sessions/${sessions[1].id}`);
    await change(sessions[0].id, 'all', {
      scheduled_start_at: '2027-01-04T10:00:00+01:00',
      scheduled_end_at: '2027-01-04T10:45:00+01:00',
    });
    expect(await standing(series_id)).toHaveLength(3);
    const revived = await world.ana.put(`/api/sessions/${sessions[1].id}`, { status: 'scheduled' });
    expect(revived.json.data.scheduled_start_at).toBe('2027-01-11T09:00:00.000Z');
  });

  it('asks for a new rule when the old one names its days', async () => {
    const { sessions } = await make({ recurrence: 'FREQ=MONTHLY;BYDAY=1MO;COUNT=3' });
    const body = { scheduled_start_at: '2027-01-05T09:00:00+01:00', scheduled_end_at: '2027-01-05T09:45:00+01:00' };
    expect(codes(await change(sessions[0].id, 'all', body))).toEqual(['invalid recurrence']);
    expect(
      (await change(sessions[0].id, 'all', { ...body, recurrence: 'FREQ=MONTHLY;BYDAY=1TU;COUNT=3' })).status,
    ).toBe(200);
  });

  it('moves to another group, which must be one of this organization', async () => {
    const { series_id, sessions } = await make();
    const next = await world.addGroup(world.school, 'Class 9');
    await change(sessions[0].id, 'all', { group_id: next.id, location: null, extra_data: { a: 1 } });
    expect((await all(series_id)).every((each) => each.group === next.id && each.extraData.a === 1)).toBe(true);
    const foreign = await world.addGroup(world.other);
    expect(codes(await change(sessions[0].id, 'all', { group_id: foreign.id }))).toEqual(['unknown group_id']);
  });
});

describe('changing this and the following', () => {
  it('ends the old series before it and begins a new one with it', async () => {
    const { series_id, sessions } = await make({ recurrence: 'FREQ=WEEKLY;COUNT=4' });
    const answer = await change(sessions[2].id, 'following', {
      name: 'Geometry',
      scheduled_start_at: '2027-01-18T08:00:00+01:00',
      scheduled_end_at: '2027-01-18T09:30:00+01:00',
    });
    expect(answer.json.meta).toEqual({ changed: 2, created: 0, cancelled: 0, left_alone: 0 });
    const next = answer.json.data.series_id;
    expect(next).not.toBe(series_id);
    expect(await standing(series_id)).toEqual(['01-04 09:00 Algebra', '01-11 09:00 Algebra']);
    expect(await standing(next)).toEqual(['01-18 08:00 Geometry', '01-25 08:00 Geometry']);
    const rules = await world.read(world.school, (em) =>
      em.find(SessionSeries, { id: { $in: [series_id, next] } }, { orderBy: { id: 'asc' } }),
    );
    expect(rules.map((each) => [each.recurrence, each.localStart, each.minutes])).toEqual([
      ['FREQ=WEEKLY;UNTIL=20270117T225959Z', '2027-01-04T09:00', 45],
      ['FREQ=WEEKLY;COUNT=2', '2027-01-18T08:00', 90],
    ]);
    // Each goes its own way from here on.
    await change(sessions[0].id, 'all', { name: 'Old' });
    await change(sessions[3].id, 'all', { name: 'New' });
    expect(await standing(series_id)).toEqual(['01-04 09:00 Old', '01-11 09:00 Old']);
    expect(await standing(next)).toEqual(['01-18 08:00 New', '01-25 08:00 New']);
  });

  it('leaves what was marked where it is, and makes no second session beside it', async () => {
    const { sessions } = await make();
    await mark(sessions[3].id);
    const answer = await change(sessions[2].id, 'following', { name: 'Geometry' });
    expect(answer.json.meta).toEqual({ changed: 1, created: 0, cancelled: 0, left_alone: 1 });
    expect(await standing(answer.json.data.series_id)).toEqual(['01-18 09:00 Geometry', '01-25 09:00 Algebra']);
  });

  it('from the first one on is the same as all', async () => {
    const { series_id, sessions } = await make();
    const answer = await change(sessions[0].id, 'following', { name: 'Geometry' });
    expect(answer.json.data.series_id).toBe(series_id);
    expect(answer.json.meta.changed).toBe(4);
  });

  it('of a session that repeats nothing is a change of this one', async () => {
    const { id } = (await world.ana.post('/api/sessions', plan({ recurrence: null }))).json.data;
    const answer = await change(id, 'following', { name: 'Alone' });
    expect(answer.json.data.name).toBe('Alone');
    expect(answer.json.meta).toBeUndefined();
  });
});

describe('cancelling and reviving several', () => {
  it('cancels this and the following, leaves what was marked, and brings back exactly those', async () => {
    const { series_id, sessions } = await make();
    await world.ana.delete(`/api/sessions/${sessions[2].id}`);
    await mark(sessions[3].id);
    const gone = await world.ana.delete(`/api/sessions/${sessions[1].id}?scope=following`);
    expect(gone.json.data).toMatchObject({ id: sessions[1].id, status: 'cancelled' });
    expect(gone.json.meta).toEqual({ changed: 0, created: 0, cancelled: 1, left_alone: 1 });
    expect(await standing(series_id)).toEqual(['01-04 09:00 Algebra', '01-25 09:00 Algebra']);
    const back = await change(sessions[1].id, 'following', { status: 'scheduled' });
    expect(back.json.meta.changed).toBe(1);
    expect(back.json.data).toMatchObject({ status: 'scheduled', extra_data: {} });
    expect(await standing(series_id)).toEqual(['01-04 09:00 Algebra', '01-11 09:00 Algebra', '01-25 09:00 Algebra']);
  });

  it('cancels all of a series by its status, which comes alone', async () => {
    const { series_id, sessions } = await make();
    expect(codes(await change(sessions[1].id, 'all', { status: 'cancelled', name: 'x' }))).toEqual(['invalid status']);
    expect(codes(await change(sessions[1].id, 'all', { status: 'ended' }))).toEqual(['invalid status']);
    expect((await change(sessions[1].id, 'all', { status: 'cancelled' })).json.meta.cancelled).toBe(4);
    expect(await standing(series_id)).toEqual([]);
    expect((await change(sessions[1].id, 'all', { status: 'scheduled' })).json.meta.changed).toBe(4);
    expect(await standing(series_id)).toHaveLength(4);
  });

  it('is refused to a teacher, and unknown to another organization', async () => {
    const { sessions } = await make();
    const path = `/api/sessions/${sessions[0].id}?scope=all`;
    expect((await world.bruno.delete(path)).status).toBe(403);
    expect((await world.bruno.put(path, { name: 'x' })).status).toBe(403);
    expect((await world.clara.delete(path)).body).toBe(
      (await world.clara.delete('/api/sessions/999999999?scope=all')).body,
    );
    expect((await world.clara.put(path, { name: 'x' })).status).toBe(404);
  });
});

describe('who comes second', () => {
  it('is refused when the session is another one than he saw, alone and with its series', async () => {
    const { sessions } = await make();
    const path = `/api/sessions/${sessions[0].id}`;
    const seen = (await world.ana.get(path)).headers.get('etag')!;
    const first = await world.ana.put(path, { name: 'First' }, { 'if-match': seen });
    expect(first.status).toBe(200);
    for (const scope of ['this', 'following', 'all'])
      for (const answer of [
        await world.ana.put(`${path}?scope=${scope}`, { name: 'Second' }, { 'if-match': seen }),
        await world.ana.delete(`${path}?scope=${scope}`, { 'if-match': seen }),
      ]) {
        expect(answer.status).toBe(412);
        expect(answer.json.current.name).toBe('First');
      }
    expect((await world.ana.delete(path, { 'if-match': first.headers.get('etag')! })).status).toBe(200);
  });

  it('who changes a series at the same time waits: no date is planned twice', async () => {
    const { series_id, sessions } = await make({ recurrence: 'FREQ=WEEKLY;COUNT=8' });
    const answers = await Promise.all([
      change(sessions[2].id, 'following', { name: 'A' }),
      change(sessions[4].id, 'following', { name: 'B' }),
      change(sessions[0].id, 'all', { location: 'Room 1' }),
      world.ana.delete(`/api/sessions/${sessions[6].id}?scope=following`),
    ]);
    expect(answers.map((each) => each.status)).toEqual([200, 200, 200, 200]);
    const ids = sessions.map((each) => each.id);
    const now = await world.read(world.school, (em) =>
      em.find(Session, { id: { $gte: Math.min(...ids) }, group: group.id }),
    );
    expect(now.map((each) => each.id).sort((a, b) => a - b)).toEqual(ids);
    expect(new Set(now.map((each) => +each.occursAt!)).size).toBe(8);
    expect(series_id).toBe(now.find((each) => each.id === ids[0])!.seriesId);
  });
});
