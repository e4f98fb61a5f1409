import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
  const { session, participants } = await world.addRegister(world.school, 3);
  // 8 and 12 minutes after the start, and one who was there.
  for (const [at, minutes] of [8, 12].entries())
    await world.ana.post('/api/presence', {
      session_id: session.id,
      participant_id: participants[at]!.id,
      presence_state: 'late',
      arrived_at: new Date(+session.scheduledStartAt + minutes * 60_000).toISOString(),
    });
  await world.ana.post('/api/presence', {
    session_id: session.id,
    participant_id: participants[2]!.id,
    presence_state: 'present',
  });
});
afterAll(() => world.close());

const form = (fields: Record<string, unknown>) =>
  new URLSearchParams(Object.entries(fields).map(([name, value]) => [name, String(value)]));
const rules = {
  grace_minutes: '10',
  lock_hours: '',
  frontline_correction_hours: '24',
  frontline_groups: 'all',
  frontline_creates_sessions: 'on',
  offline_hours: '72',
};
const grace = async () => (await world.ana.get('/api/admin/domain-config')).json.data.settings.grace_minutes;

describe('a setting that figures depend on', () => {
  it('tells a program what it would change', async () => {
    const told = async (query: string) =>
      (await world.ana.get(`/api/admin/domain-config/preview?${query}`)).json.data.consequences;
    expect(await told('grace_minutes=10')).toEqual([
      { message: expect.any(String), params: { minutes: 10, count: 1, less: 1, more: 0 } },
    ]);
    expect(await told('grace_minutes=30')).toEqual([
      expect.objectContaining({ params: expect.objectContaining({ count: 2 }) }),
    ]);
    expect(await told('grace_minutes=5')).toEqual([]);
    const far = await told('time_zone=Pacific/Kiritimati');
    const near = await told('time_zone=Pacific/Midway');
    // It is another day there in one of them at any time.
    expect([...far, ...near].map(({ params }) => params.count)).toContain(3);
  });

  it('is not saved on the page before its effect was seen, and then it is', async () => {
    const first = await world.ana.post('/settings/rules', form(rules));
    expect([first.status, await grace()]).toEqual([200, 5]);
    expect(first.body).toContain('With a grace of 10 min, the minutes late of 1 of the marks would change');
    expect(first.body).toContain('name="seen" value="10"');
    // What was seen was for 10: for another value it is shown again.
    const other = await world.ana.post('/settings/rules', form({ ...rules, grace_minutes: '30', seen: '10' }));
    expect([other.status, await grace()]).toEqual([200, 5]);
    const second = await world.ana.post('/settings/rules', form({ ...rules, seen: '10' }));
    expect([second.status, await grace()]).toEqual([303, 10]);
  });

  it('is saved at once when it changes nothing', async () => {
    const saved = await world.ana.post('/settings/rules', form({ ...rules, grace_minutes: '11' }));
    expect([saved.status, await grace()]).toEqual([303, 11]);
  });
});
