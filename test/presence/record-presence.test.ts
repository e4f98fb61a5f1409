import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuditLog } from '../../src/platform/ledger/audit-log.entity.js';
import { PresenceOperation, PresenceRecord } from '../../src/presence/index.js';
import { Session } from '../../src/sessions/index.js';
import { World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

/** A register of three, and a function that marks the first of them through the API. */
async function register() {
  const made = await world.addRegister(world.school, ['Ada Lovelace', 'Alan Turing', 'Grace Hopper']);
  const [ada] = made.participants;
  const mark = (fields: object = {}, visitor = world.bruno) =>
    visitor.post('/api/presence', {
      session_id: made.session.id,
      participant_id: ada!.id,
      presence_state: 'present',
      ...fields,
    });
  return { ...made, ada: ada!, mark };
}

const counts = (session: number) =>
  world.read(world.school, async (em) => {
    const cells = await em.find(PresenceRecord, { session });
    return {
      cells: cells.length,
      revision: cells[0]?.revision ?? 0,
      receipts: await em.count(PresenceOperation, { session }),
      audit: await em.count(AuditLog, {
        tableName: 'presence_records',
        recordId: { $in: cells.map((each) => each.id) },
      }),
    };
  });

describe('recording presence', () => {
  it('makes the first mark with 201 and the next with 200, one revision and one audit row each', async () => {
    const { mark, session, ada } = await register();
    const first = await mark({ note: 'Bus was on time' });
    expect(first.status).toBe(201);
    expect(first.json.data).toMatchObject({
      session_id: session.id,
      participant_id: ada.id,
      presence_state: 'present',
      category: 'present',
      note: 'Bus was on time',
      revision: 1,
      source: 'api',
      disputed: false,
      recorded_by: { id: world.school.user.bruno!.id, name: 'Bruno Example' },
    });
    const second = await mark({ presence_state: 'late' });
    expect(second.status).toBe(200);
    expect(second.json.data).toMatchObject({ presence_state: 'late', revision: 2, note: 'Bus was on time' });
    expect(await counts(session.id)).toEqual({ cells: 1, revision: 2, receipts: 2, audit: 2 });
  });

  it('answers the same record when the same operation comes twice', async () => {
    const { mark, session } = await register();
    const op_id = randomUUID();
    const first = await mark({ op_id });
    await mark({ presence_state: 'absent' });
    const again = await mark({ op_id });
    expect(again.status).toBe(first.status);
    expect(again.json).toEqual(first.json);
    expect(await counts(session.id)).toEqual({ cells: 1, revision: 2, receipts: 2, audit: 2 });
  });

  it('refuses an operation id that was used for something else', async () => {
    const { mark } = await register();
    const op_id = randomUUID();
    await mark({ op_id });
    const other = await mark({ op_id, presence_state: 'absent' });
    expect(other.status).toBe(409);
    expect(other.json.errors[0].code).toBe('id_reuse');
  });

  it('writes nothing when the same state and note come again', async () => {
    const { mark, session } = await register();
    await mark({ note: 'x' });
    const again = await mark({ note: 'x' });
    expect(again.status).toBe(200);
    expect(again.json.data.revision).toBe(1);
    expect(await counts(session.id)).toMatchObject({ revision: 1, audit: 1 });
  });

  it('tells who saw an older revision that it is stale, with the mark as it is now', async () => {
    const { mark } = await register();
    await mark();
    await mark({ presence_state: 'late', revision: 1 });
    const stale = await mark({ presence_state: 'absent', revision: 1 });
    expect(stale.status).toBe(409);
    expect(stale.json.errors[0].code).toBe('stale');
    expect(stale.json.current).toMatchObject({ presence_state: 'late', revision: 2 });
    expect((await mark({ presence_state: 'late', revision: 1 })).status).toBe(200);
  });

  it('takes a mark away without deleting the cell, and its revision goes on', async () => {
    const { mark, session } = await register();
    await mark();
    const away = await mark({ presence_state: null });
    expect(away.json.data).toMatchObject({ presence_state: null, category: null, revision: 2 });
    expect((await mark({ presence_state: 'present' })).json.data.revision).toBe(3);
    expect(await counts(session.id)).toMatchObject({ cells: 1, revision: 3 });
  });

  it('keeps the arrival of a guest who departs', async () => {
    const hotel = await world.openPlace('Sea View', 'hospitality', 'Europe/Lisbon', { rita: 'frontline' });
    const { session, participants } = await world.addRegister(hotel, 1);
    const rita = hotel.visitor.rita!;
    const mark = { session_id: session.id, participant_id: participants[0]!.id };
    await rita.post('/api/presence', { ...mark, presence_state: 'arrived', arrived_at: '2026-11-20T08:05:00+01:00' });
    const left = await rita.post('/api/presence', {
      ...mark,
      presence_state: 'departed',
      left_at: '2026-11-20T09:00:00Z',
    });
    expect(left.json.data).toMatchObject({
      presence_state: 'departed',
      arrived_at: '2026-11-20T07:05:00.000Z',
      left_at: '2026-11-20T09:00:00.000Z',
    });
  });

  it('marks many at once, all or nothing', async () => {
    const { session, participants } = await register();
    const records = participants.map((each) => ({ participant_id: each.id, presence_state: 'present' }));
    const bad = await world.bruno.post('/api/presence', {
      session_id: session.id,
      records: [...records.slice(0, 2), { participant_id: participants[2]!.id, presence_state: 'dancing' }],
    });
    expect(bad.status).toBe(422);
    expect(bad.json.errors[0]).toMatchObject({ code: 'state_unknown', field: 'presence_state', row: 2 });
    expect(await counts(session.id)).toEqual({ cells: 0, revision: 0, receipts: 0, audit: 0 });
    const good = await world.bruno.post('/api/presence', { session_id: session.id, records });
    expect(good.status).toBe(200);
    expect(good.json.data.records.map((each: any) => each.participant_id)).toEqual(participants.map((each) => each.id));
    const twice = await world.bruno.post('/api/presence', {
      session_id: session.id,
      records: [records[0], records[0]],
    });
    expect(twice.json.errors[0]).toMatchObject({ field: 'participant_id', row: 1 });
  });

  it('refuses who is not on the roster, nobody, and unknown fields, by field', async () => {
    const { mark } = await register();
    const [stranger] = await world.addParticipants(world.school, ['Not Listed']);
    const refused = async (fields: object) => {
      const answer = await mark(fields);
      return [answer.status, answer.json.errors[0].code, answer.json.errors[0].field];
    };
    const [foreigner] = await world.addParticipants(world.other, ['Clara Pupil']);
    expect(await refused({ participant_id: stranger!.id })).toEqual([422, 'not_on_roster', 'participant_id']);
    expect(await refused({ participant_id: foreigner!.id })).toEqual([422, 'unknown', 'participant_id']);
    expect(await refused({ participant_id: 999_999_999 })).toEqual([422, 'unknown', 'participant_id']);
    expect(await refused({ session_id: 999_999_999 })).toEqual([422, 'unknown', 'session_id']);
    expect(await refused({ presence_state: 'dancing' })).toEqual([422, 'state_unknown', 'presence_state']);
    expect(await refused({ colour: 'red' })).toEqual([422, 'unknown_field', 'colour']);
    expect(await refused({ recorded_at: '2026-11-20T08:00:00' })).toEqual([422, 'invalid', 'recorded_at']);
    expect(await refused({ note: 'x'.repeat(2001) })).toEqual([422, 'too_long', 'note']);
    expect(await refused({ presence_state: undefined })).toEqual([422, 'required', 'presence_state']);
  });

  it('refuses a cancelled session, and a locked one without a right to correct', async () => {
    const { mark, session, ada } = await register();
    await mark({}, world.ana);
    await world.write(world.school, async (tx) => {
      (await tx.findOneOrFail(Session, session.id)).lockedAt = new Date(Date.now() - 1000);
    });
    const locked = await mark({ presence_state: 'absent' });
    expect([locked.status, locked.json.errors[0].code]).toEqual([409, 'session_locked']);
    const unreasoned = await mark({ presence_state: 'absent' }, world.ana);
    expect([unreasoned.status, unreasoned.json.errors[0].field]).toEqual([422, 'reason']);
    expect((await mark({ presence_state: 'absent', reason: 'Mixed up' }, world.ana)).json.data.reason).toBe('Mixed up');
    await world.write(world.school, async (tx) => {
      (await tx.findOneOrFail(Session, session.id)).status = 'cancelled';
    });
    const cancelled = await mark({ presence_state: 'late', reason: 'x' }, world.ana);
    expect([cancelled.status, cancelled.json.errors[0].code]).toEqual([409, 'session_cancelled']);
    expect(ada.id).toBeGreaterThan(0);
  });

  it('lets nobody mark who may only look, or is not signed in, or belongs elsewhere', async () => {
    const { mark } = await register();
    expect((await mark({}, world.mara)).status).toBe(403);
    expect((await mark({}, world.emil)).status).toBe(403);
    expect((await mark({}, world.visitor())).status).toBe(401);
    const foreign = await mark({}, world.clara);
    expect([foreign.status, foreign.json.errors[0].code]).toEqual([422, 'unknown']);
  });

  it('corrects a record, keeps its history, and lists it', async () => {
    const { mark, session, ada } = await register();
    const { id } = (await mark()).json.data;
    const corrected = await world.ana.put(`/api/presence/${id}`, {
      presence_state: 'excused',
      reason: 'Doctor',
      revision: 1,
    });
    expect(corrected.json.data).toMatchObject({ presence_state: 'excused', reason: 'Doctor', revision: 2 });
    const noted = await world.ana.put(`/api/presence/${id}`, { note: 'Letter from home' });
    expect(noted.json.data).toMatchObject({ presence_state: 'excused', note: 'Letter from home', revision: 3 });
    const history = (await world.mara.get(`/api/presence/${id}/history`)).json.data;
    expect(history.map((each: any) => [each.revision, each.presence_state])).toEqual([
      [1, 'present'],
      [2, 'excused'],
      [3, 'excused'],
    ]);
    const list = (await world.mara.get(`/api/presence?session_id=${session.id}&presence_state=excused`)).json;
    expect(list.data.map((each: any) => each.participant_id)).toEqual([ada.id]);
    expect(list.meta).toEqual({ page: 1, per_page: 50, total: 1, next: null });
    const roster = (await world.mara.get(`/api/sessions/${session.id}/roster`)).json;
    expect(roster.data.map((each: any) => each.participant.last_name)).toEqual(['Hopper', 'Lovelace', 'Turing']);
    expect(roster.meta.counts).toEqual({ present: 0, late: 0, absent: 0, excused: 1, unmarked: 2 });
  });
});

describe('what is not the state', () => {
  it('leaves the state alone: a note that is sent again after another mark gets its first answer', async () => {
    const { mark } = await register();
    const { id } = (await mark()).json.data;
    const note = { op_id: randomUUID(), note: 'Bus' };
    const first = await world.ana.put(`/api/presence/${id}`, note);
    expect(first.json.data).toMatchObject({ presence_state: 'present', note: 'Bus', revision: 2 });
    await mark({ presence_state: 'late' });
    const again = await world.ana.put(`/api/presence/${id}`, note);
    expect([again.status, again.body]).toEqual([200, first.body]);
    const now = (await world.ana.get(`/api/presence/${id}`)).json.data;
    expect(now).toMatchObject({ presence_state: 'late', note: 'Bus', revision: 3 });
  });

  it('is never called saved when it was not: a note or a time on an older revision is stale', async () => {
    const { mark } = await register();
    await mark({ note: 'First' });
    await mark({ presence_state: 'present', note: 'Second', revision: 1 });
    for (const detail of [{ note: 'Mine' }, { note: null }, { arrived_at: '2026-11-20T08:00:00Z' }]) {
      const answer = await mark({ ...detail, revision: 1 });
      expect([detail, answer.status, answer.json.errors[0].code]).toEqual([detail, 409, 'stale']);
    }
    expect((await mark({ revision: 1 })).json.data).toMatchObject({ note: 'Second', revision: 2 });
  });

  it('counts as a change when it is the reason of a correction', async () => {
    const { mark } = await register();
    await mark({}, world.ana);
    const corrected = await mark({ reason: 'Seen on the camera', revision: 1 }, world.ana);
    expect(corrected.json.data).toMatchObject({ presence_state: 'present', reason: 'Seen on the camera', revision: 2 });
  });

  it('answers and keeps the same times', async () => {
    const { mark } = await register();
    const made = (await mark()).json.data;
    expect((await world.ana.get(`/api/presence/${made.id}`)).json.data).toEqual(made);
    const changed = (await mark({ presence_state: 'late' })).json.data;
    expect((await world.ana.get(`/api/presence/${made.id}`)).json.data).toEqual(changed);
  });
});

describe('many writers at once', () => {
  const twenty = <T>(make: (at: number) => T) => Array.from({ length: 20 }, (_, at) => make(at));

  it('turns 20 equal operations into one receipt, one revision, one audit row', async () => {
    const { mark, session } = await register();
    const op_id = randomUUID();
    const answers = await Promise.all(twenty(() => mark({ op_id })));
    expect(answers.map((each) => each.status)).toEqual(twenty(() => 201));
    expect(new Set(answers.map((each) => each.body)).size).toBe(1);
    expect(await counts(session.id)).toEqual({ cells: 1, revision: 1, receipts: 1, audit: 1 });
  });

  it('lets one of two different states from one revision win and tells the other stale', async () => {
    const { mark, session } = await register();
    for (let round = 1; round <= 5; round++) {
      const revision = round - 1;
      const states = round % 2 ? ['present', 'late'] : ['absent', 'excused'];
      const answers = await Promise.all(states.map((presence_state) => mark({ presence_state, revision })));
      expect(answers.map((each) => each.status).sort((a, b) => a - b)).toEqual([round === 1 ? 201 : 200, 409]);
      expect((await counts(session.id)).revision).toBe(round);
    }
  });

  it('applies both without a base: two revisions, two audit rows, no update lost', async () => {
    const { mark, session } = await register();
    const answers = await Promise.all(
      twenty((at) => mark({ presence_state: at % 2 ? 'late' : 'present', note: `n${at}` })),
    );
    expect(answers.every((each) => each.status === 200 || each.status === 201)).toBe(true);
    const revisions = answers.map((each) => each.json.data.revision).sort((a, b) => a - b);
    expect(revisions).toEqual(twenty((at) => at + 1));
    expect(await counts(session.id)).toEqual({ cells: 1, revision: 20, receipts: 20, audit: 20 });
  });
});
