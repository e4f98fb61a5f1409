import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LockSessionsJob } from '../../src/sessions/lock/lock-sessions.job.js';
import { World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const HOUR = 3_600_000;
const lock = () => world.app.get(LockSessionsJob).lock();

/** A class with one pupil and a session that ended so many hours ago. */
async function ended(hours: number) {
  const { group, participants } = await world.addRegister(world.school, 1);
  const end = new Date(Date.now() - hours * HOUR);
  const times = { scheduledStartAt: new Date(end.getTime() - HOUR), scheduledEndAt: end };
  const session = await world.addSession(world.school, group, times);
  const mark = { session_id: session.id, participant_id: participants[0]!.id, presence_state: 'late' };
  return { session, mark, end };
}
const sessionOf = async (id: number) => (await world.ana.get(`/api/sessions/${id}`)).json.data;

describe('a register', () => {
  it('locks its hours after the planned end, only where the organization says so', async () => {
    const { session, mark, end } = await ended(10);
    await lock();
    expect((await sessionOf(session.id)).locked).toBe(false);
    await world.ana.put('/api/admin/domain-config', { settings: { lock_hours: 8 } });
    const young = await ended(5);
    await lock();
    expect((await sessionOf(session.id)).locked).toBe(true);
    expect((await sessionOf(young.session.id)).locked).toBe(false);
    const refused = await world.bruno.post('/api/presence', mark);
    expect([refused.status, refused.json.errors[0].code]).toEqual([409, 'session_locked']);
    // The register says so, and who may do what.
    const path = `/sessions/${session.id}`;
    expect((await world.ana.get(path)).body).toContain('Open somebody to correct a mark, with a reason.');
    expect((await world.mara.get(path)).body).toContain('An administrator can correct it.');
    expect((await world.ana.get(`/sessions/${young.session.id}`)).body).not.toContain('This register is locked.');
    // From the planned end on, not from when the server looked: a device that captured before is in time.
    const [row] = await world.read(world.school, (em) =>
      em.find((session as object).constructor as never, { id: session.id } as never),
    );
    expect((row as unknown as { lockedAt: Date }).lockedAt.getTime()).toBe(end.getTime() + 8 * HOUR);
  });

  it('is opened again by an administrator with a reason, and stays open for the same hours', async () => {
    const { session, mark } = await ended(10);
    await lock();
    expect((await world.bruno.form(`/sessions/${session.id}/unlock`, { reason: 'mine' })).status).toBe(403);
    const missing = await world.ana.form(`/sessions/${session.id}/unlock`, { reason: ' ' });
    expect(missing.status).toBe(422);
    expect((await sessionOf(session.id)).locked).toBe(true);
    expect((await world.ana.form(`/sessions/${session.id}/unlock`, { reason: 'The list was lost' })).status).toBe(303);
    await lock();
    expect(await sessionOf(session.id)).toMatchObject({
      locked: false,
      extra_data: { unlock_reason: 'The list was lost' },
    });
    expect((await world.bruno.post('/api/presence', mark)).status).toBe(201);
    await world.write(world.school, async (tx) => {
      const found: any = await tx.findOneOrFail((session as object).constructor as never, { id: session.id } as never);
      found.unlockedAt = new Date(Date.now() - 9 * HOUR);
    });
    await lock();
    expect((await sessionOf(session.id)).locked).toBe(true);
  });

  it('that was cancelled does not lock, and many lock in lots', async () => {
    const { session } = await ended(20);
    await world.ana.delete(`/api/sessions/${session.id}`);
    const { group } = await world.addRegister(world.school, 1);
    const start = Date.now() - 100 * HOUR;
    for (let at = 0; at < 3; at++)
      await world.addSession(world.school, group, { scheduledStartAt: new Date(start - at * HOUR) });
    expect(await lock()).toBe(3);
    expect(await lock()).toBe(0);
    expect((await sessionOf(session.id)).locked).toBe(false);
  });

  it('locks in its own organization only', async () => {
    const group = await world.addGroup(world.other);
    const start = new Date(Date.now() - 100 * HOUR);
    const session = await world.addSession(world.other, group, { scheduledStartAt: start });
    await lock();
    expect((await world.clara.get(`/api/sessions/${session.id}`)).json.data.locked).toBe(false);
  });
});
