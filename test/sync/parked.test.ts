import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { signedInUser, User } from '../../src/auth/index.js';
import { GroupMembership, Participant } from '../../src/participants/index.js';
import { inOrganization } from '../../src/platform/database/in-organization.js';
import { AuditLog } from '../../src/platform/ledger/audit-log.entity.js';
import { PresenceOperation, PresenceRecord, PresenceState } from '../../src/presence/index.js';
import { Session } from '../../src/sessions/index.js';
import { AdoptParked } from '../../src/sync/parked/adopt-parked.js';
import { DiscardParked } from '../../src/sync/parked/discard-parked.js';
import { JudgeParkedJob } from '../../src/sync/parked/judge-parked.job.js';
import { type OpResult } from '../../src/sync/wire.js';
import { Device } from '../support/device.js';
import { checkAnswers } from '../contract/check-answers.js';
import { World } from '../world.js';

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
  device.seq = device.handshake.acknowledged_up_to;
});

/** Ana decides. */
const asAna = <T>(work: (ana: any) => Promise<T>) => {
  const who = {
    organizationId: world.school.organization.id,
    userId: world.school.user.ana!.id,
    source: 'page' as const,
  };
  return inOrganization(world.orm, who, async (em) => work(await signedInUser(em, who.userId)));
};
const adopt = (op: { op_id: string }) =>
  asAna((ana) => world.bus.execute<AdoptParked, OpResult>(new AdoptParked(op.op_id, 'seen by me too', ana)));
const discard = (op: { op_id: string }) =>
  asAna((ana) => world.bus.execute<DiscardParked, void>(new DiscardParked(op.op_id, 'not what happened', ana)));
const cell = async (participant: number) => {
  const found = await world.read(world.school, (em) => em.findOne(PresenceRecord, { session, participant }));
  if (!found) return null;
  const state =
    found.presenceState &&
    (await world.read(world.school, (em) => em.findOneOrFail(PresenceState, { id: found.presenceState! })));
  return { state: state ? state.code : null, revision: found.revision, disputed: found.disputed, by: found.recordedBy };
};
const receipt = (op: { op_id: string }) =>
  world.read(world.school, (em) => em.findOneOrFail(PresenceOperation, { opId: op.op_id }));
const change = <T extends object>(entity: any, id: number, fields: Partial<T>) =>
  world.write(world.school, async (tx) => Object.assign(await tx.findOneOrFail(entity, { id }), fields));
const refusal = (work: Promise<unknown>) =>
  work.then(
    () => 'nothing',
    (error: any) => error.refusals?.[0]?.code ?? error,
  );

describe('a parked mark that an administrator adopts', () => {
  it('counts as its author’s, and the audit names author and adopter', async () => {
    await change<Session>(Session, session, { lockedAt: new Date(Date.now() - 1000) });
    const op = device.mark(session, people[0]!, 'present');
    expect(await device.one(op)).toMatchObject({ outcome: 'parked', code: 'session_locked' });
    expect(await adopt(op)).toMatchObject({ outcome: 'applied', revision: 1 });
    const { ana, bruno } = world.school.user;
    expect(await cell(people[0]!)).toEqual({ state: 'present', revision: 1, disputed: false, by: bruno!.id });
    expect(await receipt(op)).toMatchObject({
      outcome: 'applied',
      settlement: 'adopted',
      adoptedBy: ana!.id,
      author: bruno!.id,
      settledReason: 'seen by me too',
    });
    const audit = await world.read(world.school, (em) =>
      em.findOneOrFail(AuditLog, { opId: op.op_id, tableName: 'presence_records' }),
    );
    expect(audit).toMatchObject({ fact: 'presence.adopted', changedBy: ana!.id });
    expect(JSON.parse(audit.newValues!)).toMatchObject({ recorded_by: bruno!.id, reason: 'seen by me too' });
    expect(await device.one(op)).toMatchObject({ outcome: 'duplicate', first: 'applied' });
    expect(await refusal(adopt(op))).toBe('not_found');
  });

  it('brings somebody onto a register on which he was not', async () => {
    await world.write(world.school, async (tx) => {
      (await tx.findOneOrFail(GroupMembership, { group, participant: people[0]! })).leftOn = '2001-01-01' as never;
    });
    const op = device.mark(session, people[0]!, 'late');
    await device.one(op);
    expect(await adopt(op)).toMatchObject({ outcome: 'applied' });
    expect(await cell(people[0]!)).toMatchObject({ state: 'late' });
  });

  it('becomes a candidate where the cell says something else meanwhile', async () => {
    const lost = device.mark(session, people[0]!, 'late');
    const op = device.mark(session, people[0]!, 'absent', { base: { op: lost.op_id } });
    expect(await device.one(op)).toMatchObject({ outcome: 'parked', code: 'missing_base' });
    await world.ana.post('/api/presence', {
      session_id: session,
      participant_id: people[0],
      presence_state: 'present',
    });
    const result = await adopt(op);
    expect(result).toMatchObject({ outcome: 'conflict' });
    expect(await cell(people[0]!)).toMatchObject({ state: 'present', disputed: true });
    expect(await receipt(op)).toMatchObject({ outcome: 'conflict', settlement: null, conflict: result.conflict_id });
  });

  it('takes the second body of a reused id on its own', async () => {
    const op = device.mark(session, people[0]!, 'present');
    await device.one(op);
    await device.one({ ...op, presence_state: 'late', base: { revision: 1 } });
    const second = await world.read(world.school, (em) =>
      em.findOneOrFail(PresenceOperation, { session, participant: people[0]!, code: 'id_reuse' }),
    );
    expect(await adopt({ op_id: second.opId })).toMatchObject({ outcome: 'applied', revision: 2 });
    expect(await cell(people[0]!)).toMatchObject({ state: 'late', revision: 2 });
  });

  it('wakes what stood on it', async () => {
    await change<Session>(Session, session, { lockedAt: new Date(Date.now() - 1000) });
    const first = device.mark(session, people[0]!, 'present');
    const second = device.mark(session, people[0]!, 'late', { base: { op: first.op_id } });
    await device.one(first);
    await change<Session>(Session, session, { lockedAt: null });
    expect(await device.one(second)).toMatchObject({ outcome: 'parked', code: 'session_locked' });
    await adopt(first);
    expect(await receipt(second)).toMatchObject({ outcome: 'applied', settlement: 'judged_again' });
    expect(await cell(people[0]!)).toMatchObject({ state: 'late', revision: 2 });
  });

  it.each([
    [
      'the session is cancelled',
      'session_cancelled',
      () => change<Session>(Session, session, { status: 'cancelled' }),
      'present',
    ],
    ['its state is not in use', 'state_unknown', () => Promise.resolve(), 'floating'],
  ])('is refused while %s, and stays parked', async (_, code, arrange, state) => {
    await arrange();
    const op = device.mark(session, people[0]!, state);
    await device.one(op);
    expect(await refusal(adopt(op))).toBe(code);
    expect(await receipt(op)).toMatchObject({ outcome: 'parked', settlement: null, adoptedBy: null });
    expect(await cell(people[0]!)).toBeNull();
  });
});

describe('a parked mark that an administrator discards', () => {
  it('is kept with the reason and never counts', async () => {
    const op = device.mark(session, people[0]!, 'floating');
    await device.one(op);
    await discard(op);
    expect(await receipt(op)).toMatchObject({
      outcome: 'parked',
      settlement: 'discarded',
      settledReason: 'not what happened',
    });
    expect(await refusal(discard(op))).toBe('stale');
    expect(await refusal(adopt(op))).toBe('stale');
    expect(await device.one(op)).toMatchObject({ outcome: 'duplicate', first: 'parked' });
  });

  it('frees what stood on it: that is judged as if it had never been made', async () => {
    const first = device.mark(session, people[0]!, 'floating');
    const second = device.mark(session, people[0]!, 'late', { base: { op: first.op_id } });
    await device.send([first, second]);
    await discard(first);
    expect(await receipt(second)).toMatchObject({ outcome: 'applied', settlement: 'judged_again' });
    expect(await cell(people[0]!)).toMatchObject({ state: 'late', revision: 1 });
  });
});

describe('a person whom a device adds', () => {
  it('is enrolled once, joins the group from the day of the register, and takes his marks', async () => {
    const person = device.person(group, 'Nora', 'Newcomer', { identifier: `N-${session}`, joined_on: '2026-01-05' });
    const op = device.mark(session, { op: person.op_id }, 'present');
    const { results } = await device.send([person, op]);
    expect(results).toMatchObject([{ outcome: 'applied' }, { outcome: 'applied', revision: 1 }]);
    const id = results[0]!.participant_id!;
    expect(await cell(id)).toMatchObject({ state: 'present' });
    const again = await device.send([person, op]);
    expect(again.results).toMatchObject([
      { outcome: 'duplicate', first: 'applied', participant_id: id },
      { outcome: 'duplicate', first: 'applied' },
    ]);
    const membership = await world.read(world.school, (em) =>
      em.findOneOrFail(GroupMembership, { group, participant: id }),
    );
    expect(String(membership.joinedOn)).toContain('2026-01-05');
  });

  it('is waited for by his marks', async () => {
    const person = device.person(group, 'Late', 'Comer');
    const op = device.mark(session, { op: person.op_id }, 'present');
    expect(await device.one(op)).toMatchObject({ outcome: 'parked', code: 'missing_base' });
    const { participant_id: id } = await device.one(person);
    expect(await cell(id!)).toMatchObject({ state: 'present', revision: 1 });
  });

  it('is parked when somebody else has the identifier; an adoption says so, and works once it is free', async () => {
    const known = await world.read(world.school, (em) => em.findOneOrFail(Participant, { id: people[0]! }));
    const person = device.person(group, 'Same', 'Number', { identifier: known.identifier });
    const op = device.mark(session, { op: person.op_id }, 'present');
    const { results } = await device.send([person, op]);
    expect(results).toMatchObject([
      { outcome: 'parked', code: 'identifier_taken' },
      { outcome: 'parked', code: 'missing_base' },
    ]);
    expect(await refusal(adopt(person))).toBe('identifier_taken');
    await change<Participant>(Participant, people[0]!, { identifier: null });
    const { participant_id: id } = await adopt(person);
    expect(await cell(id!)).toMatchObject({ state: 'present' });
  });

  it('belongs to no group of another organization', async () => {
    const foreign = await world.addGroup(world.other);
    expect(await device.one(device.person(foreign.id, 'No', 'Way'))).toMatchObject({
      outcome: 'rejected',
      code: 'unknown_target',
    });
  });

  it('cannot be added by somebody who may not enrol', async () => {
    const place = await world.openPlace('No Enrolment', 'education', 'Europe/Paris', {
      ana: 'administrator',
      tom: 'frontline',
    });
    const register = await world.addRegister(place, 1);
    const tom = await Device.open(place.visitor.tom!);
    await world.write(place, async (tx) => {
      (await tx.findOneOrFail(User, { id: place.user.tom!.id })).role = 'manager';
    });
    expect(await tom.one(tom.person(register.group.id, 'A', 'B'))).toMatchObject({
      outcome: 'parked',
      code: 'not_authorized',
    });
  });
});

describe('what waits for another operation', () => {
  it('stops waiting when that one arrived, even if it is parked for a reason of its own', async () => {
    const first = device.mark(session, people[0]!, 'present', { recorded_at: device.time(3_600_000) });
    const second = device.mark(session, people[0]!, 'late', { base: { op: first.op_id } });
    expect(await device.one(second)).toMatchObject({ outcome: 'parked', code: 'missing_base' });
    expect(await receipt(second)).toMatchObject({ waitsFor: first.op_id });
    await change<Session>(Session, session, { lockedAt: new Date(Date.now() - 1_800_000) });
    expect(await device.one(first)).toMatchObject({ outcome: 'applied' });
    expect(await receipt(second)).toMatchObject({ outcome: 'parked', code: 'session_locked', waitsFor: null });
    expect(await world.app.get(JudgeParkedJob).judge()).toBe(0);
  });
});
