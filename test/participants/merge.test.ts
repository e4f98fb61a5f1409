import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { User } from '../../src/auth/index.js';
import { type Group, Participant } from '../../src/participants/index.js';
import { PresenceRecord, SyncConflict } from '../../src/presence/index.js';
import { type Session } from '../../src/sessions/index.js';
import { Device } from '../support/device.js';
import { importList } from '../support/imports.js';
import { World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

let serial = 0;
const enrol = async (more: object = {}): Promise<number> =>
  (await world.ana.post('/api/participants', { first_name: 'Jon', last_name: `Double ${++serial}`, ...more })).json.data
    .id;
const join = (group: Group, ids: number[], more: object = {}) =>
  world.ana.post(`/api/groups/${group.id}/members`, { participant_ids: ids, ...more });
const merge = (from: number, into: number, by = world.ana) =>
  by.post(`/api/participants/${from}/merge`, { into_id: into });
const mark = (session: Session, participant: number, state: string | null, more: object = {}) =>
  world.ana.post('/api/presence', {
    session_id: session.id,
    participant_id: participant,
    presence_state: state,
    ...more,
  });
const rosterOf = async (session: Session) =>
  (await world.ana.get(`/api/sessions/${session.id}/roster`)).json.data as any[];

let group: Group;
let first: Session;
let second: Session;
let [gone, stays] = [0, 0];
let number = '';
beforeEach(async () => {
  group = await world.addGroup(world.school, `Merge class ${++serial}`);
  first = await world.addSession(world.school, group);
  second = await world.addSession(world.school, group, { scheduledStartAt: new Date(Date.now() - 7_200_000) });
  number = `G-${++serial}`;
  [gone, stays] = [await enrol({ identifier: number }), await enrol()];
  await join(group, [gone, stays]);
});

describe('two records of one person', () => {
  it('become one: memberships, marks with their history, facts and the sign-in go over', async () => {
    const other = await world.addGroup(world.school, `Only one ${++serial}`);
    await join(other, [gone], { from: '2026-09-01', to: '2026-10-31' });
    await world.ana.put(`/api/participants/${gone}`, { email: 'jon@example.org', extra_data: { locker: 7, bus: 1 } });
    await world.ana.put(`/api/participants/${stays}`, { phone: '+1', extra_data: { bus: 2 } });
    await mark(first, gone, 'late', { note: 'bus' });
    await mark(first, gone, 'present', { note: 'came after all' });
    const place = world.school;
    const pia = await world.openPlace('Elsewhere', 'education', 'Europe/Paris', { pia: 'administrator' });
    expect(pia.organization.id).not.toBe(place.organization.id);
    const linked = await world.write(place, (tx) =>
      tx.create(User, {
        email: `jon${serial}@own.example`,
        firstName: 'Jon',
        lastName: 'Own',
        role: 'external',
        status: 'active',
        participant: gone,
      }),
    );

    const answer = await merge(gone, stays);
    expect(answer.status).toBe(200);
    expect(answer.json.data).toMatchObject({
      id: stays,
      redirected_from: gone,
      identifier: number,
      email: 'jon@example.org',
      phone: '+1',
      extra_data: { locker: 7, bus: 2 },
      is_active: true,
    });
    const roster = await rosterOf(first);
    expect(roster.map((each) => each.participant.id)).toEqual([stays]);
    expect(roster[0].presence).toMatchObject({ presence_state: 'present', note: 'came after all', revision: 2 });
    const history = (await world.ana.get(`/api/presence/${roster[0].presence.id}/history`)).json.data;
    expect(history.map((each: any) => [each.revision, each.presence_state, each.note])).toEqual([
      [1, 'late', 'bus'],
      [2, 'present', 'came after all'],
    ]);
    const members = (await world.ana.get(`/api/groups/${other.id}/members?on=2026-10-31`)).json.data;
    expect(members).toMatchObject([{ participant_id: stays, joined_on: '2026-09-01', left_on: '2026-10-31' }]);
    expect((await world.ana.get(`/api/groups/${group.id}/members`)).json.data.map((each: any) => each.id)).toEqual([
      stays,
    ]);
    await world.read(place, async (em) =>
      expect(await em.findOneOrFail(User, { id: linked.id })).toMatchObject({ participant: stays }),
    );
  });

  it('marked in the same session: the mark of who stays counts, the other one stands in the history, nobody twice', async () => {
    await mark(first, gone, 'late', { note: 'bus' });
    await mark(first, stays, 'present');
    await mark(second, gone, 'absent');
    await mark(second, stays, 'present');
    await mark(second, stays, null);
    expect((await merge(gone, stays)).status).toBe(200);
    const [row, ...more] = await rosterOf(first);
    expect(more).toEqual([]);
    expect(row.presence).toMatchObject({ presence_state: 'present', note: null, revision: 3 });
    const history = (await world.ana.get(`/api/presence/${row.presence.id}/history`)).json.data;
    expect(history.map((each: any) => [each.revision, each.presence_state, each.note])).toEqual([
      [1, 'present', null],
      [2, 'late', 'bus'],
      [3, 'present', null],
    ]);
    expect(history[1].reason).toContain('merged');
    // Who was not marked any more takes the other's mark.
    expect((await rosterOf(second))[0].presence).toMatchObject({ presence_state: 'absent', revision: 3 });
    const counted = (await world.ana.get(`/api/presence?session_id=${first.id}`)).json.data;
    expect(counted.filter((each: any) => each.presence_state !== null)).toHaveLength(1);
    await world.read(world.school, async (em) => {
      const voided = await em.findOneOrFail(PresenceRecord, { participant: gone, session: first.id });
      expect(voided).toMatchObject({ presenceState: null, revision: 2 });
    });
  });

  it('marked alike, but with another time of arrival: the time stands in the history', async () => {
    const arrived_at = new Date(first.scheduledStartAt.getTime() + 7 * 60_000).toISOString();
    await mark(first, gone, 'late', { arrived_at });
    await mark(first, stays, 'late');
    expect((await merge(gone, stays)).status).toBe(200);
    const [row] = await rosterOf(first);
    expect(row.presence).toMatchObject({ presence_state: 'late', arrived_at: null, revision: 3 });
    const history = (await world.ana.get(`/api/presence/${row.presence.id}/history`)).json.data;
    expect(history[1].reason).toContain('merged');
  });

  it('answer under both ids; pages of the one lead to the other; the one that went is in no list', async () => {
    await mark(first, gone, 'late');
    await merge(gone, stays);
    const marks = async (id: number) => (await world.ana.get(`/api/participants/${id}/presence`)).json.data;
    expect(await marks(gone)).toHaveLength(1);
    expect(await marks(gone)).toEqual(await marks(stays));
    const answer = await world.mara.get(`/api/participants/${gone}`);
    expect([answer.status, answer.json.data.id, answer.json.data.redirected_from]).toEqual([200, stays, gone]);
    for (const [path, to] of [
      ['', ''],
      ['/edit', '/edit'],
      ['/merge', ''],
      ['/presence', '/presence'],
    ]) {
      const page = await world.ana.get(`/participants/${gone}${path}`);
      expect([page.status, page.headers.get('location')]).toEqual([303, `/participants/${stays}${to}`]);
    }
    const ids = (await world.ana.get(`/api/participants?per_page=500&is_active=false`)).json.data.map(
      (each: any) => each.id,
    );
    expect(ids).not.toContain(gone);
    expect((await world.ana.put(`/api/participants/${gone}`, { phone: '1' })).json.errors[0].code).toBe('merged');
    const deleted = await world.ana.delete(`/api/participants/${gone}`);
    expect(deleted.json.data).toMatchObject({ id: stays, is_active: true, redirected_from: gone });
    // Who is added by the old id is added as the one that stayed.
    const club = await world.addGroup(world.school, `Club ${++serial}`);
    expect((await join(club, [gone, stays])).json.data).toEqual({ added: 1, already: 0 });
    expect((await world.ana.get(`/api/groups/${club.id}/members`)).json.data[0].id).toBe(stays);
  });

  it('are refused when it is the same one, not active, merged already, unknown or foreign', async () => {
    const foreign = (await world.clara.post('/api/participants', { first_name: 'Not', last_name: 'Here' })).json.data
      .id;
    const unknown = await merge(gone, 999_999_999);
    expect([unknown.status, unknown.json.errors[0].code, unknown.json.errors[0].field]).toEqual([
      422,
      'unknown',
      'into_id',
    ]);
    expect((await merge(gone, foreign)).body).toBe(unknown.body);
    expect((await merge(foreign, stays)).body).toBe((await merge(999_999_999, stays)).body);
    expect((await merge(gone, gone)).json.errors[0]).toMatchObject({ code: 'invalid', field: 'into_id' });
    expect((await world.ana.post(`/api/participants/${gone}/merge`, {})).json.errors[0]).toMatchObject({
      code: 'required',
      field: 'into_id',
    });
    expect((await merge(gone, stays, world.bruno)).status).toBe(403);
    await world.ana.delete(`/api/participants/${stays}`);
    expect((await merge(gone, stays)).status).toBe(422);
    expect((await merge(stays, gone)).status).toBe(422);
    await world.ana.put(`/api/participants/${stays}`, { is_active: true });
    await merge(gone, stays);
    expect((await merge(gone, stays)).json.errors[0].code).toBe('merged');
    expect((await merge(await enrol(), gone)).status).toBe(422);
  });

  it('of three, each leads straight to the last one', async () => {
    const third = await enrol();
    await merge(gone, stays);
    expect((await merge(stays, third)).status).toBe(200);
    expect((await world.ana.get(`/api/participants/${gone}`)).json.data).toMatchObject({
      id: third,
      redirected_from: gone,
    });
    await world.read(world.school, async (em) =>
      expect(await em.findOneOrFail(Participant, { id: gone })).toMatchObject({ mergedInto: third }),
    );
  });

  it('merged both ways at the same time end in one, never in a ring', async () => {
    const answers = await Promise.all([merge(gone, stays), merge(stays, gone)]);
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).not.toEqual([200, 200]);
    const rows = await world.read(world.school, (em) => em.find(Participant, { id: { $in: [gone, stays] } }));
    expect(rows.filter(({ mergedInto }) => mergedInto)).toHaveLength(1);
  });

  it('marked while they are merged: no mark is left where nobody looks', async () => {
    const [, marked] = await Promise.all([
      merge(gone, stays),
      mark(first, gone, 'late'),
      mark(second, gone, 'present'),
    ]);
    const roster = await rosterOf(first);
    expect(roster.map((each) => each.participant.id)).toEqual([stays]);
    expect(roster[0].presence?.presence_state ?? null).toBe(marked.status < 300 ? 'late' : null);
    await world.read(world.school, async (em) =>
      expect(await em.count(PresenceRecord, { participant: gone, presenceState: { $ne: null } })).toBe(0),
    );
  });

  it('wait while a mark of both is disputed; else the dispute goes over with the mark', async () => {
    const device = await Device.open(world.bruno);
    await mark(first, gone, 'present');
    await device.one(device.mark(first.id, gone, 'absent', { base: { revision: 0 } }));
    await mark(first, stays, 'present');
    const refused = await merge(gone, stays);
    expect([refused.status, refused.json.errors[0].code]).toEqual([409, 'in_use']);
    // The preview says so before it is tried, and offers nothing that would be refused.
    const preview = (into: number) => world.ana.get(`/participants/${gone}/merge?into=${into}`);
    const shown = (await preview(stays)).body;
    expect([shown.includes('one of these marks is disputed'), shown.includes('name="into_id"')]).toEqual([true, false]);
    const free = await enrol();
    await join(group, [free]);
    expect((await preview(free)).body).toContain('name="into_id"');
    expect((await merge(gone, free)).status).toBe(200);
    await world.read(world.school, async (em) =>
      expect(await em.findOneOrFail(SyncConflict, { session: first.id, isOpen: true })).toMatchObject({
        participant: free,
      }),
    );
    expect((await rosterOf(first)).find((each) => each.participant.id === free).presence.disputed).toBe(true);
  });

  it('a list that names the record that went finds the one that stayed, and changes no key', async () => {
    const [external, own] = [`ext-${++serial}`, `own-${serial}`];
    await world.ana.put(`/api/participants/${gone}`, { external_id: external });
    await world.ana.put(`/api/participants/${stays}`, { external_id: own });
    await merge(gone, stays);
    const job = await importList(
      world,
      world.ana,
      'participants',
      `external_id,first_name,last_name,phone\n${external},Jonathan,Double,+49 1\n`,
    );
    expect(job.errors).toEqual([]);
    expect(job).toMatchObject({ status: 'done', updated: 1, created: 0, failed: 0 });
    expect((await world.ana.get(`/api/participants/${stays}`)).json.data).toMatchObject({
      first_name: 'Jonathan',
      phone: '+49 1',
      external_id: own,
    });
  });

  it('are compared on a page before, and named when it is asked', async () => {
    await mark(first, gone, 'late');
    await mark(first, stays, 'present');
    const search = await world.ana.get(`/participants/${gone}/merge?q=double`);
    expect(search.body).toContain(`/participants/${gone}/merge?into=${stays}`);
    const page = await world.ana.get(`/participants/${gone}/merge?into=${stays}`);
    const text = page.body.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');
    expect(text).toMatch(/Merge Jon Double \d+ into Jon Double \d+/);
    expect(text).toContain('Both were marked in the same lesson');
    expect(text).toMatch(/Mathematics: Present instead of Late/);
    const done = await world.ana.form(`/participants/${gone}/merge`, { into_id: String(stays) });
    expect([done.status, done.headers.get('location')]).toEqual([303, `/participants/${stays}?done=merged`]);
    expect((await world.ana.form(`/participants/${stays}/merge`, { into_id: String(stays) })).status).toBe(422);
  });
});
