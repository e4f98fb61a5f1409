import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuditLog } from '../../src/platform/ledger/audit-log.entity.js';
import { SyncClient } from '../../src/sync/index.js';
import { countStatements } from '../support/count-statements.js';
import { Device } from '../support/device.js';
import { checkAnswers } from '../contract/check-answers.js';
import { PASSWORD, World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
  await checkAnswers(world);
});
afterAll(() => world.close());

const LIST = '/api/admin/devices';
/** A browser of its own, signed in as Bruno. */
const browser = async () => {
  const visitor = await world.visitor().signIn(world.school.user.bruno!.email, PASSWORD);
  return { visitor, device: await Device.open(visitor) };
};
const found = async (device: Device) =>
  (await world.ana.get(`${LIST}?per_page=500`)).json.data.find(
    ({ device_id }: any) => device_id === device.handshake.client_id,
  );

describe('the devices page', () => {
  it('shows whose a device is, when it was seen, and how many marks it still holds', async () => {
    const { device } = await browser();
    expect(await found(device)).toMatchObject({
      user: { id: world.school.user.bruno!.id, name: 'Bruno Example' },
      last_sync_at: null,
      missing: 0,
      parked: 0,
      signed_in: true,
      revoked_at: null,
    });
    const { session, participants } = await world.addRegister(world.school, 3);
    const ops = participants.map(({ id }) => device.mark(session.id, id, 'present'));
    device.seq += 2;
    // The second of three is lost on the way, and two more were made that nobody sent.
    await device.send([ops[0], ops[2]]);
    expect(await found(device)).toMatchObject({ max_seq: 5, received_up_to: 1, missing: 3 });
    const page = (await world.ana.get('/devices')).body;
    expect(page).toContain('3 entries are known to be there and have not arrived.');
    await device.send([ops[1]]);
    expect(await found(device)).toMatchObject({ received_up_to: 3, missing: 2 });
    // A number that was used twice is one number.
    await device.send([{ ...device.mark(session.id, participants[0]!.id, 'late', { base: { revision: 1 } }), seq: 5 }]);
    await device.send(
      [{ ...device.mark(session.id, participants[1]!.id, 'late', { base: { revision: 1 } }), seq: 5 }],
      {
        max_seq: 5,
      },
    );
    const now = await found(device);
    expect(now.missing).toBe(now.max_seq - 4);
    expect(now.last_sync_at).not.toBeNull();
  });

  it('tells two browsers of one name and one person apart, also when it asks before revoking', async () => {
    const [first, second] = [await browser(), await browser()];
    const { session, participants } = await world.addRegister(world.school, 2);
    await first.device.send(participants.map(({ id }) => first.device.mark(session.id, id, 'present')));
    const [one, other] = [await found(first.device), await found(second.device)];
    expect(one.label).toBe(other.label);
    expect([one.marks, other.marks]).toEqual([2, 0]);
    expect(one.short_id).toMatch(/^[0-9A-F]{4}$/);
    expect(one.short_id).not.toBe(other.short_id);
    expect(Math.abs(Date.parse(one.first_seen_at) - Date.now())).toBeLessThan(60_000);
    const page = (await world.ana.get('/devices')).body;
    for (const each of [one, other]) {
      expect(page).toContain(`<span class="device-name">${each.label}, ${each.short_id}</span>`);
      expect(page).toContain(
        `action="/devices/${each.id}/revoke" data-confirm="Revoke ${each.label}, ${each.short_id} of Bruno Example?`,
      );
    }
    expect(page).toContain(`datetime="${one.first_seen_at}"`);
    expect(page).toContain('2 entries arrived, the last');
    // Another account on the same browser is the same device.
    const shared = await world.write(world.school, async (tx) => {
      const own = await tx.findOneOrFail(SyncClient, { clientId: first.device.handshake.client_id });
      return tx.create(SyncClient, {
        clientId: crypto.randomUUID(),
        user: world.school.user.mara!.id,
        deviceHash: own.deviceHash,
        label: own.label,
        lastSeenAt: new Date(),
        maxSeq: 0,
        receivedUpTo: 0,
      });
    });
    const { data } = (await world.ana.get(`${LIST}?per_page=500`)).json;
    expect(data.find(({ id }: any) => id === shared.id).short_id).toBe(one.short_id);
  });

  it('links to the marks of a device that wait for a person', async () => {
    const { device } = await browser();
    const { session, participants } = await world.addRegister(world.school, 1);
    await device.one(device.mark(session.id, participants[0]!.id, 'dancing'));
    expect((await found(device)).parked).toBe(1);
    const address = `/parked?device=${device.handshake.client_id}`;
    expect((await world.ana.get('/devices')).body).toContain(address);
    const page = (await world.ana.get(address)).body;
    expect(page).toContain('The state is not in use');
    expect(page).toContain('Only those of one device or author.');
  });

  it('is for whoever manages users, each organization its own', async () => {
    const { device } = await browser();
    const { id } = await found(device);
    for (const visitor of [world.bruno, world.mara]) {
      expect((await visitor.get(LIST)).status).toBe(403);
      expect((await visitor.get('/devices')).status).toBe(403);
      expect((await visitor.post(`${LIST}/${id}/revoke`)).status).toBe(403);
    }
    const foreign = await world.clara.post(`${LIST}/${id}/revoke`);
    const nobodys = await world.clara.post(`${LIST}/987654321/revoke`);
    expect([foreign.status, foreign.body]).toEqual([404, nobodys.body]);
    expect((await found(device)).signed_in).toBe(true);
    expect((await world.clara.get(LIST)).json.data).toEqual([]);
  });

  it('sends a fixed number of statements', async () => {
    const few = await countStatements(world, () => world.ana.get('/devices'));
    for (let more = 0; more < 3; more++) await browser();
    expect(await countStatements(world, () => world.ana.get('/devices'))).toBe(few);
  });
});

describe('revoking a device', () => {
  it('signs out whoever is signed in there, at once, and stands in the audit; other devices of his go on', async () => {
    const lost = await browser();
    const kept = await browser();
    const { id } = await found(lost.device);
    const page = (await world.ana.get('/devices')).body;
    expect(page).toMatch(new RegExp(`action="/devices/${id}/revoke" data-confirm="Revoke [^"]+ of Bruno Example`));
    const answer = await world.ana.form(`/devices/${id}/revoke`, {});
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/devices?done=revoked']);
    expect((await lost.visitor.get('/api/auth/me')).status).toBe(401);
    expect((await lost.device.post([])).status).toBe(401);
    expect((await kept.visitor.get('/api/auth/me')).status).toBe(200);
    expect(await found(lost.device)).toMatchObject({ signed_in: false });
    expect((await found(lost.device)).revoked_at).not.toBeNull();
    const told = await world.read(world.school, (em) =>
      em.find(AuditLog, { fact: 'device.revoked', tableName: 'sync_clients', recordId: id }),
    );
    expect(told.map(({ changedBy, action }) => [changedBy, action])).toEqual([[world.school.user.ana!.id, 'update']]);
    expect(JSON.parse(told[0]!.newValues!).revoked_at).toBe((await found(lost.device)).revoked_at);
    // Again: nothing more happens.
    expect((await world.ana.post(`${LIST}/${id}/revoke`)).status).toBe(200);
    expect(await world.read(world.school, (em) => em.count(AuditLog, { fact: 'device.revoked', recordId: id }))).toBe(
      1,
    );
  });

  it('means the browser, so everybody who uses it is signed out', async () => {
    const first = await browser();
    const second = await world.write(world.school, async (tx) => {
      const own = await tx.findOneOrFail(SyncClient, { clientId: first.device.handshake.client_id });
      return tx.create(SyncClient, {
        clientId: crypto.randomUUID(),
        user: world.school.user.ana!.id,
        deviceHash: own.deviceHash,
        label: own.label,
        lastSeenAt: new Date(),
        maxSeq: 0,
        receivedUpTo: 0,
      });
    });
    const { id } = await found(first.device);
    expect((await world.ana.get('/devices')).body).toContain('2 accounts use it');
    await world.ana.post(`${LIST}/${id}/revoke`);
    const both = (await world.ana.get(`${LIST}?per_page=500`)).json.data.filter((each: any) =>
      [id, second.id].includes(each.id),
    );
    expect(both.map(({ revoked_at }: any) => revoked_at !== null)).toEqual([true, true]);
  });
});

describe('the history of a mark', () => {
  it('says that a device was offline only of what it had kept', async () => {
    const { device } = await browser();
    const { session, participants } = await world.addRegister(world.school, 2);
    const [now, later] = participants.map(({ id }) => id);
    await device.send([
      device.mark(session.id, now!, 'present'),
      device.mark(session.id, later!, 'late', { recorded_at: device.time(300_000) }),
    ]);
    const historyOf = async (person: number) => (await world.ana.get(`/sessions/${session.id}/people/${person}`)).body;
    expect(await historyOf(now!)).not.toContain('from a device that was offline');
    expect(await historyOf(later!)).toContain('from a device that was offline');
  });
});
