import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AuditLog } from '../../src/platform/ledger/audit-log.entity.js';
import { PresenceOperation, PresenceRecord, PresenceState, SyncConflict } from '../../src/presence/index.js';
import { Session } from '../../src/sessions/index.js';
import { SyncClient } from '../../src/sync/index.js';
import { type OpResult, type SyncAnswer } from '../../src/sync/wire.js';
import { JudgeParkedJob } from '../../src/sync/parked/judge-parked.job.js';
import { Device } from '../support/device.js';
import { Visitor, type Answer } from '../support/visitor.js';
import { World } from '../world.js';

/** Two do it at once, on connections of their own: one truth comes of it, both are told it, and nobody gets a 500. */
let world: World;
let device: Device;
let session: number;
let group: number;
let people: number[];
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world?.close());
const TIMES = 10;
/** Every round has a register of its own. */
async function fresh(): Promise<void> {
  const register = await world.addRegister(world.school, 3);
  session = register.session.id;
  group = register.group.id;
  people = register.participants.map(({ id }) => id);
  device = await Device.open(world.bruno);
  device.seq = device.handshake.acknowledged_up_to;
}
beforeEach(fresh);

/** @param work once or so often */
async function repeated(times: number, work: (round: number) => Promise<void>): Promise<void> {
  for (let round = 0; round < times; round++) {
    if (round > 0) await fresh();
    await work(round);
  }
}

const cellOf = async (participant: number) => {
  const cell = await world.read(world.school, (em) => em.findOne(PresenceRecord, { session, participant }));
  if (!cell) return null;
  const state = await world.read(world.school, (em) => em.findOne(PresenceState, { id: cell.presenceState ?? 0 }));
  return { state: state?.code ?? null, revision: cell.revision, disputed: cell.disputed };
};
const receiptsOf = (ops: { op_id: string }[]) =>
  world.read(world.school, (em) => em.find(PresenceOperation, { opId: { $in: ops.map((op) => op.op_id) } }));
const auditOf = (ops: { op_id: string }[]) =>
  world.read(world.school, (em) => em.find(AuditLog, { opId: { $in: ops.map((op) => op.op_id) } }));
const conflictsOf = (participant: number) =>
  world.read(world.school, (em) => em.find(SyncConflict, { session, participant }));
const openCandidates = (conflict: number) =>
  world.read(world.school, (em) => em.count(PresenceOperation, { conflict, outcome: 'conflict', settlement: null }));
const anaMarks = async (participant: number, presence_state: string) =>
  expect(
    (await world.ana.post('/api/presence', { session_id: session, participant_id: participant, presence_state }))
      .status,
  ).toBe(201);
const inConflict = async () => {
  await anaMarks(people[0]!, 'present');
  const op = device.mark(session, people[0]!, 'absent');
  return { op, id: (await device.one(op)).conflict_id! };
};
const resolve = (id: number, choice: string) =>
  world.ana.post(`/api/admin/sync-conflicts/${id}/resolve`, { choice, reason: 'asked both' });
const statuses = (answers: Answer[]) => answers.map(({ status }) => status).sort((a, b) => a - b);
const resultsOf = (answer: Answer): OpResult[] => (answer.json as SyncAnswer).results;
/** A conflict is open exactly as long as a candidate waits in it, and exactly then its cell is disputed. */
async function expectOneTruth(participant: number): Promise<void> {
  const conflicts = await conflictsOf(participant);
  const open = conflicts.filter((each) => each.isOpen);
  expect(open.length).toBeLessThanOrEqual(1);
  for (const each of conflicts) expect((await openCandidates(each.id)) > 0).toBe(!!each.isOpen);
  expect((await cellOf(participant))?.disputed ?? false).toBe(open.length === 1);
}

describe('at once', () => {
  it(
    'the same batch over two connections, 20 times: each operation counts once',
    () =>
      repeated(20, async () => {
        const first = device.mark(session, people[0]!, 'present');
        const person = device.person(group, 'New', 'Here');
        const ops = [
          first,
          device.mark(session, people[0]!, 'late', { base: { op: first.op_id } }),
          device.mark(session, people[1]!, 'absent', { note: 'ill' }),
          person,
          device.mark(session, { op: person.op_id }, 'present'),
          device.mark(session, people[2]!, 'levitating'),
        ];
        const body = device.envelope(ops);
        const answers = await Promise.all([1, 2, 3].map(() => world.bruno.post('/api/sync', body)));
        expect(statuses(answers)).toEqual([200, 200, 200]);
        const expected = ['applied', 'applied', 'applied', 'applied', 'applied', 'parked'];
        for (const answer of answers) {
          expect(resultsOf(answer).map((each) => each.first ?? each.outcome)).toEqual(expected);
          expect(answer.json).toMatchObject({ received_up_to: device.seq, missing: [] });
        }
        // Whoever was first said so; nobody else did.
        for (const at of ops.keys())
          expect(answers.filter((each) => resultsOf(each)[at]!.outcome !== 'duplicate')).toHaveLength(1);
        expect(await receiptsOf(ops)).toHaveLength(ops.length);
        expect(await auditOf(ops)).toHaveLength(ops.length);
        expect(await cellOf(people[0]!)).toEqual({ state: 'late', revision: 2, disputed: false });
        expect(await cellOf(people[1]!)).toEqual({ state: 'absent', revision: 1, disputed: false });
      }),
    120_000,
  );

  it(
    'two devices on the same cell: one mark, and a conflict that both are told',
    () =>
      repeated(TIMES, async () => {
        const ana = await Device.open(world.ana);
        ana.seq = ana.handshake.acknowledged_up_to;
        const ops = [device.mark(session, people[0]!, 'present'), ana.mark(session, people[0]!, 'absent')];
        const results = await Promise.all([device.one(ops[0]), ana.one(ops[1])]);
        expect(results.map(({ outcome }) => outcome).sort()).toEqual(['applied', 'conflict']);
        const winner = results[0].outcome === 'applied' ? 'present' : 'absent';
        expect(await cellOf(people[0]!)).toEqual({ state: winner, revision: 1, disputed: true });
        expect(results.find(({ outcome }) => outcome === 'conflict')).toMatchObject({
          current: { presence_state: winner, revision: 1 },
        });
        await expectOneTruth(people[0]!);
      }),
    60_000,
  );

  it(
    'two devices that agree: one mark, and one that says the same',
    () =>
      repeated(TIMES, async () => {
        const ana = await Device.open(world.ana);
        ana.seq = ana.handshake.acknowledged_up_to;
        const ops = [device.mark(session, people[0]!, 'late'), ana.mark(session, people[0]!, 'late')];
        const results = await Promise.all([device.one(ops[0]), ana.one(ops[1])]);
        expect(results.map(({ outcome }) => outcome).sort()).toEqual(['applied', 'merged']);
        expect(await cellOf(people[0]!)).toEqual({ state: 'late', revision: 1, disputed: false });
      }),
    60_000,
  );

  it(
    'two candidates for one cell: one conflict',
    () =>
      repeated(TIMES, async () => {
        await anaMarks(people[0]!, 'present');
        const ana = await Device.open(world.ana);
        ana.seq = ana.handshake.acknowledged_up_to;
        const results = await Promise.all([
          device.one(device.mark(session, people[0]!, 'absent')),
          ana.one(ana.mark(session, people[0]!, 'late')),
        ]);
        expect(results.map(({ outcome }) => outcome)).toEqual(['conflict', 'conflict']);
        expect(results[0].conflict_id).toBe(results[1].conflict_id);
        await expectOneTruth(people[0]!);
      }),
    60_000,
  );

  it(
    'a page and a device on the same cell: the page is told stale, or the device gets a conflict',
    () =>
      repeated(TIMES, async () => {
        const mark = { session_id: session, participant_id: people[0]!, presence_state: 'late', revision: 0 };
        const [page, result] = await Promise.all([
          world.ana.post('/api/presence', mark),
          device.one(device.mark(session, people[0]!, 'absent')),
        ]);
        expect([page.status, result.outcome]).toEqual(page.status === 201 ? [201, 'conflict'] : [409, 'applied']);
        await expectOneTruth(people[0]!);
      }),
    60_000,
  );

  it(
    'a resolution and a candidate that joins: it is settled with the others, or opens a conflict of its own',
    () =>
      repeated(TIMES, async (round) => {
        const { op, id } = await inConflict();
        const late = device.mark(session, people[0]!, 'late');
        const [answer, result] = await Promise.all([resolve(id, round % 2 ? 'device' : 'server'), device.one(late)]);
        expect(answer.status).toBe(200);
        expect(result.outcome).toBe('conflict');
        const [first, second] = await receiptsOf([op, late]);
        expect(first!.settlement ?? second!.settlement).not.toBeNull();
        if (result.conflict_id === id) expect((await conflictsOf(people[0]!))[0]).toMatchObject({ status: 'resolved' });
        await expectOneTruth(people[0]!);
        expect((await cellOf(people[0]!))!.revision).toBe(2);
      }),
    60_000,
  );

  it(
    'two resolutions: one decides, the other is told',
    () =>
      repeated(TIMES, async () => {
        const { id } = await inConflict();
        const answers = await Promise.all([resolve(id, 'server'), resolve(id, 'device'), resolve(id, 'void')]);
        expect(statuses(answers)).toEqual([200, 409, 409]);
        expect((await cellOf(people[0]!))!.revision).toBe(2);
        await expectOneTruth(people[0]!);
      }),
    60_000,
  );

  it(
    'a resolution and a withdrawal: one of them, and the other is told',
    () =>
      repeated(TIMES, async () => {
        const { op, id } = await inConflict();
        const [resolved, withdrawn] = await Promise.all([
          resolve(id, 'device'),
          world.bruno.post('/api/sync/withdraw', { op_id: op.op_id }),
        ]);
        expect(statuses([resolved, withdrawn])).toEqual([200, 409]);
        const state = resolved.status === 200 ? 'absent' : 'present';
        expect(await cellOf(people[0]!)).toMatchObject({ state, disputed: false });
        await expectOneTruth(people[0]!);
      }),
    60_000,
  );

  it(
    'somebody is merged into another while a batch brings marks on him: they come to the other',
    () =>
      repeated(TIMES, async () => {
        const [gone, stays, third] = people as [number, number, number];
        // He is the last of the batch: it was asked long before whether he is still himself.
        const ops = [third, gone].map((person) => device.mark(session, person, 'late'));
        const [merged, answer] = await Promise.all([
          world.ana.post(`/api/participants/${gone}/merge`, { into_id: stays }),
          device.send(ops),
        ]);
        expect(merged.status).toBe(200);
        const [, last] = answer.results;
        expect(['applied', 'conflict', 'merged', 'parked']).toContain(last!.outcome);
        const receipt = (await receiptsOf(ops)).find(({ opId }) => opId === ops[1]!.op_id)!;
        // Either the mark came first and was taken along, or it was led to the other.
        if (receipt.redirectedFrom !== null) expect(receipt.participant).toBe(stays);
        expect(await cellOf(stays)).toMatchObject({ state: 'late' });
        await expectOneTruth(stays);
      }),
    60_000,
  );

  it(
    'two adoptions, and an adoption and a discarding: once',
    () =>
      repeated(TIMES, async () => {
        const ops = [0, 1].map((at) => device.mark(session, people[at]!, 'present'));
        await world.write(world.school, async (tx) => {
          (await tx.findOneOrFail(Session, { id: session })).lockedAt = new Date(Date.now() - 3_600_000);
        });
        expect((await device.send(ops)).results).toMatchObject([
          { code: 'session_locked' },
          { code: 'session_locked' },
        ]);
        const desk = (at: number, act: string) =>
          world.ana.post(`/api/admin/parked-operations/${ops[at]!.op_id}/${act}`, { reason: 'she was there' });
        const [one, two, adopted, discarded] = await Promise.all([
          desk(0, 'adopt'),
          desk(0, 'adopt'),
          desk(1, 'adopt'),
          desk(1, 'discard'),
        ]);
        expect(statuses([one, two])).toEqual([200, 409]);
        expect(statuses([adopted, discarded])).toEqual([200, 409]);
        expect(await cellOf(people[0]!)).toEqual({ state: 'present', revision: 1, disputed: false });
        expect((await cellOf(people[1]!))?.revision ?? 0).toBe(adopted.status === 200 ? 1 : 0);
      }),
    60_000,
  );

  it(
    'a discarding, and the same operation again from the device',
    () =>
      repeated(TIMES, async () => {
        const op = device.mark(session, people[0]!, 'levitating');
        await device.one(op);
        const [discarded, again] = await Promise.all([
          world.ana.post(`/api/admin/parked-operations/${op.op_id}/discard`, { reason: 'nobody levitates' }),
          device.one(op),
        ]);
        expect(discarded.status).toBe(200);
        expect(again).toMatchObject({ outcome: 'duplicate', first: 'parked' });
        expect(await receiptsOf([op])).toHaveLength(1);
      }),
    60_000,
  );

  it(
    'the session is cancelled or locked while a batch comes: each mark counts or is parked',
    () =>
      repeated(TIMES, async (round) => {
        const ops = people.map((person) => device.mark(session, person, 'present'));
        const lock = () => world.ana.patch(`/api/sessions/${session}/complete-register`, {});
        const cancel = () => world.ana.delete(`/api/sessions/${session}`);
        const [changed, answer] = await Promise.all([round % 2 ? lock() : cancel(), device.send(ops)]);
        expect(changed.status).toBe(200);
        for (const [at, result] of answer.results.entries()) {
          expect(['applied null', 'parked session_deleted', 'parked session_locked']).toContain(
            `${result.outcome} ${result.code}`,
          );
          expect((await cellOf(people[at]!))?.revision ?? 0).toBe(result.outcome === 'applied' ? 1 : 0);
        }
        expect(await auditOf(ops)).toHaveLength(ops.length);
      }),
    60_000,
  );

  it(
    'what waits is judged by its base, by the sweep and by a second base at once: once',
    () =>
      repeated(TIMES, async () => {
        const first = device.mark(session, people[0]!, 'present');
        const second = device.mark(session, people[0]!, 'late', { base: { op: first.op_id } });
        const third = device.mark(session, people[0]!, 'absent', { base: { op: second.op_id } });
        await device.send([second, third]);
        const job = world.app.get(JudgeParkedJob);
        const [one, two] = await Promise.all([device.post([first]), device.post([first]), job.judge(), job.judge()]);
        expect([one.status, two.status]).toEqual([200, 200]);
        while ((await job.judge()) > 0);
        expect(await cellOf(people[0]!)).toEqual({ state: 'absent', revision: 3, disputed: false });
        expect((await receiptsOf([first, second, third])).map(({ outcome }) => outcome)).toEqual(
          Array(3).fill('applied'),
        );
      }),
    60_000,
  );

  it(
    'handshakes of one new browser: the same client for all',
    () =>
      repeated(TIMES, async () => {
        const browser = new Visitor(world.address);
        for (const [name, value] of world.bruno.cookies) browser.cookies.set(name, value);
        const cookie = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url');
        browser.cookies.set('omnipresence_device', cookie);
        const before = await world.read(world.school, (em) => em.count(SyncClient, {}));
        const answers = await Promise.all(Array.from({ length: 5 }, () => browser.get('/api/sync/handshake')));
        expect(statuses(answers)).toEqual([200, 200, 200, 200, 200]);
        expect(new Set(answers.map(({ json }) => json.client_id)).size).toBe(1);
        expect(await world.read(world.school, (em) => em.count(SyncClient, {}))).toBe(before + 1);
      }),
    60_000,
  );
});
