import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConfigError, readConfig } from '../../src/platform/config.js';
import { type Visitor } from '../support/visitor.js';
import { PASSWORD, World } from '../world.js';

const LIMITS = { signedIn: 8, signedOut: 30, sync: 5 };
let world: World;
beforeAll(async () => {
  world = await World.open({ config: { rateLimit: LIMITS } });
});
afterAll(() => world.close());

const times = async (count: number, ask: () => Promise<{ status: number }>) => {
  const statuses: number[] = [];
  for (let at = 0; at < count; at++) statuses.push((await ask()).status);
  return statuses;
};
const all = (count: number, status: number) => Array<number>(count).fill(status);
const participants = (visitor: Visitor, headers?: Record<string, string>) => () =>
  visitor.get('/api/participants', headers);

describe('requests under /api', () => {
  it('are counted for each user, and tell what is left', async () => {
    const first = await world.mara.get('/api/participants');
    expect(first.headers.get('ratelimit-policy')).toContain('"signed-in"; q=8; w=60');
    expect(first.headers.get('ratelimit')).toMatch(/"signed-in"; r=7; t=\d+/);
    // Another browser of his is counted with it; another person behind the same address is not.
    const elsewhere = await world.visitor().signIn(world.school.user.mara!.email, PASSWORD);
    expect(await times(7, participants(elsewhere))).toEqual(all(7, 200));
    const refused = await world.mara.get('/api/participants');
    expect([refused.status, refused.json.errors[0].code]).toEqual([429, 'too_many_requests']);
    const wait = Number(refused.headers.get('retry-after'));
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(60);
    expect(refused.json.errors[0].message).toContain(String(wait));
    expect((await world.bruno.get('/api/participants')).status).toBe(200);
  });

  it('are counted for each token by itself', async () => {
    const expires_at = new Date(Date.now() + 86_400_000).toISOString();
    const make = async (name: string) =>
      (await world.ana.post('/api/account/tokens', { name, scopes: ['roster.view'], expires_at })).json.data.token;
    const [one, two] = [await make('one'), await make('two')];
    const bearer = (token: string) => participants(world.visitor(), { authorization: `Bearer ${token}` });
    expect(await times(9, bearer(one))).toEqual([...all(8, 200), 429]);
    expect((await bearer(two)()).status).toBe(200);
    expect((await participants(world.ana)()).status).toBe(200);
  });

  it('of devices are counted for each sign-in, beside what else their user does', async () => {
    const { email } = world.school.user.bruno!;
    const devices = [await world.visitor().signIn(email, PASSWORD), await world.visitor().signIn(email, PASSWORD)];
    for (const device of devices) {
      const handshake = () => device.get('/api/sync/handshake');
      expect(await times(6, handshake)).toEqual([...all(5, 200), 429]);
      // Another name for the same door, and another device cookie, are no way around.
      device.cookies.delete('omnipresence_device');
      expect((await device.post('/api/presence/sync', {})).status).toBe(429);
    }
    expect((await devices[0]!.get('/api/auth/me')).status).toBe(200);
  });

  it('of pages and of health are not counted', async () => {
    expect(await times(12, () => world.emil.get('/'))).toEqual(all(12, 200));
    expect(await times(40, () => world.visitor().get('/health/live'))).toEqual(all(40, 200));
  });

  it('of those who are signed out are counted for each address, and wrong tokens with them', async () => {
    const statuses = await times(
      LIMITS.signedOut + 1,
      participants(world.visitor(), { authorization: 'Bearer guess' }),
    );
    expect(statuses[0]).toBe(401);
    expect(statuses.at(-1)).toBe(429);
    expect((await world.emil.get('/api/auth/me')).status).toBe(200);
  });
});

describe('RATE_LIMIT', () => {
  const limitOf = (RATE_LIMIT?: string) =>
    readConfig({ DATABASE_URL: 'sqlite::memory:', ...(RATE_LIMIT && { RATE_LIMIT }) }).rateLimit;

  it('is off, three numbers, or generous when nothing is said', () => {
    expect(limitOf('off')).toBeNull();
    expect(limitOf('100,20,300')).toEqual({ signedIn: 100, signedOut: 20, sync: 300 });
    // A device with 5,000 waiting marks sends 50 batches of 100; a person clicks a few times a second.
    expect(limitOf()!.sync).toBeGreaterThanOrEqual(600);
    expect(limitOf()!.signedIn).toBeGreaterThanOrEqual(600);
  });

  it('stops the start with a sentence when it cannot be read', () => {
    for (const text of ['on', '0,1,1', '100', '1,2,3,4'])
      expect(() => limitOf(text)).toThrow(
        new ConfigError(
          'RATE_LIMIT must be off, or requests a minute signed in, signed out and of one device, as in 12000,1200,6000.',
        ),
      );
  });
});
