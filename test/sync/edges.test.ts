import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MikroORM } from '@mikro-orm/core';
import { signedInUser, User } from '../../src/auth/index.js';
import { addMembers, enrolParticipant, GroupAssignment } from '../../src/participants/index.js';
import { withCurrent } from '../../src/platform/current.js';
import { inOrganization } from '../../src/platform/database/in-organization.js';
import { type Orm } from '../../src/platform/database/orm.js';
import { PresenceOperation, PresenceRecord, SyncConflict } from '../../src/presence/index.js';
import { Session } from '../../src/sessions/index.js';
import { beginEpoch, SyncClient, SyncHistory } from '../../src/sync/index.js';
import { AdoptParked } from '../../src/sync/parked/adopt-parked.js';
import { JudgeParkedJob } from '../../src/sync/parked/judge-parked.job.js';
import { uuidV5 } from '../../src/platform/text.js';
import { Organization } from '../../src/tenancy/index.js';
import { Device } from '../support/device.js';
import { checkAnswers } from '../contract/check-answers.js';
import { PASSWORD, World } from '../world.js';

/** Where two rows of the case table meet, and what only a person may decide. */
let world: World;
let device: Device;
let session: number;
let people: number[];
beforeAll(async () => {
  world = await World.open();
  await checkAnswers(world);
});
afterAll(() => world?.close());
beforeEach(async () => {
  const register = await world.addRegister(world.school, 3);
  session = register.session.id;
  people = register.participants.map(({ id }) => id);
  device = await Device.open(world.bruno);
  device.seq = device.handshake.acknowledged_up_to;
});

const receipt = (op: { op_id: string }, place = world.school) =>
  world.read(place, (em) => em.findOneOrFail(PresenceOperation, { opId: op.op_id }));
const cell = (participant: number) =>
  world.read(world.school, (em) => em.findOne(PresenceRecord, { session, participant }));
const conflict = (participant: number) =>
  world.read(world.school, (em) => em.findOneOrFail(SyncConflict, { session, participant }));
const lock = (lockedAt: Date | null) =>
  world.write(world.school, async (tx) => {
    (await tx.findOneOrFail(Session, { id: session })).lockedAt = lockedAt;
  });
const asAna = <T>(work: (ana: any) => Promise<T>) => {
  const who = {
    organizationId: world.school.organization.id,
    userId: world.school.user.ana!.id,
    source: 'page' as const,
  };
  return inOrganization(world.orm, who, async (em) => work(await signedInUser(em, who.userId)));
};
const adopt = (op: { op_id: string }) =>
  asAna((ana) => world.bus.execute(new AdoptParked(op.op_id, 'seen by me too', ana)));

describe('what only a person may decide', () => {
  it('is not decided by judging a delivery again: marks handed in for somebody, and an id used twice', async () => {
    const foreign = device.mark(session, people[0]!, 'present');
    await world.ana.post('/api/sync', device.envelope([foreign], { on_behalf: true }));
    const first = device.mark(session, people[1]!, 'present');
    await device.one(first);
    await device.one({ ...first, presence_state: 'late', base: { revision: 1 } });
    const deliveries = await world.read(world.school, (em) => em.find(SyncHistory, {}, { orderBy: { id: 'desc' } }));
    for (const { id } of deliveries.slice(0, 3))
      expect((await world.ana.post(`/api/admin/sync-history/${id}/retry`, {})).status).toBe(200);
    await world.app.get(JudgeParkedJob).judge();
    expect(await receipt(foreign)).toMatchObject({ outcome: 'parked', code: 'foreign_author', settlement: null });
    expect(await cell(people[0]!)).toBeNull();
    expect(await cell(people[1]!)).toMatchObject({ revision: 1 });
  });

  it('is not decided for marks by adopting the person on whom they stand', async () => {
    const { group } = await world.addRegister(world.school, 1);
    const person = device.person(group.id, 'Handed', 'In');
    const own = await world.addSession(world.school, group);
    const op = device.mark(own.id, { op: person.op_id }, 'present');
    await world.ana.post('/api/sync', device.envelope([person, op], { on_behalf: true }));
    await adopt(person);
    expect(await receipt(person)).toMatchObject({ outcome: 'applied' });
    expect(await receipt(op)).toMatchObject({ outcome: 'parked', code: 'foreign_author' });
    await adopt(op);
    expect(await receipt(op)).toMatchObject({ outcome: 'applied' });
  });
});

describe('a candidate', () => {
  it('goes on waiting when what stands on it is only parked', async () => {
    await world.ana.post('/api/presence', {
      session_id: session,
      participant_id: people[0],
      presence_state: 'present',
    });
    const first = device.mark(session, people[0]!, 'absent', { recorded_at: device.time(3_600_000) });
    const second = device.mark(session, people[0]!, 'late', { base: { op: first.op_id } });
    await lock(new Date(Date.now() - 1_800_000));
    const { results } = await device.send([first, second]);
    expect(results).toMatchObject([{ outcome: 'conflict' }, { outcome: 'parked', code: 'session_locked' }]);
    expect(await receipt(first)).toMatchObject({ outcome: 'conflict', settlement: null });
    expect(await conflict(people[0]!)).toMatchObject({ status: 'open' });
    expect(await cell(people[0]!)).toMatchObject({ disputed: true });
    await adopt(second);
    expect(await receipt(first)).toMatchObject({ settlement: 'superseded' });
    expect(await receipt(second)).toMatchObject({ outcome: 'conflict', settlement: null });
  });

  it('is replaced by what its author says again, so that one person has one candidate for a state', async () => {
    await world.ana.post('/api/presence', {
      session_id: session,
      participant_id: people[0],
      presence_state: 'present',
    });
    const said = [];
    for (const state of ['absent', 'late', 'absent', 'absent']) {
      const op = device.mark(session, people[0]!, state);
      said.push(op);
      expect(await device.one(op)).toMatchObject({ outcome: 'conflict' });
    }
    const settlements = await Promise.all(said.map(async (op) => (await receipt(op)).settlement ?? null));
    expect(settlements).toEqual(['superseded', null, 'superseded', null]);
    expect(await conflict(people[0]!)).toMatchObject({ status: 'open', revision: 4 });
    // A note or a time that the later one does not have is not put aside with it.
    const told = device.mark(session, people[1]!, 'late', { note: 'bus broke down' });
    const plain = device.mark(session, people[1]!, 'late');
    await world.ana.post('/api/presence', {
      session_id: session,
      participant_id: people[1],
      presence_state: 'present',
    });
    await device.send([told, plain]);
    expect([(await receipt(told)).settlement ?? null, (await receipt(plain)).settlement ?? null]).toEqual([null, null]);
    await device.one(device.mark(session, people[1]!, 'late', { note: 'the bus broke down' }));
    expect([(await receipt(told)).settlement, (await receipt(plain)).settlement]).toEqual(['superseded', 'superseded']);
  });

  it('is replaced by nobody but who made it, and a base of another register is none', async () => {
    await world.ana.post('/api/presence', {
      session_id: session,
      participant_id: people[0],
      presence_state: 'present',
    });
    const mine = device.mark(session, people[0]!, 'absent');
    await device.one(mine);
    const ana = await Device.open(world.ana);
    ana.seq = ana.handshake.acknowledged_up_to;
    await ana.one(ana.mark(session, people[0]!, 'late', { base: { op: mine.op_id } }));
    expect(await receipt(mine)).toMatchObject({ outcome: 'conflict', settlement: null });

    const elsewhere = await world.addRegister(world.school, 1);
    const there = device.mark(elsewhere.session.id, elsewhere.participants[0]!.id, 'present');
    await device.one(there);
    const op = device.mark(session, people[1]!, 'late', { base: { op: there.op_id } });
    expect(await device.one(op)).toMatchObject({ outcome: 'parked', code: 'missing_base' });
  });
});

describe('after a restore', () => {
  it('a revision number that was given out again is not the one that somebody saw', async () => {
    const captured = device.time(60_000);
    await withCurrent({ source: 'cli' }, () =>
      beginEpoch(world.app.get<Orm>(MikroORM).em.fork({ disableContextResolution: true })),
    );
    // The server lost revision 1, which Bruno saw; Ana marks anew and gets that number again.
    await world.ana.post('/api/presence', {
      session_id: session,
      participant_id: people[0],
      presence_state: 'present',
    });
    const op = device.mark(session, people[0]!, 'absent', { base: { revision: 1 }, recorded_at: captured });
    expect(await device.one(op)).toMatchObject({ outcome: 'conflict', revision: 1 });
    // What was captured afterwards has seen it.
    await world.ana.post('/api/presence', {
      session_id: session,
      participant_id: people[1],
      presence_state: 'present',
    });
    const later = device.mark(session, people[1]!, 'absent', { base: { revision: 1 } });
    expect(await device.one(later)).toMatchObject({ outcome: 'applied', revision: 2 });
  });

  it('a number that was given out again is not the person or the lesson that was marked', async () => {
    const captured = device.time(60_000);
    await withCurrent({ source: 'cli' }, () =>
      beginEpoch(world.app.get<Orm>(MikroORM).em.fork({ disableContextResolution: true })),
    );
    const made = await world.addRegister(world.school, 1);
    const mark = device.mark(made.session.id, made.participants[0]!.id, 'present', { recorded_at: captured });
    expect(await device.one(mark)).toMatchObject({ outcome: 'parked', code: 'restored' });
    expect(await world.app.get(JudgeParkedJob).judge()).toBe(0);
    const newcomer = await world.write(world.school, async (tx) => {
      const { group } = await tx.findOneOrFail(Session, { id: session });
      const person = await enrolParticipant(tx, { first_name: 'New', last_name: 'Comer' });
      await addMembers(tx, group, { participant_ids: [person.id], from: '2020-01-01' });
      return person.id;
    });
    const op = device.mark(session, newcomer, 'present', { recorded_at: captured });
    expect(await device.one(op)).toMatchObject({ outcome: 'parked', code: 'restored' });
    // Nobody is named beside it, and nobody can make it count for whoever has that number now.
    expect(await receipt(op)).toMatchObject({ session: null, participant: null });
    const page = (await world.ana.get('/parked')).body;
    expect(page).toContain('Made before the server was restored');
    expect(page).not.toContain('New Comer');
    await expect(adopt(op)).rejects.toMatchObject({ status: 409 });
    expect(await cell(newcomer)).toBeNull();
    expect(await device.one(device.mark(session, newcomer, 'present'))).toMatchObject({ outcome: 'applied' });
    // Whom the device added itself is named by that operation, whatever his number is now.
    const { group } = await world.read(world.school, (em) => em.findOneOrFail(Session, { id: session }));
    const added = device.person(group, 'Added', 'Offline', { recorded_at: captured });
    const marked = device.mark(session, { op: added.op_id }, 'present', { recorded_at: captured });
    expect((await device.send([added, marked])).results).toMatchObject([
      { outcome: 'applied' },
      { outcome: 'applied' },
    ]);
  });
});

describe('an operation of somebody else', () => {
  it('is nobody’s duplicate: the same id and content count for their author only, and both are kept', async () => {
    const copied = device.mark(session, people[0]!, 'present');
    const ana = await Device.open(world.ana);
    ana.seq = ana.handshake.acknowledged_up_to;
    expect(await ana.one({ ...copied, seq: ++ana.seq })).toMatchObject({ outcome: 'applied' });
    expect(await device.one(copied)).toMatchObject({ op_id: copied.op_id, outcome: 'parked', code: 'id_reuse' });
    expect(await device.one(copied)).toMatchObject({ outcome: 'duplicate', first: 'parked', code: 'id_reuse' });
    const answer = await world.bruno.post('/api/presence', {
      session_id: session,
      participant_id: people[1],
      presence_state: 'present',
      op_id: copied.op_id,
    });
    expect([answer.status, answer.json.errors[0].code]).toEqual([409, 'id_reuse']);
    const kept = await world.read(world.school, (em) =>
      em.find(PresenceOperation, { session, participant: people[0]! }, { orderBy: { id: 1 } }),
    );
    expect(kept.map(({ author, outcome }) => [author, outcome])).toEqual([
      [world.school.user.ana!.id, 'applied'],
      [world.school.user.bruno!.id, 'parked'],
    ]);
  });

  it('does not take an undo away', async () => {
    const { bruno } = world.school.user;
    const opId = crypto.randomUUID();
    await world.bruno.post('/api/presence', {
      session_id: session,
      participant_id: people[0],
      presence_state: 'present',
      op_id: opId,
    });
    await world.ana.post('/api/presence', {
      session_id: session,
      participant_id: people[1],
      presence_state: 'present',
      op_id: uuidV5(opId, 'undo'),
    });
    const undo = () => world.bruno.form(`/sessions/${session}/presence/undo`, { op_id: opId });
    expect((await undo()).status).toBeLessThan(400);
    expect(await cell(people[0]!)).toMatchObject({ presenceState: null, revision: 2, recordedBy: bruno!.id });
    // Pressed twice, it is done once.
    expect((await undo()).status).toBeLessThan(400);
    expect(await cell(people[0]!)).toMatchObject({ presenceState: null, revision: 2 });
  });
});

describe('a register that somebody lost', () => {
  it('is not told of when he sends an old operation again', async () => {
    const place = await world.openPlace('Replay', 'education', 'Europe/Paris', {
      ana: 'administrator',
      tom: 'frontline',
    });
    await world.write(place, async (tx) => {
      (await tx.findOneOrFail(Organization, { id: place.organization.id })).settings = { frontline_groups: 'assigned' };
    });
    const register = await world.addRegister(place, 1);
    const given = await world.write(place, (tx) =>
      tx.create(GroupAssignment, { user: place.user.tom!.id, group: register.group.id }),
    );
    const mark = { session_id: register.session.id, participant_id: register.participants[0]!.id };
    await place.visitor.ana!.post('/api/presence', { ...mark, presence_state: 'present' });
    const tom = await Device.open(place.visitor.tom!);
    const op = tom.mark(mark.session_id, mark.participant_id, 'absent');
    expect(await tom.one(op)).toMatchObject({ outcome: 'conflict' });
    expect(await tom.one(op)).toMatchObject({ outcome: 'duplicate', current: { presence_state: 'present' } });
    await world.write(place, async (tx) => tx.remove(await tx.findOneOrFail(GroupAssignment, { id: given.id })));
    const again = await tom.one(op);
    expect(again).toMatchObject({ outcome: 'duplicate', first: 'conflict' });
    expect(again).not.toHaveProperty('current');
  });
});

describe('who lost his group', () => {
  it('has people whom he added parked, not rejected; a group that he never saw does not exist for him', async () => {
    const place = await world.openPlace('Lost Group', 'education', 'Europe/Paris', {
      ana: 'administrator',
      tom: 'frontline',
    });
    await world.write(place, async (tx) => {
      (await tx.findOneOrFail(Organization, { id: place.organization.id })).settings = { frontline_groups: 'assigned' };
    });
    const register = await world.addRegister(place, 1);
    const hidden = await world.addRegister(place, 1);
    const tom = await Device.open(place.visitor.tom!);
    const given = await world.write(place, (tx) =>
      tx.create(GroupAssignment, { user: place.user.tom!.id, group: register.group.id }),
    );
    await world.write(place, async (tx) => tx.remove(await tx.findOneOrFail(GroupAssignment, { id: given.id })));
    const person = tom.person(register.group.id, 'New', 'Comer');
    const op = tom.mark(register.session.id, { op: person.op_id }, 'present');
    const { results } = await tom.send([person, op]);
    expect(results).toMatchObject([
      { outcome: 'parked', code: 'not_authorized' },
      { outcome: 'parked', code: 'not_authorized' },
    ]);
    expect(await tom.one(tom.person(hidden.group.id, 'No', 'Body'))).toMatchObject({
      outcome: 'rejected',
      code: 'unknown_target',
    });
  });
});

describe('the sweep', () => {
  it('passes over marks of accounts that are gone, and judges those behind them', async () => {
    const place = await world.openPlace('Swept', 'education', 'Europe/Paris', {
      ana: 'administrator',
      tom: 'frontline',
      eva: 'frontline',
    });
    const register = await world.addRegister(place, 2);
    const cancel = (status: Session['status']) =>
      world.write(place, async (tx) => {
        (await tx.findOneOrFail(Session, { id: register.session.id })).status = status;
      });
    const tom = await Device.open(place.visitor.tom!);
    const eva = await Device.open(place.visitor.eva!);
    await cancel('cancelled');
    const gone = tom.mark(register.session.id, register.participants[0]!.id, 'present');
    const here = eva.mark(register.session.id, register.participants[1]!.id, 'present');
    await tom.one(gone);
    await eva.one(here);
    await world.write(place, async (tx) => {
      (await tx.findOneOrFail(User, { id: place.user.tom!.id })).status = 'disabled';
    });
    await cancel('scheduled');
    await world.app.get(JudgeParkedJob).judge();
    expect(await receipt(here, place)).toMatchObject({ outcome: 'applied' });
    expect(await receipt(gone, place)).toMatchObject({ outcome: 'parked', code: 'session_deleted' });
  });
});

describe('a revoked device', () => {
  it('ends the sign-in of today, not only the one that it told of last, and comes back by a new one alone', async () => {
    const visitor = world.visitor();
    await visitor.signIn(world.school.user.bruno!.email, PASSWORD);
    const { handshake } = await Device.open(visitor);
    // Signed out and in again: nobody told the device's row of it.
    await visitor.post('/api/auth/logout');
    await visitor.signIn(world.school.user.bruno!.email, PASSWORD);
    const client = () =>
      world.read(world.school, (em) => em.findOneOrFail(SyncClient, { clientId: handshake.client_id }));
    expect((await world.ana.post(`/api/admin/devices/${(await client()).id}/revoke`, {})).status).toBe(200);
    expect((await visitor.get('/api/auth/me')).status).toBe(401);
    expect((await client()).revokedAt).not.toBeNull();
    await visitor.signIn(world.school.user.bruno!.email, PASSWORD);
    await Device.open(visitor);
    expect((await client()).revokedAt).toBeNull();
  });

  it('ends a sign-in that began before the browser had its cookie, and is not the last that it told of', async () => {
    const first = world.visitor();
    await first.signIn(world.school.user.bruno!.email, PASSWORD);
    const second = world.visitor();
    await second.signIn(world.school.user.bruno!.email, PASSWORD);
    const { handshake } = await Device.open(first);
    for (const [name, value] of first.cookies) if (!second.cookies.has(name)) second.cookies.set(name, value);
    await Device.open(second);
    const { id } = await world.read(world.school, (em) =>
      em.findOneOrFail(SyncClient, { clientId: handshake.client_id }),
    );
    await world.ana.post(`/api/admin/devices/${id}/revoke`, {});
    expect((await first.get('/api/auth/me')).status).toBe(401);
    expect((await second.get('/api/auth/me')).status).toBe(401);
  });
});

describe('an empty batch', () => {
  it('tells how far everything has arrived, and leaves no delivery', async () => {
    const count = () => world.read(world.school, (em) => em.count(SyncHistory));
    const before = await count();
    const answer = await device.send([]);
    expect(answer).toMatchObject({ results: [], received_up_to: expect.any(Number) });
    expect(await count()).toBe(before);
  });
});

describe('a page that was drawn for somebody else', () => {
  it('is refused by every door of pages: nothing is saved under another name', async () => {
    const { bruno, ana } = world.school.user;
    const binding = `${world.school.organization.id}:${bruno!.id}`;
    const fields = {
      op_id: crypto.randomUUID(),
      participant_id: String(people[0]),
      presence_state: 'present',
      revision: '0',
    };
    const byField = await world.ana.form(`/sessions/${session}/presence`, { ...fields, binding });
    const byHeader = await world.ana.form(`/sessions/${session}/presence`, fields, { 'X-Binding': binding });
    expect([byField.status, byHeader.status]).toEqual([409, 409]);
    expect(await cell(people[0]!)).toBeNull();
    const own = `${world.school.organization.id}:${ana!.id}`;
    const answer = await world.ana.form(`/sessions/${session}/presence`, fields, { 'X-Binding': own });
    expect(answer.status).toBeLessThan(400);
    expect(await cell(people[0]!)).toMatchObject({ recordedBy: ana!.id });
  });
});
