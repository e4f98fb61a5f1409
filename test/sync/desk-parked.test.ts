import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { User } from '../../src/auth/index.js';
import { GroupMembership } from '../../src/participants/index.js';
import { Session } from '../../src/sessions/index.js';
import { countStatements } from '../support/count-statements.js';
import { Device } from '../support/device.js';
import { checkAnswers } from '../contract/check-answers.js';
import { PASSWORD, World } from '../world.js';

let world: World;
let device: Device;
let made: Awaited<ReturnType<World['addRegister']>>;
beforeAll(async () => {
  world = await World.open();
  await checkAnswers(world);
});
afterAll(() => world.close());
beforeEach(async () => {
  made = await world.addRegister(world.school, ['Ada Lovelace', 'Alan Turing', 'Grace Hopper']);
  device = await Device.open(world.bruno);
  device.seq = device.handshake.acknowledged_up_to;
});

const LIST = '/api/admin/parked-operations';
const reason = 'I saw it myself';

const change = <T extends object>(entity: any, id: number, fields: Partial<T>) =>
  world.write(world.school, async (tx) => Object.assign(await tx.findOneOrFail(entity, { id }), fields));
const lock = () => change<Session>(Session, made.session.id, { lockedAt: new Date(Date.now() - 1000) });

/** Marks of Bruno that came after the lock. */
async function parked(people = 1) {
  await lock();
  const ops = made.participants
    .slice(0, people)
    .map(({ id }) => device.mark(made.session.id, id, 'late', { note: 'Bus' }));
  const { results } = await device.send(ops);
  expect(results.map(({ outcome, code }) => [outcome, code])).toEqual(ops.map(() => ['parked', 'session_locked']));
  return ops;
}
const listed = async (query = '') => (await world.ana.get(`${LIST}?per_page=500${query}`)).json.data as any[];
const found = async (op: { op_id: string }, query = '') =>
  (await listed(query)).find(({ op_id }) => op_id === op.op_id);
const cell = async (at = 0) =>
  (await world.ana.get(`/api/presence?session_id=${made.session.id}&participant_id=${made.participants[at]!.id}`)).json
    .data[0];

describe('a parked mark', () => {
  it('is listed with its reason, its author, its device and what it says', async () => {
    const [op] = await parked();
    expect(await found(op!)).toMatchObject({
      kind: 'presence',
      code: 'session_locked',
      status: 'waiting',
      session_id: made.session.id,
      participant_id: made.participants[0]!.id,
      presence_state: 'late',
      note: 'Bus',
      user: { id: world.school.user.bruno!.id, name: 'Bruno Example' },
      brought_by: null,
      device_id: device.handshake.client_id,
      settled: null,
    });
    expect(await found(op!, '&code=state_unknown')).toBeUndefined();
    expect(await found(op!, `&code=session_locked&device_id=${device.handshake.client_id}`)).toBeDefined();
    expect((await world.ana.get(`${LIST}?status=lost`)).status).toBe(422);
    const page = (await world.ana.get('/parked')).body;
    for (const text of ['The register was locked before', 'Bruno Example', 'Ada Lovelace', 'Late', 'Bus'])
      expect(page).toContain(text);
  });

  it('counts when it is adopted, and is kept with the reason when it is discarded', async () => {
    const [first, second] = await parked(2);
    const adopted = await world.ana.post(`${LIST}/${first!.op_id}/adopt`, { reason });
    expect(adopted.status).toBe(200);
    expect(adopted.json.data).toMatchObject({
      status: 'adopted',
      outcome: 'applied',
      result: { outcome: 'applied', revision: 1 },
      settled: { by: { name: 'Ana Example' }, reason },
    });
    expect(await cell(0)).toMatchObject({ presence_state: 'late', recorded_by: { name: 'Bruno Example' } });
    const discarded = await world.ana.post(`${LIST}/${second!.op_id}/discard`, { reason: 'Nobody was there' });
    expect(discarded.json.data).toMatchObject({ status: 'discarded', settled: { reason: 'Nobody was there' } });
    expect(await cell(1)).toBeUndefined();
    expect(await found(first!)).toBeUndefined();
    expect(await found(first!, '&status=adopted')).toBeDefined();
    expect(await found(second!, '&status=discarded')).toBeDefined();
    expect((await world.ana.get('/parked?status=discarded')).body).toContain('Nobody was there');
  });

  it('is settled once: whoever comes second is told, and nothing changes', async () => {
    const [op] = await parked();
    const answers = await Promise.all(
      ['adopt', 'discard'].map((act) => world.ana.post(`${LIST}/${op!.op_id}/${act}`, { reason })),
    );
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 409]);
    for (const act of ['adopt', 'discard']) {
      const again = await world.ana.post(`${LIST}/${op!.op_id}/${act}`, { reason });
      expect([again.status, again.json.errors[0].code]).toEqual([409, 'stale']);
    }
  });

  it('needs a reason, the right, and to be of this organization', async () => {
    const [op] = await parked();
    const path = `${LIST}/${op!.op_id}/adopt`;
    expect((await world.ana.post(path, {})).json.errors[0]).toMatchObject({ code: 'required', field: 'reason' });
    expect((await world.bruno.post(path, { reason })).status).toBe(403);
    expect((await world.bruno.get('/parked')).status).toBe(403);
    const nobodys = `${LIST}/${crypto.randomUUID()}/adopt`;
    for (const body of [{ reason }, {}, undefined]) {
      const foreign = await world.clara.post(path, body);
      const unknown = await world.clara.post(nobodys, body);
      const broken = await world.clara.post(`${LIST}/nothing/adopt`, body);
      expect([foreign.status, foreign.body]).toEqual([404, unknown.body]);
      expect(broken.body).toBe(unknown.body);
    }
    expect((await found(op!)).status).toBe('waiting');
    // What was applied at once is no parked operation.
    await change<Session>(Session, made.session.id, { lockedAt: null });
    const applied = device.mark(made.session.id, made.participants[2]!.id, 'present');
    await device.one(applied);
    expect((await world.ana.post(`${LIST}/${applied.op_id}/adopt`, { reason })).status).toBe(404);
  });

  it('that a cancelled session holds up says so, and stays where it is', async () => {
    const [op] = await parked();
    await change<Session>(Session, made.session.id, { status: 'cancelled', lockedAt: null });
    const answer = await world.ana.post(`${LIST}/${op!.op_id}/adopt`, { reason });
    expect([answer.status, answer.json.errors[0].code]).toEqual([409, 'session_cancelled']);
    expect((await found(op!)).status).toBe('waiting');
  });

  it('of somebody who was moved names the register on which he stands: apply it there', async () => {
    const { group, participants, session } = made;
    const there = await world.addGroup(world.school, 'The other class');
    await world.write(world.school, async (tx) => {
      const membership = await tx.findOneOrFail(GroupMembership, { group: group.id, participant: participants[0]!.id });
      membership.group = there.id;
    });
    const other = await world.addSession(world.school, there, { name: 'Physics next door' });
    const op = device.mark(session.id, participants[0]!.id, 'late');
    expect(await device.one(op)).toMatchObject({ outcome: 'parked', code: 'participant_moved' });
    const page = (await world.ana.get('/parked')).body;
    expect(page).toContain('On another register at that time');
    expect(page).toMatch(new RegExp(`Suggestion: apply it there.[^]*?/sessions/${other.id}[^]*?Physics next door`));
  });

  it('that a person adds is shown by his name', async () => {
    const taken = made.participants[0]!.identifier!;
    const op = device.person(made.group.id, 'Katherine', 'Johnson', { identifier: taken });
    expect(await device.one(op)).toMatchObject({ outcome: 'parked', code: 'identifier_taken' });
    expect(await found(op)).toMatchObject({ kind: 'participant', name: 'Katherine Johnson', participant_id: null });
    const page = (await world.ana.get('/parked')).body;
    expect(page).toContain('Katherine Johnson');
    expect(page).toContain('Somebody else has this identifier');
    const answer = await world.ana.post(`${LIST}/${op.op_id}/adopt`, { reason });
    expect([answer.status, answer.json.errors[0].code]).toEqual([409, 'identifier_taken']);
  });
});

describe('what an account left', () => {
  it('is handed in, shown with who brought it, and adopted in one go', async () => {
    const lost = await world.write(world.school, (tx) =>
      tx.create(User, {
        email: `lena@${world.school.organization.slug}.example`,
        passwordHash: null,
        firstName: 'Lena',
        lastName: 'Left',
        role: 'frontline',
        status: 'active',
      }),
    );
    // Ana holds the device on which Lena's marks are; her account is disabled.
    const handed = await Device.open(world.ana);
    handed.seq = handed.handshake.acknowledged_up_to;
    const clients = await world.write(world.school, async (tx) => {
      const { SyncClient } = await import('../../src/sync/index.js');
      const own = await tx.findOneOrFail(SyncClient, { clientId: handed.handshake.client_id });
      (await tx.findOneOrFail(User, { id: lost.id })).status = 'disabled';
      return tx.create(SyncClient, {
        clientId: crypto.randomUUID(),
        user: lost.id,
        deviceHash: own.deviceHash,
        label: 'Firefox on Windows',
        lastSeenAt: new Date(),
        maxSeq: 2,
        receivedUpTo: 0,
      });
    });
    const ops = made.participants.slice(0, 2).map(({ id }) => handed.mark(made.session.id, id, 'present'));
    const { results } = await handed.send(
      ops.map((op, at) => ({ ...op, seq: at + 1 })),
      { on_behalf: true, author_id: lost.id, client_id: clients.clientId, max_seq: 2 },
    );
    expect(results.map(({ code }) => code)).toEqual(['foreign_author', 'foreign_author']);
    expect(await found(ops[0]!)).toMatchObject({ user: { name: 'Lena Left' }, brought_by: { name: 'Ana Example' } });
    const page = (await world.ana.get(`/parked?author=${lost.id}`)).body;
    for (const text of ['Handed in for the account of somebody else', 'Lena Left', 'Not active', 'Firefox on Windows'])
      expect(page).toContain(text);
    expect(page).toContain('handed in by Ana Example');

    const elsewhere = await world.addRegister(world.school, 1);
    const third = { ...handed.mark(elsewhere.session.id, elsewhere.participants[0]!.id, 'present'), seq: 3 };
    await handed.send([third], { on_behalf: true, author_id: lost.id, client_id: clients.clientId, max_seq: 3 });
    ops.push(third as (typeof ops)[number]);
    // All of hers, of whatever session, stand in one group.
    expect((await world.ana.get(`/parked?author=${lost.id}`)).body.match(/name="group"/g)).toHaveLength(1);
    expect((await world.ana.get('/parked')).body).toContain(`/parked?author=${lost.id}`);

    const fields = ops.map(({ op_id }) => ['ops', op_id] as [string, string]);
    const group = /name="group" value="([^"]+)"/.exec(page)![1]!;
    const refused = await world.ana.form(`/parked?author=${lost.id}`, [
      ...fields.slice(0, 1),
      ['act', 'adopt'],
      ['group', group],
    ]);
    expect(refused.status).toBe(422);
    expect(refused.body).toContain(`value="${ops[0]!.op_id}" checked`);
    expect(refused.body).not.toContain(`value="${ops[1]!.op_id}" checked`);
    const done = await world.ana.form('/parked', [...fields, ['act', 'adopt'], ['reason', 'Lena told me']]);
    expect([done.status, done.headers.get('location')]).toEqual([303, '/parked?done=adopted&count=3']);
    expect(await cell(1)).toMatchObject({ presence_state: 'present', recorded_by: { name: 'Lena Left' } });
  });

  it('as far as it can: the others are named with the reason', async () => {
    const [first, second] = await parked(2);
    await world.ana.post(`${LIST}/${second!.op_id}/discard`, { reason });
    const answer = await world.ana.form('/parked', [
      ['ops', first!.op_id],
      ['ops', second!.op_id],
      ['act', 'adopt'],
      ['quick', 'The author was asked'],
    ]);
    expect(answer.status).toBe(409);
    expect(answer.body).toContain('1 settled, 1 could not be');
    expect((await found(first!, '&status=adopted')).settled.reason).toBe('The author was asked');
  });

  it('is listed with a fixed number of statements', async () => {
    await parked(1);
    const few = await countStatements(world, () => world.ana.get('/parked'));
    made = await world.addRegister(world.school, ['Ada Lovelace', 'Alan Turing', 'Grace Hopper']);
    await parked(3);
    expect(await countStatements(world, () => world.ana.get('/parked'))).toBe(few);
  });
});

describe('the history of deliveries', () => {
  const HISTORY = '/api/admin/sync-history';
  it('tells what each device brought and what became of it, and can be narrowed', async () => {
    await world.ana.post('/api/presence', {
      session_id: made.session.id,
      participant_id: made.participants[1]!.id,
      presence_state: 'absent',
    });
    const applied = device.mark(made.session.id, made.participants[0]!.id, 'present');
    const clash = device.mark(made.session.id, made.participants[1]!.id, 'late');
    const unknown = device.mark(987654321, made.participants[2]!.id, 'late');
    await device.send([applied, clash, unknown]);
    const mine = async (query: string) =>
      (await world.ana.get(`${HISTORY}?per_page=500&device_id=${device.handshake.client_id}${query}`)).json.data;
    const delivery = (await mine('')).at(-1);
    expect(delivery).toMatchObject({
      status: 'done',
      on_behalf: false,
      user: { name: 'Bruno Example' },
      operations: 3,
      applied: 1,
      conflict: 1,
      rejected: 1,
      parked: 0,
      waiting: 0,
    });
    const one = (await world.ana.get(`${HISTORY}/${delivery.id}`)).json.data;
    expect(one.results.map(({ outcome, code }: any) => [outcome, code])).toEqual([
      ['applied', null],
      ['conflict', null],
      ['rejected', 'unknown_target'],
    ]);
    expect(one.results[2]).toMatchObject({ session_id: null, participant_id: null, presence_state: null });
    expect(await mine('&status=incomplete')).toEqual([]);
    expect(await mine('&from=2099-01-01')).toEqual([]);
    expect((await mine('&to=2099-01-01')).length).toBeGreaterThan(0);
    expect((await world.ana.get(`${HISTORY}?from=2026-02-02&to=2026-02-01`)).status).toBe(422);
    expect((await world.ana.get(`${HISTORY}?device_id=${crypto.randomUUID()}`)).json.data).toEqual([]);
    expect((await world.bruno.get(HISTORY)).status).toBe(403);
    expect((await world.clara.get(HISTORY)).json.data).toEqual([]);
    const page = (await world.ana.get(`/sync-history/${delivery.id}`)).body;
    expect(page).toContain('Alan Turing');
    expect(page).toContain('Nothing was kept of it');
    expect(page).toContain(`/conflicts/${one.results[1].conflict_id}`);
    expect((await world.ana.get('/sync-history')).body).toContain(`/sync-history/${delivery.id}`);
  });

  const mine = (query = '') => `/sync-history?device=${device.handshake.client_id}${query}`;
  /** The deliveries that a page lists, each as it is read. */
  const lines = async (path: string) => {
    const { body } = await world.ana.get(path);
    const list = /<ul class="rows"[^]*?\n<\/ul>/.exec(body)?.[0] ?? '';
    return list
      .split(/<li><span class="row-time">/)
      .slice(1)
      .map((line) => line.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' '));
  };

  it('leaves out taps that were saved at once, and says so; everything can be shown', async () => {
    device = await Device.open(await world.visitor().signIn(world.school.user.bruno!.email, PASSWORD));
    const [first, second, third] = made.participants.map(({ id }) => id) as [number, number, number];
    await device.one(device.mark(made.session.id, first, 'present'));
    expect(await lines(mine())).toEqual([]);
    const page = (await world.ana.get(mine())).body;
    expect(page).toContain('Taps that were saved at once are left out.');
    expect(page).toContain('Nothing here but taps that were saved at once.');
    expect(page).toContain(`href="/sync-history?device=${device.handshake.client_id}&amp;show=all"`);
    // Two minutes on the device; a clock that says nothing; what could not simply be saved.
    await device.one(device.mark(made.session.id, second, 'present', { recorded_at: device.time(120_000) }));
    device.ahead = 40 * 86_400_000;
    await device.one(device.mark(made.session.id, third, 'present'));
    device.ahead = 0;
    await device.one(device.mark(made.session.id, first, 'dancing', { base: { revision: 1 } }));
    await device.one(device.mark(987654321, first, 'present'));
    const notable = await lines(mine());
    expect(notable.map((line) => /(Saved|Parked|Refused) \d/.exec(line)![0])).toEqual([
      'Refused 1',
      'Parked 1',
      'Saved 1',
      'Saved 1',
    ]);
    const all = await lines(mine('&show=all'));
    expect(all).toHaveLength(5);
    expect((await world.ana.get(mine('&show=all'))).body).toContain('taps that were saved at once too');
    // Programs are told everything, always.
    expect((await world.ana.get(`${HISTORY}?device_id=${device.handshake.client_id}`)).json.meta.total).toBe(5);
  });

  it('counts marks as people do: three taps on one person are one, and a clash is one decision', async () => {
    device = await Device.open(await world.visitor().signIn(world.school.user.bruno!.email, PASSWORD));
    const people = made.participants.map(({ id }) => id);
    await world.ana.post('/api/presence', {
      session_id: made.session.id,
      participant_id: people[0],
      presence_state: 'absent',
    });
    const taps = people.flatMap((id) => {
      const ops = ['present', null, 'present'].map((state) =>
        device.mark(made.session.id, id, state, { recorded_at: device.time(300_000) }),
      );
      ops.forEach((op, at) => at > 0 && Object.assign(op, { base: { op: ops[at - 1]!.op_id } }));
      return ops;
    });
    const added = device.person(made.group.id, 'Nora', 'Guest', { recorded_at: device.time(300_000) });
    const hers = device.mark(made.session.id, { op: added.op_id }, 'present', { recorded_at: device.time(300_000) });
    const { results } = await device.send([...taps, added, hers]);
    expect(results.filter(({ outcome }) => outcome === 'conflict')).toHaveLength(3);
    const [line] = await lines(mine());
    expect(line).toContain('4 marks in 11 taps 1 person added');
    expect(line).toMatch(/Saved 4 To decide 1 $/);
    const conflict = results.find(({ conflict_id }) => conflict_id)!.conflict_id;
    await world.ana.post(`/api/admin/sync-conflicts/${conflict}/resolve`, { choice: 'server', reason });
    expect((await lines(mine()))[0]).toMatch(/Saved 4 Clashed, settled 1 $/);
  });

  it('is listed with a fixed number of statements', async () => {
    device = await Device.open(await world.visitor().signIn(world.school.user.bruno!.email, PASSWORD));
    const bring = () => device.one(device.mark(987654321, 1, 'present'));
    await bring();
    const ask = () => world.ana.get(mine());
    const few = await countStatements(world, ask);
    for (let more = 0; more < 4; more++) await bring();
    expect(await countStatements(world, ask)).toBe(few);
    expect(await lines(mine())).toHaveLength(5);
  });

  it('judges the parked ones of a delivery again when their reason has gone', async () => {
    await change<Session>(Session, made.session.id, { status: 'cancelled' });
    const op = device.mark(made.session.id, made.participants[0]!.id, 'late');
    expect(await device.one(op)).toMatchObject({ outcome: 'parked', code: 'session_deleted' });
    const [delivery] = (await world.ana.get(`${HISTORY}?per_page=500`)).json.data.slice(-1);
    expect(delivery.waiting).toBe(1);
    const same = await world.ana.post(`${HISTORY}/${delivery.id}/retry`);
    expect([same.status, same.json.results]).toEqual([200, []]);
    await change<Session>(Session, made.session.id, { status: 'scheduled' });
    const done = await world.ana.form(`/sync-history/${delivery.id}/retry`, {});
    expect([done.status, done.headers.get('location')]).toEqual([
      303,
      `/sync-history/${delivery.id}?done=retried&count=1`,
    ]);
    expect((await world.ana.get(done.headers.get('location')!)).body).toContain('Tried again: 1 no longer wait.');
    expect(await cell(0)).toMatchObject({ presence_state: 'late' });
    expect((await found(op, '&status=judged_again')).settled).toMatchObject({ by: null });
  });
});
