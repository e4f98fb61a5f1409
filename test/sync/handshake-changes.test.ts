import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MikroORM } from '@mikro-orm/core';
import { withCurrent } from '../../src/platform/current.js';
import { type Orm } from '../../src/platform/database/orm.js';
import { sha256 } from '../../src/platform/text.js';
import { Session } from '../../src/sessions/index.js';
import { beginEpoch, SyncClient, SyncHistory } from '../../src/sync/index.js';
import { type Changes } from '../../src/sync/wire.js';
import { Organization } from '../../src/tenancy/index.js';
import { Device } from '../support/device.js';
import { checkAnswers } from '../contract/check-answers.js';
import { World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
  await checkAnswers(world);
});
afterAll(() => world?.close());

describe('the handshake', () => {
  it('is the same client for the same user in the same browser, and another one for anybody else', async () => {
    const first = await Device.open(world.bruno);
    const second = await Device.open(world.bruno);
    expect(second.handshake.client_id).toBe(first.handshake.client_id);
    const elsewhere = world.visitor();
    await elsewhere.signIn(world.school.user.bruno!.email, 'correct horse battery');
    expect((await Device.open(elsewhere)).handshake.client_id).not.toBe(first.handshake.client_id);
    // The same browser, another person: the cookie of the device stays.
    const shared = world.visitor();
    await shared.signIn(world.school.user.bruno!.email, 'correct horse battery');
    const before = await Device.open(shared);
    await shared.signIn(world.school.user.ana!.email, 'correct horse battery');
    const after = await Device.open(shared);
    expect(after.handshake.client_id).not.toBe(before.handshake.client_id);
    const clients = await world.read(world.school, (em) =>
      em.find(SyncClient, { clientId: { $in: [before.handshake.client_id, after.handshake.client_id] } }),
    );
    expect(new Set(clients.map(({ deviceHash }) => deviceHash)).size).toBe(1);
  });

  it('says who is signed in, what arrived, and until when the device may be used alone', async () => {
    const { session, participants } = await world.addRegister(world.school, 1);
    const device = await Device.open(world.bruno);
    device.seq = device.handshake.acknowledged_up_to;
    await device.one(device.mark(session.id, participants[0]!.id, 'present'));
    const { handshake } = await Device.open(world.bruno);
    expect(handshake).toMatchObject({
      user: { id: world.school.user.bruno!.id, email: world.school.user.bruno!.email },
      organization: { id: world.school.organization.id, slug: world.school.organization.slug },
      acknowledged_up_to: device.seq,
      max_seq: device.seq,
      min_protocol: 1,
    });
    expect(handshake.user.permissions).toContain('presence.record');
    const hours = (Date.parse(handshake.offline_until) - Date.parse(handshake.server_time)) / 3_600_000;
    expect(hours).toBe(72);
    await world.write(world.school, async (tx) => {
      (await tx.findOneOrFail(Organization, { id: world.school.organization.id })).settings = { offline_hours: 5 };
    });
    const shorter = (await Device.open(world.bruno)).handshake;
    expect((Date.parse(shorter.offline_until) - Date.parse(shorter.server_time)) / 3_600_000).toBe(5);
  });

  it('tells a revoked device, and no other, that it may keep no names', async () => {
    const visitor = world.visitor();
    await visitor.signIn(world.school.user.bruno!.email, 'correct horse battery');
    const device = await Device.open(visitor);
    const signedOut = async (cookies: [string, string][]) => {
      const stranger = world.visitor();
      for (const [name, value] of cookies) stranger.cookies.set(name, value);
      const answer = await stranger.get('/api/sync/handshake');
      expect(answer.status).toBe(401);
      return answer.json.revoked;
    };
    expect(await signedOut([...visitor.cookies].filter(([name]) => name === 'omnipresence_device'))).toBeUndefined();
    const client = await world.read(world.school, (em) =>
      em.findOneOrFail(SyncClient, { clientId: device.handshake.client_id }),
    );
    expect((await world.ana.post(`/api/admin/devices/${client.id}/revoke`, {})).status).toBe(200);
    expect(await signedOut([...visitor.cookies])).toBe(true);
    expect(await signedOut([['omnipresence_device', 'x'.repeat(43)]])).toBeUndefined();
    // Whoever signs in again has proven who he is.
    await visitor.signIn(world.school.user.bruno!.email, 'correct horse battery');
    expect((await Device.open(visitor)).handshake.client_id).toBe(device.handshake.client_id);
  });

  it('has another epoch after a restore', async () => {
    const before = (await Device.open(world.bruno)).handshake.server_epoch;
    expect((await Device.open(world.clara)).handshake.server_epoch).toBe(before);
    const orm = world.app.get<Orm>(MikroORM);
    const epoch = await withCurrent({ source: 'cli' }, () =>
      beginEpoch(orm.em.fork({ disableContextResolution: true })),
    );
    expect((await Device.open(world.bruno)).handshake.server_epoch).toBe(epoch);
    expect(epoch).not.toBe(before);
  });
});

describe('the gap proof', () => {
  it('counts what exists on a device and has not arrived', async () => {
    const { session, participants } = await world.addRegister(world.school, 3);
    const visitor = world.visitor();
    await visitor.signIn(world.school.user.bruno!.email, 'correct horse battery');
    const device = await Device.open(visitor);
    const ops = participants.map(({ id }) => device.mark(session.id, id, 'present'));
    const answer = await device.send([ops[0], ops[2]]);
    expect(answer).toMatchObject({ received_up_to: 1, missing: [2] });
    const client = () =>
      world.read(world.school, (em) => em.findOneOrFail(SyncClient, { clientId: device.handshake.client_id }));
    expect(await client()).toMatchObject({ maxSeq: 3, receivedUpTo: 1 });
    expect(await device.send([ops[1]])).toMatchObject({ received_up_to: 3, missing: [] });
    // What can never be stored has arrived all the same: nobody asks for it again.
    const broken = { ...device.mark(session.id, participants[0]!.id, 'x'), base: 'nonsense' };
    expect(await device.send([broken])).toMatchObject({
      received_up_to: 4,
      results: [{ outcome: 'rejected', code: 'invalid' }],
    });
    const deliveries = await world.read(world.school, async (em) =>
      em.find(SyncHistory, { client: (await client()).id }, { orderBy: { id: 'asc' } }),
    );
    expect(deliveries).toMatchObject([
      { operations: 2, applied: 2, status: 'done' },
      { operations: 1, applied: 1, status: 'done' },
      { operations: 1, rejected: 1, status: 'done' },
    ]);
  });

  it('flags two operations with one number, and judges both', async () => {
    const { session, participants } = await world.addRegister(world.school, 2);
    const device = await Device.open(world.bruno);
    device.seq = device.handshake.acknowledged_up_to;
    const one = device.mark(session.id, participants[0]!.id, 'present');
    const two = { ...device.mark(session.id, participants[1]!.id, 'present'), seq: one.seq };
    const { results } = await device.send([one, two]);
    expect(results).toMatchObject([
      { outcome: 'applied', flags: ['seq_reuse'] },
      { outcome: 'applied', flags: ['seq_reuse'] },
    ]);
  });
});

describe('the changes', () => {
  const changes = async (cursor?: string, visitor = world.bruno) => {
    const answer = await visitor.get(`/api/sync/changes${cursor ? `?cursor=${encodeURIComponent(cursor)}` : ''}`);
    expect(answer.status).toBe(200);
    return answer.json as Changes;
  };

  it('tell today’s registers, what was marked in them, and digests of it', async () => {
    const { session, participants } = await world.addRegister(world.school, 3);
    const tomorrow = await world.addSession(world.school, (await world.addRegister(world.school, 1)).group, {
      scheduledStartAt: new Date(Date.now() + 3 * 86_400_000),
    });
    const ids = participants.map(({ id }) => id);
    const before = await changes();
    const roster = before.rosters.find((each) => each.session_id === session.id)!;
    expect(roster).toMatchObject({ people: 3, participants_digest: sha256(ids.join('\n')) });
    expect(before.digests[session.id]).toBe(sha256(''));
    expect(before.rosters.map((each) => each.session_id)).not.toContain(tomorrow.id);
    await world.ana.post('/api/presence', { session_id: session.id, participant_id: ids[1], presence_state: 'late' });
    await world.ana.post('/api/presence', {
      session_id: session.id,
      participant_id: ids[0],
      presence_state: 'present',
    });
    const after = await changes(before.cursor);
    expect(after.cells.filter((each) => each.session_id === session.id)).toEqual([
      { session_id: session.id, participant_id: ids[1], presence_state: 'late', revision: 1, disputed: false },
      { session_id: session.id, participant_id: ids[0], presence_state: 'present', revision: 1, disputed: false },
    ]);
    expect(after.digests[session.id]).toBe(sha256([`${ids[0]}:1`, `${ids[1]}:1`].sort().join('\n')));
    // The last minute is read again: what was committed late is not skipped.
    expect((await changes(after.cursor)).cells.length).toBeGreaterThanOrEqual(2);
    expect(after.more).toBe(false);
    await world.write(world.school, async (tx) => {
      (await tx.findOneOrFail(Session, { id: session.id })).status = 'cancelled';
    });
    expect((await changes()).rosters.map((each) => each.session_id)).not.toContain(session.id);
  });

  it('tell nothing of another organization, and refuse what is no cursor', async () => {
    const { session } = await world.addRegister(world.other, 2);
    expect((await changes()).rosters.map((each) => each.session_id)).not.toContain(session.id);
    expect((await world.bruno.get('/api/sync/changes?cursor=yesterday')).status).toBe(422);
    expect((await world.emil.get('/api/sync/changes')).status).toBe(403);
  });
});
