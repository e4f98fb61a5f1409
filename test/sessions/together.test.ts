import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type EntityClass } from '@mikro-orm/core';
import { Group, GroupMembership, Participant } from '../../src/participants/index.js';
import { Session } from '../../src/sessions/index.js';
import { type Answer } from '../support/visitor.js';
import { World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

/** Writes, sends the request before the commit, and answers what came back: the request meets a half-done act. */
async function meanwhile(write: (tx: any) => Promise<void>, send: () => Promise<Answer>): Promise<Answer> {
  const { answer } = await world.write(world.school, async (tx) => {
    await write(tx);
    await tx.flush();
    const sent = { answer: send() };
    await sleep(400);
    return sent;
  });
  return answer;
}

const change = (entity: any, id: number, values: object) => async (tx: any) => {
  Object.assign(await tx.findOneOrFail(entity, { id }), values);
};
const find = <T extends { id: number }>(entity: new () => T, id: number) =>
  world.read(world.school, (em) => em.findOneOrFail(entity as EntityClass<any>, { id })) as Promise<T>;

describe('two people at the same time', () => {
  it('a session that is being cancelled does not start', async () => {
    const { session } = await world.addRegister(world.school);
    const answer = await meanwhile(change(Session, session.id, { status: 'cancelled' }), () =>
      world.bruno.patch(`/api/sessions/${session.id}/start`),
    );
    expect(answer.status).toBe(409);
    expect((await find(Session, session.id)).status).toBe('cancelled');
  });

  it('who completed the register first stays the one; the reasons of both acts are kept', async () => {
    const { session } = await world.addRegister(world.school);
    const first = { registerCompletedAt: new Date(), registerCompletedBy: world.school.user.bruno!.id };
    await meanwhile(change(Session, session.id, first), () =>
      world.ana.patch(`/api/sessions/${session.id}/complete-register`),
    );
    expect((await find(Session, session.id)).registerCompletedBy).toBe(world.school.user.bruno!.id);
    await meanwhile(change(Session, session.id, { extraData: { start_reason: 'early' } }), () =>
      world.ana.patch(`/api/sessions/${session.id}/end`, { reason: 'late' }),
    );
    expect((await find(Session, session.id)).extraData).toEqual({ start_reason: 'early', end_reason: 'late' });
  });

  it('two changes of a name go together into the name by which people are sorted', async () => {
    const [person] = await world.addParticipants(world.school, ['Ann Old']);
    const answer = await meanwhile(change(Participant, person!.id, { firstName: 'Zoe' }), () =>
      world.ana.put(`/api/participants/${person!.id}`, { last_name: 'New' }),
    );
    expect(answer.status).toBe(200);
    expect((await find(Participant, person!.id)).sortName).toBe('new\tzoe');
  });

  it('who joins a group twice is a member once', async () => {
    const group = await world.addGroup(world.school);
    const [person] = await world.addParticipants(world.school, ['Ann Once']);
    const join = (from: string) => () =>
      world.ana.post(`/api/groups/${group.id}/members`, { participant_ids: [person!.id], from });
    await Promise.all(['2026-01-01', '2026-02-01', '2026-03-01', '2026-04-01'].map((from) => join(from)()));
    const found = await world.read(world.school, (em) => em.find(GroupMembership, { group: group.id }));
    expect(found.map(({ joinedOn, leftOn }) => [joinedOn, leftOn])).toEqual([['2026-01-01', null]]);
    expect((await find(Group, group.id)).isActive).toBe(true);
  });
});
