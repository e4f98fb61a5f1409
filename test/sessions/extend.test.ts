import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AuditLog } from '../../src/platform/ledger/audit-log.entity.js';
import { Group } from '../../src/participants/index.js';
import { clock } from '../../src/platform/clock.js';
import { Session } from '../../src/sessions/index.js';
import { ExtendSeriesJob } from '../../src/sessions/extend/extend-series.job.js';
import { dayOf } from '../../src/tenancy/index.js';
import { type Place, World } from '../world.js';

let world: World;
let group: Group;
const now = clock.now;
const at = (day: string) => (clock.now = () => new Date(`${day}T03:00:00Z`));
beforeAll(async () => {
  at('2027-01-04');
  // The years go by in a moment; nobody is signed out by that.
  world = await World.open({ config: { sessionIdleMinutes: 10_000_000, sessionMaxHours: 1_000_000 } });
});
beforeEach(async () => {
  at('2027-01-04');
  group = await world.addGroup(world.school);
});
/** Each test has a series of its own: what one made, the next does not extend. */
afterEach(() => inUse(false));
afterAll(async () => {
  await world.close();
  clock.now = now;
});

const inUse = (isActive: boolean) =>
  world.write(world.school, async (tx) => {
    (await tx.findOneOrFail(Group, { id: group.id })).isActive = isActive;
  });
const extend = () => world.app.get(ExtendSeriesJob).extend();
/** Mondays at nine in Paris, from 4 January 2027 on. */
const make = async (recurrence = 'FREQ=WEEKLY', more: object = {}) => {
  const answer = await world.ana.post('/api/sessions', {
    group_id: group.id,
    name: 'Algebra',
    scheduled_start_at: '2027-01-04T09:00:00+01:00',
    scheduled_end_at: '2027-01-04T09:45:00+01:00',
    recurrence,
    ...more,
  });
  expect(answer.status).toBe(201);
  return answer.json.data as { series_id: number; created: number; sessions: { id: number }[] };
};
const all = (series: number, place: Place = world.school) =>
  world.read(place, (em) => em.find(Session, { seriesId: series }, { orderBy: { occursAt: 'asc' } }));
const days = async (series: number) =>
  (await all(series))
    .filter((each) => each.status !== 'cancelled')
    .map((each) => dayOf(each.scheduledStartAt, 'Europe/Paris'));
const cancel = (id: number, scope: string) => world.ana.delete(`/api/sessions/${id}?scope=${scope}`);

describe('a series without an end', () => {
  it('is planned on as the days go by, and keeps its local time across the changes of the clock', async () => {
    const { series_id, created } = await make();
    expect(created).toBe(58);
    expect(await extend()).toBe(0);
    at('2027-03-01');
    expect(await extend()).toBe(8);
    const planned = await days(series_id);
    expect([planned.length, planned.at(-2), planned.at(-1)]).toEqual([66, '2028-03-27', '2028-04-03']);
    const [before, after] = (await all(series_id)).slice(-3).map((each) => each.scheduledStartAt.toISOString());
    // The clocks change on 26 March 2028.
    expect([before, after]).toEqual(['2028-03-20T08:00:00.000Z', '2028-03-27T07:00:00.000Z']);
    expect(await extend()).toBe(0);
  });

  it('keeps its turn: every other week stays every other week', async () => {
    const { series_id } = await make('FREQ=WEEKLY;INTERVAL=2');
    const first = await days(series_id);
    at('2027-06-01');
    await extend();
    const planned = await days(series_id);
    expect(planned.length).toBeGreaterThan(first.length + 8);
    const gaps = planned.slice(1).map((day, index) => (Date.parse(day) - Date.parse(planned[index]!)) / 86_400_000);
    expect(new Set(gaps)).toEqual(new Set([14]));
  });

  it('passes over closing days, and leaves what was moved or cancelled alone as it is', async () => {
    const { series_id, sessions } = await make();
    const closing = { name: 'Easter', from_on: '2028-03-01', to_on: '2028-03-20', group_id: group.id };
    expect((await world.ana.post('/api/admin/closing-days', closing)).status).toBe(201);
    const planned = await all(series_id);
    const last = planned.at(-1)!;
    await cancel(last.id, 'this');
    await cancel(planned.at(-2)!.id, 'this');
    await world.ana.put(`/api/sessions/${sessions[3]!.id}`, { name: 'Test', location: 'Hall' });
    at('2027-03-01');
    expect(await extend()).toBe(5);
    const after = await days(series_id);
    expect(after.slice(-5)).toEqual(['2028-02-14', '2028-02-21', '2028-02-28', '2028-03-27', '2028-04-03']);
    expect((await all(series_id)).find((each) => each.id === last.id)!.status).toBe('cancelled');
    expect((await all(series_id)).filter((each) => each.name === 'Test')).toHaveLength(1);
  });

  it('that was cancelled to its end does not come back', async () => {
    const { series_id, sessions } = await make();
    await cancel(sessions[5]!.id, 'following');
    at('2027-05-01');
    expect(await extend()).toBe(0);
    expect(await days(series_id)).toHaveLength(5);
    await world.ana.put(`/api/sessions/${sessions[5]!.id}?scope=following`, { status: 'scheduled' });
    expect(await extend()).toBeGreaterThan(10);
  });

  it('that was cancelled to its end does not come back either where its last date had been cancelled before', async () => {
    const { series_id, sessions } = await make();
    const last = (await all(series_id)).at(-1)!;
    expect((await cancel(last.id, 'this')).status).toBe(200);
    expect((await cancel(sessions[1]!.id, 'following')).status).toBe(200);
    at('2027-03-01');
    expect(await extend()).toBe(0);
    // One alone ends nothing.
    const other = await make();
    expect((await cancel((await all(other.series_id)).at(-1)!.id, 'this')).status).toBe(200);
    at('2027-05-01');
    expect(await extend()).toBeGreaterThan(0);
  });

  it('waits while its group is not in use; one with an end is never planned on', async () => {
    const open = await make();
    const ended = [await make('FREQ=WEEKLY;COUNT=4'), await make('FREQ=WEEKLY;UNTIL=20270401T000000Z')];
    await inUse(false);
    at('2027-05-01');
    expect(await extend()).toBe(0);
    await inUse(true);
    expect(await extend()).toBeGreaterThan(10);
    expect((await days(open.series_id)).at(-1)).toBe('2028-05-29');
    expect(await days(ended[0]!.series_id)).toHaveLength(4);
    expect((await days(ended[1]!.series_id)).at(-1)).toBe('2027-03-29');
  });

  it('makes nothing for days that are over, however long the server stood still', async () => {
    const { series_id } = await make('FREQ=DAILY');
    at('2029-01-01');
    expect(await extend()).toBe(400);
    const planned = await days(series_id);
    expect(planned.filter((day) => day > '2028-02-08' && day < '2029-01-01')).toEqual([]);
    expect(planned.at(-1)).toBe('2030-02-04');
    await cancel((await all(series_id)).at(-1)!.id, 'all');
  });

  it('makes each date once when two servers do it at the same moment, and says so in the audit', async () => {
    const { series_id } = await make();
    at('2027-03-01');
    const made = await Promise.all([extend(), extend()]);
    expect(made.sort((a, b) => a - b)).toEqual([0, 8]);
    const planned = await days(series_id);
    expect(new Set(planned).size).toBe(planned.length);
    const newest = (await all(series_id)).at(-1)!;
    const rows = await world.read(world.school, (em) =>
      em.find(AuditLog, { tableName: 'sessions', recordId: newest.id }),
    );
    expect(rows.map((row) => [row.fact, row.changedBy ?? null])).toEqual([['series.extended', null]]);
  });

  it('changed as a whole later on, loses none of the sessions that were planned on', async () => {
    const { series_id, sessions } = await make();
    at('2027-12-01');
    await extend();
    const before = await days(series_id);
    const pivot = (await all(series_id)).find((each) => each.scheduledStartAt > clock.now())!;
    const changed = await world.ana.put(`/api/sessions/${pivot.id}?scope=all`, { name: 'Geometry' });
    expect([changed.status, changed.json.meta.cancelled]).toEqual([200, 0]);
    expect((await days(series_id)).slice(0, before.length)).toEqual(before);
    expect((await all(series_id)).every((each) => each.name === 'Geometry')).toBe(true);
    at('2029-03-01');
    await extend();
    const latest = (await all(series_id)).find((each) => each.scheduledStartAt > clock.now())!;
    const again = await world.ana.put(`/api/sessions/${latest.id}?scope=all`, { name: 'Algebra' });
    expect([again.status, again.json.meta.cancelled]).toEqual([200, 0]);
    // What lies long past stays as it was.
    expect((await all(series_id)).find((each) => each.id === sessions[0]!.id)!.name).toBe('Geometry');
  });

  it('grows in its own organization only', async () => {
    await make();
    at('2027-03-01');
    await extend();
    const foreign = await world.read(world.other, (em) => em.count(Session, {}));
    expect(foreign).toBe(0);
  });
});
