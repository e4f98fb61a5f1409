import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  PresenceOperation,
  PresenceRecord,
  PresenceState,
  ResolveConflicts,
  type Resolved,
  type ResolveInput,
  SyncConflict,
} from '../../src/presence/index.js';
import { inOrganization } from '../../src/platform/database/in-organization.js';
import { AuditLog } from '../../src/platform/ledger/audit-log.entity.js';
import { GroupAssignment, GroupMembership, Participant } from '../../src/participants/index.js';
import { dayOf, Organization } from '../../src/tenancy/index.js';
import { signedInUser, User } from '../../src/auth/index.js';
import { Session } from '../../src/sessions/index.js';
import { JudgeParkedJob } from '../../src/sync/parked/judge-parked.job.js';
import { Device } from '../support/device.js';
import { checkAnswers } from '../contract/check-answers.js';
import { World } from '../world.js';

/** The case table of docs/sync.md, row by row, as a device meets it over HTTP. */
let world: World;
let device: Device;
let session: number;
let group: number;
let people: number[];
beforeAll(async () => {
  world = await World.open();
  await checkAnswers(world);
});
afterAll(() => world?.close());
beforeEach(async () => {
  const register = await world.addRegister(world.school, 3);
  session = register.session.id;
  group = register.group.id;
  people = register.participants.map(({ id }) => id);
  device = await Device.open(world.bruno);
  // A client of its own numbers on where the test before it stopped.
  device.seq = device.handshake.acknowledged_up_to;
});

const cellOf = (participant: number, of = session) =>
  world.read(world.school, (em) => em.findOne(PresenceRecord, { session: of, participant }));
const stateOf = async (participant: number, of = session) => {
  const cell = await cellOf(participant, of);
  if (!cell?.presenceState) return null;
  const state = await world.read(world.school, (em) => em.findOneOrFail(PresenceState, { id: cell.presenceState! }));
  return state.code;
};
const receiptOf = (op: { op_id: string }) =>
  world.read(world.school, (em) => em.findOne(PresenceOperation, { opId: op.op_id }));
const conflictsOf = (participant: number) =>
  world.read(world.school, (em) => em.find(SyncConflict, { session, participant }, { orderBy: { id: 'asc' } }));
const auditOf = (op: { op_id: string }) => world.read(world.school, (em) => em.find(AuditLog, { opId: op.op_id }));
/** Somebody at a page marks meanwhile. */
const anaMarks = async (participant: number, presence_state: string | null, more: object = {}) => {
  const answer = await world.ana.post('/api/presence', {
    session_id: session,
    participant_id: participant,
    presence_state,
    ...more,
  });
  expect([200, 201]).toContain(answer.status);
  return answer.json.data;
};
const anaResolves = (input: ResolveInput) => {
  const who = {
    organizationId: world.school.organization.id,
    userId: world.school.user.ana!.id,
    source: 'page' as const,
  };
  return inOrganization(world.orm, who, async (em) => {
    const ana = await signedInUser(em, who.userId);
    return world.bus.execute<ResolveConflicts, Resolved[]>(new ResolveConflicts(input, ana!));
  });
};
const change = (fields: Partial<Session>) =>
  world.write(world.school, async (tx) => Object.assign(await tx.findOneOrFail(Session, { id: session }), fields));

describe('the case table', () => {
  it('1: based on the current revision, it is applied', async () => {
    const op = device.mark(session, people[0]!, 'present');
    expect(await device.one(op)).toMatchObject({ op_id: op.op_id, outcome: 'applied', revision: 1, code: null });
    const next = device.mark(session, people[0]!, 'late', { base: { revision: 1 } });
    expect(await device.one(next)).toMatchObject({ outcome: 'applied', revision: 2 });
    expect(await stateOf(people[0]!)).toBe('late');
    expect(await auditOf(op)).toHaveLength(1);
  });

  it('2: the same again is a duplicate, and says what became of it, even if the right is gone', async () => {
    const op = device.mark(session, people[0]!, 'present');
    await device.one(op);
    await change({ status: 'cancelled' });
    expect(await device.one(op)).toMatchObject({ outcome: 'duplicate', first: 'applied', revision: 1 });
    expect((await cellOf(people[0]!))!.revision).toBe(1);
    expect(await auditOf(op)).toHaveLength(1);
  });

  it('3: the same id with other content is parked, and both bodies are kept', async () => {
    const op = device.mark(session, people[0]!, 'present');
    await device.one(op);
    const forged = { ...op, presence_state: 'absent' };
    expect(await device.one(forged)).toMatchObject({ op_id: op.op_id, outcome: 'parked', code: 'id_reuse' });
    expect(await device.one(forged)).toMatchObject({ op_id: op.op_id, outcome: 'duplicate', first: 'parked' });
    expect(await stateOf(people[0]!)).toBe('present');
    const parked = await world.read(world.school, (em) =>
      em.find(PresenceOperation, { session, participant: people[0]!, code: 'id_reuse' }),
    );
    expect(parked.map(({ body }) => (JSON.parse(body) as any).presence_state)).toEqual(['absent']);
  });

  it('4: concurrent, but of the same state: merged, with its note as a second observation', async () => {
    await anaMarks(people[0]!, 'present');
    const op = device.mark(session, people[0]!, 'present', { note: 'by the window' });
    expect(await device.one(op)).toMatchObject({ outcome: 'merged', revision: 1, conflict_id: null });
    expect(await cellOf(people[0]!)).toMatchObject({ revision: 1, note: null, disputed: false });
    expect((await receiptOf(op))!.body).toContain('by the window');
    expect(await auditOf(op)).toHaveLength(1);
  });

  it.each([
    ['5: the server observed it later', -3_600_000, 'server'],
    ['6: the device observed it later', 3_600_000, 'device'],
    ['7: the times are too close', 0, 'ask'],
  ])('%s: a conflict with that suggestion, and the mark in force stays', async (_, laterBy, suggestion) => {
    const ana = await Device.open(world.ana);
    ana.seq = ana.handshake.acknowledged_up_to;
    const first = ana.mark(session, people[0]!, 'present', { recorded_at: ana.time(7_200_000) });
    expect(await ana.one(first)).toMatchObject({ outcome: 'applied' });
    const op = device.mark(session, people[0]!, 'absent', { recorded_at: device.time(7_200_000 - laterBy) });
    const result = await device.one(op);
    expect(result).toMatchObject({ outcome: 'conflict', revision: 1, current: { presence_state: 'present' } });
    const [conflict] = await conflictsOf(people[0]!);
    expect(conflict).toMatchObject({ id: result.conflict_id, status: 'open', suggestion });
    expect(await cellOf(people[0]!)).toMatchObject({ revision: 1, disputed: true });
    expect(await stateOf(people[0]!)).toBe('present');
    expect(await auditOf(op)).toHaveLength(1);
    expect(await device.one(op)).toMatchObject({ outcome: 'duplicate', first: 'conflict', conflict_id: conflict!.id });
  });

  it('5-7: a later candidate joins the open conflict of the cell', async () => {
    await anaMarks(people[0]!, 'present');
    const one = await device.one(device.mark(session, people[0]!, 'absent'));
    const two = await device.one(device.mark(session, people[0]!, 'late'));
    expect(two.conflict_id).toBe(one.conflict_id);
    expect(await conflictsOf(people[0]!)).toHaveLength(1);
  });

  it('8: parked until its base arrives, then judged by itself', async () => {
    const first = device.mark(session, people[0]!, 'present');
    const second = device.mark(session, people[0]!, 'late', { base: { op: first.op_id } });
    const third = device.mark(session, people[0]!, 'absent', { base: { op: second.op_id } });
    const early = await device.send([third, second]);
    expect(early.results).toMatchObject([
      { outcome: 'parked', code: 'missing_base' },
      { outcome: 'parked', code: 'missing_base' },
    ]);
    expect(await device.one(first)).toMatchObject({ outcome: 'applied', revision: 1 });
    expect(await stateOf(people[0]!)).toBe('absent');
    expect(await cellOf(people[0]!)).toMatchObject({ revision: 3, disputed: false });
    expect(await device.one(third)).toMatchObject({ outcome: 'duplicate', first: 'applied', revision: 3 });
  });

  it('9: its base is a candidate: it is the newest candidate of that branch', async () => {
    await anaMarks(people[0]!, 'present');
    const first = device.mark(session, people[0]!, 'absent');
    const second = device.mark(session, people[0]!, 'late', { base: { op: first.op_id } });
    const { results } = await device.send([first, second]);
    expect(results).toMatchObject([{ outcome: 'conflict' }, { outcome: 'conflict' }]);
    expect(results[0]!.conflict_id).toBe(results[1]!.conflict_id);
    expect(await receiptOf(first)).toMatchObject({ settlement: 'superseded' });
    expect(await receiptOf(second)).toMatchObject({ outcome: 'conflict', settlement: null });
    // The same hand comes round to what is in force: nothing is left to decide.
    const third = device.mark(session, people[0]!, 'present', { base: { op: second.op_id } });
    expect(await device.one(third)).toMatchObject({ outcome: 'merged', revision: 1 });
    expect(await conflictsOf(people[0]!)).toMatchObject([{ status: 'resolved', resolution: 'settled' }]);
    expect(await cellOf(people[0]!)).toMatchObject({ disputed: false, revision: 1 });
  });

  it('9: its base is parked, so it is parked with it', async () => {
    const first = device.mark(session, people[0]!, 'no_such_state');
    const second = device.mark(session, people[0]!, 'present', { base: { op: first.op_id } });
    const { results } = await device.send([first, second]);
    expect(results).toMatchObject([
      { outcome: 'parked', code: 'state_unknown' },
      { outcome: 'parked', code: 'state_unknown' },
    ]);
  });

  it('10: the session was cancelled; judged again when it is brought back', async () => {
    await change({ status: 'cancelled' });
    const op = device.mark(session, people[0]!, 'present');
    expect(await device.one(op)).toMatchObject({ outcome: 'parked', code: 'session_deleted', revision: null });
    expect(await cellOf(people[0]!)).toBeNull();
    await change({ status: 'scheduled' });
    expect(await world.app.get(JudgeParkedJob).judge()).toBeGreaterThanOrEqual(1);
    expect(await stateOf(people[0]!)).toBe('present');
    expect(await device.one(op)).toMatchObject({ outcome: 'duplicate', first: 'applied' });
  });

  it('11: locked before it was captured: parked; captured before the lock: judged, and flagged', async () => {
    const before = device.mark(session, people[0]!, 'present', { recorded_at: device.time(3_600_000) });
    const after = device.mark(session, people[1]!, 'present');
    await change({ lockedAt: new Date(Date.now() - 1_800_000) });
    const { results } = await device.send([before, after]);
    expect(results[0]).toMatchObject({ outcome: 'applied' });
    expect(results[0]!.flags).toContain('late_arrival');
    expect(results[1]).toMatchObject({ outcome: 'parked', code: 'session_locked' });
  });

  it('12: not on the roster of the day is parked; who left after that day is judged', async () => {
    const day = dayOf(new Date(Date.now() - 600_000), 'Europe/Paris');
    await world.write(world.school, async (tx) => {
      const [first, second] = await tx.find(GroupMembership, { group, participant: { $in: people.slice(0, 2) } });
      first!.leftOn = '2001-01-01' as never;
      second!.leftOn = day as never;
    });
    const { results } = await device.send([
      device.mark(session, people[0]!, 'present'),
      device.mark(session, people[1]!, 'present'),
    ]);
    expect(results).toMatchObject([{ outcome: 'parked', code: 'participant_removed' }, { outcome: 'applied' }]);
  });

  it('13: who was merged into another is judged as that other one', async () => {
    await world.write(world.school, async (tx) => {
      const gone = await tx.findOneOrFail(Participant, { id: people[0]! });
      gone.mergedInto = people[1]! as never;
      gone.isActive = false;
    });
    const op = device.mark(session, people[0]!, 'late');
    expect(await device.one(op)).toMatchObject({
      outcome: 'applied',
      participant_id: people[1],
      flags: ['redirected'],
    });
    expect(await stateOf(people[1]!)).toBe('late');
    expect(await cellOf(people[0]!)).toBeNull();
    expect(await receiptOf(op)).toMatchObject({ redirectedFrom: people[0], participant: people[1] });
  });

  it('13: of the other one’s cell nobody has seen anything: neither his revision nor an earlier mark is a base there', async () => {
    const first = device.mark(session, people[0]!, 'late');
    expect(await device.one(first)).toMatchObject({ outcome: 'applied', revision: 1 });
    await world.ana.post('/api/presence', {
      session_id: session,
      participant_id: people[1],
      presence_state: 'present',
    });
    await world.write(world.school, async (tx) => {
      (await tx.findOneOrFail(Participant, { id: people[0]! })).mergedInto = people[1]! as never;
    });
    const seen = device.mark(session, people[0]!, 'absent', { base: { revision: 1 } });
    const chained = device.mark(session, people[0]!, 'excused', { base: { op: first.op_id } });
    expect((await device.send([seen, chained])).results).toMatchObject([
      { outcome: 'conflict', participant_id: people[1] },
      { outcome: 'conflict', participant_id: people[1] },
    ]);
    expect(await stateOf(people[1]!)).toBe('present');
  });

  it('14: expected in another session at that time', async () => {
    const elsewhere = await world.addRegister(world.school, 1);
    const stranger = elsewhere.participants[0]!.id;
    expect(await device.one(device.mark(session, stranger, 'present'))).toMatchObject({
      outcome: 'parked',
      code: 'participant_moved',
    });
  });

  it('15: erased: rejected, and nothing personal is kept', async () => {
    await world.write(world.school, async (tx) => {
      (await tx.findOneOrFail(Participant, { id: people[0]! })).anonymizedAt = new Date();
    });
    const op = device.mark(session, people[0]!, 'present', { note: 'a personal note' });
    expect(await device.one(op)).toMatchObject({ outcome: 'rejected', code: 'erased' });
    expect(await receiptOf(op)).toMatchObject({ body: '', participant: null, session: null, answer: null });
    expect(JSON.stringify(await auditOf(op))).not.toContain('a personal note');
    expect(await device.one(op)).toMatchObject({ outcome: 'duplicate', first: 'rejected', code: 'erased' });
  });

  it('16: the right was lost: parked for an administrator', async () => {
    const place = await world.openPlace('Lost Right', 'education', 'Europe/Paris', {
      ana: 'administrator',
      tom: 'frontline',
    });
    const register = await world.addRegister(place, 1);
    const tom = await Device.open(place.visitor.tom!);
    await tom.one(tom.mark(register.session.id, register.participants[0]!.id, 'present'));
    await world.write(place, async (tx) => {
      (await tx.findOneOrFail(User, { id: place.user.tom!.id })).role = 'external';
    });
    const op = tom.mark(register.session.id, register.participants[0]!.id, 'late', { base: { revision: 1 } });
    expect(await tom.one(op)).toMatchObject({ outcome: 'parked', code: 'not_authorized' });
  });

  it('17: handed in by an administrator for a disabled account: parked, never applied', async () => {
    const place = await world.openPlace('Left Behind', 'education', 'Europe/Paris', {
      ana: 'administrator',
      tom: 'frontline',
    });
    const register = await world.addRegister(place, 1);
    const tom = await Device.open(place.visitor.tom!);
    const op = tom.mark(register.session.id, register.participants[0]!.id, 'present');
    await world.write(place, async (tx) => {
      (await tx.findOneOrFail(User, { id: place.user.tom!.id })).status = 'disabled';
    });
    const body = tom.envelope([op], { on_behalf: true });
    const answer = await place.visitor.ana!.post('/api/sync', body);
    expect(answer.status).toBe(200);
    expect(answer.json.results).toMatchObject([{ outcome: 'parked', code: 'foreign_author' }]);
    const receipt = await world.read(place, (em) => em.findOneOrFail(PresenceOperation, { opId: op.op_id }));
    expect(receipt).toMatchObject({ author: place.user.tom!.id, outcome: 'parked' });
    expect(await world.read(place, (em) => em.count(PresenceRecord, {}))).toBe(0);
    // Only who may resolve conflicts may hand in for others.
    const forged = await world.bruno.post(
      '/api/sync',
      device.envelope([], { on_behalf: true, author_id: world.school.user.ana!.id }),
    );
    expect(forged.status).toBe(403);
  });

  it('18: somebody else is signed in: the batch is refused and nothing is stored', async () => {
    const op = device.mark(session, people[0]!, 'present');
    const answer = await world.ana.post('/api/sync', device.envelope([op]));
    expect(answer).toMatchObject({ status: 409, json: { errors: [{ code: 'wrong_user' }] } });
    expect(await receiptOf(op)).toBeNull();
  });

  it('19: unknown, foreign and never visible are the same answer', async () => {
    const foreign = await world.addRegister(world.other, 1);
    const assigned = await world.openPlace('Assigned', 'education', 'Europe/Paris', {
      ana: 'administrator',
      tom: 'frontline',
    });
    const hidden = await world.addRegister(assigned, 1);
    await world.write(assigned, async (tx) => {
      (await tx.findOneOrFail(Organization, { id: assigned.organization.id })).settings = {
        frontline_groups: 'assigned',
      };
    });
    const tom = await Device.open(assigned.visitor.tom!);
    const answers = [
      await device.one(device.mark(session, 999_999_999, 'present')),
      await device.one(device.mark(session, foreign.participants[0]!.id, 'present')),
      await device.one(device.mark(foreign.session.id, people[0]!, 'present')),
      await device.one(device.mark(999_999_999, people[0]!, 'present')),
      await tom.one(tom.mark(hidden.session.id, hidden.participants[0]!.id, 'present')),
    ].map(({ op_id: _, ...rest }) => JSON.stringify(rest));
    expect(new Set(answers).size).toBe(1);
    expect(JSON.parse(answers[0]!)).toMatchObject({ outcome: 'rejected', code: 'unknown_target', revision: null });
    // Whose assignment was taken away saw it once: his marks wait for a person.
    const given = await world.write(assigned, (tx) =>
      tx.create(GroupAssignment, { user: assigned.user.tom!.id, group: hidden.group.id }),
    );
    expect(await tom.one(tom.mark(hidden.session.id, hidden.participants[0]!.id, 'present'))).toMatchObject({
      outcome: 'applied',
    });
    await world.write(assigned, async (tx) => tx.remove(await tx.findOneOrFail(GroupAssignment, { id: given.id })));
    const late = tom.mark(hidden.session.id, hidden.participants[0]!.id, 'late', { base: { revision: 1 } });
    expect(await tom.one(late)).toMatchObject({ outcome: 'parked', code: 'not_authorized' });
  });

  it.each([
    ['20: by less than two minutes', 90_000, [], true],
    ['21: by more', 3 * 3_600_000, ['clock_suspect'], true],
    ['22: by more than a day', 30 * 24 * 3_600_000, ['clock_invalid'], false],
    ['22: a clock in 1970', -Date.parse('1970-01-02T00:00:00Z'), ['clock_invalid'], false],
    ['22: a clock in 2099', Date.parse('2099-01-01T00:00:00Z') - Date.now(), ['clock_invalid'], false],
  ])('%s the clock is off', async (_, ahead, flags, corrected) => {
    device.ahead = ahead < -1e11 ? Date.parse('1970-01-02T00:00:00Z') - Date.now() : ahead;
    const op = device.mark(session, people[0]!, 'present', { recorded_at: device.time(300_000) });
    const result = await device.one(op);
    expect(result).toMatchObject({ outcome: 'applied', flags });
    const receipt = (await receiptOf(op))!;
    const seconds = (Date.now() - receipt.correctedAt.getTime()) / 1000;
    if (corrected) expect(seconds).toBeGreaterThanOrEqual(299);
    expect(seconds).toBeLessThan(corrected ? 330 : 30);
    expect((await cellOf(people[0]!))!.recordedAt.toISOString()).toBe((op as any).recorded_at);
  });

  it('22: captured in the future of its own sending', async () => {
    const op = device.mark(session, people[0]!, 'present', { recorded_at: device.time(-600_000) });
    expect(await device.one(op)).toMatchObject({ outcome: 'applied', flags: ['clock_invalid'] });
  });

  it('23: outside the time of the session is flagged, and counts', async () => {
    const op = device.mark(session, people[0]!, 'present', { recorded_at: device.time(5 * 3_600_000) });
    expect(await device.one(op)).toMatchObject({ outcome: 'applied', flags: ['out_of_window'] });
  });

  it('24: of two administrators who resolve at once, the second is told', async () => {
    await anaMarks(people[0]!, 'present');
    const { conflict_id: id } = await device.one(device.mark(session, people[0]!, 'absent'));
    const resolve = (choice: 'server' | 'device') => anaResolves({ ids: [id!], choice, reason: 'asked both' });
    const results = (await Promise.all([resolve('server'), resolve('device')])).flat();
    expect(results.map(({ ok, code }) => (ok ? 'ok' : String(code))).sort()).toEqual(['ok', 'stale']);
    expect(await cellOf(people[0]!)).toMatchObject({ revision: 2, disputed: false, reason: 'asked both' });
  });

  it('25: what was based before a resolution opens a new conflict after it, or agrees with it', async () => {
    await anaMarks(people[0]!, 'present');
    const first = await device.one(device.mark(session, people[0]!, 'absent'));
    await anaResolves({ ids: [first.conflict_id!], choice: 'device', reason: 'seen leaving' });
    expect(await stateOf(people[0]!)).toBe('absent');
    expect(await device.one(device.mark(session, people[0]!, 'absent'))).toMatchObject({
      outcome: 'merged',
      revision: 2,
    });
    const later = await device.one(device.mark(session, people[0]!, 'late', { base: { revision: 1 } }));
    expect(later).toMatchObject({ outcome: 'conflict', revision: 2 });
    expect(later.conflict_id).not.toBe(first.conflict_id);
    expect(await stateOf(people[0]!)).toBe('absent');
  });

  it('26: the device knows more than the server', async () => {
    await anaMarks(people[0]!, 'present');
    expect(await device.one(device.mark(session, people[0]!, 'present', { base: { revision: 5 } }))).toMatchObject({
      outcome: 'merged',
      flags: ['server_behind'],
    });
    expect(await device.one(device.mark(session, people[0]!, 'late', { base: { revision: 5 } }))).toMatchObject({
      outcome: 'conflict',
      flags: ['server_behind'],
    });
    // Nobody marked him on this server at all.
    const result = await device.one(device.mark(session, people[1]!, 'late', { base: { revision: 3 } }));
    expect(result).toMatchObject({ outcome: 'conflict', revision: 0, flags: ['server_behind'] });
    expect(await cellOf(people[1]!)).toMatchObject({ revision: 0, presenceState: null, disputed: true });
  });

  it('an unknown state is parked', async () => {
    expect(await device.one(device.mark(session, people[0]!, 'levitating'))).toMatchObject({
      outcome: 'parked',
      code: 'state_unknown',
    });
  });

  it('a disputed cell marked again on its revision takes the mark; equal candidates close as merged', async () => {
    await anaMarks(people[0]!, 'present');
    const mine = device.mark(session, people[0]!, 'absent');
    const other = device.mark(session, people[0]!, 'late');
    await device.send([mine, other]);
    await anaMarks(people[0]!, 'absent', { revision: 1 });
    expect(await cellOf(people[0]!)).toMatchObject({ revision: 2, disputed: true });
    expect(await receiptOf(mine)).toMatchObject({ settlement: 'merged' });
    await anaMarks(people[0]!, 'late', { revision: 2 });
    expect(await cellOf(people[0]!)).toMatchObject({ revision: 3, disputed: false });
    expect(await conflictsOf(people[0]!)).toMatchObject([{ status: 'resolved', resolution: 'settled' }]);
  });

  it('the author withdraws his candidate: the mark in force stands, and nobody has to decide', async () => {
    await anaMarks(people[0]!, 'present');
    const op = device.mark(session, people[0]!, 'absent');
    await device.one(op);
    expect((await world.ana.post('/api/sync/withdraw', { op_id: op.op_id })).status).toBe(404);
    expect((await world.bruno.post('/api/sync/withdraw', { op_id: op.op_id })).status).toBe(200);
    expect((await world.bruno.post('/api/sync/withdraw', { op_id: op.op_id })).status).toBe(200);
    expect(await cellOf(people[0]!)).toMatchObject({ revision: 1, disputed: false });
  });
});
