import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { placeOf } from '../../src/auth/brake.js';
import { LoginSessionStore } from '../../src/auth/login-session.store.js';
import { proofOf } from '../../src/auth/sign-in.js';
import { Problem } from '../../src/platform/http/problem.js';
import { PASSWORD, World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

describe('signing in', () => {
  it('tells who came in, with permissions and organization', async () => {
    const visitor = world.visitor();
    const answer = await visitor.post('/api/auth/login', { email: world.school.user.ana!.email, password: PASSWORD });
    expect(answer.status).toBe(200);
    expect(answer.json.data.user).toMatchObject({
      id: world.school.user.ana!.id,
      role: 'administrator',
      organization: { slug: world.school.organization.slug, domain_type: 'education', time_zone: 'Europe/Paris' },
    });
    expect(answer.json.data.user.permissions).toContain('participant.manage');
    expect((await visitor.get('/api/auth/me')).json).toEqual(answer.json);
  });

  it('answers a wrong password and an unknown address alike', async () => {
    const wrong = await world
      .visitor()
      .post('/api/auth/login', { email: world.school.user.ana!.email, password: 'no' });
    const unknown = await world.visitor().post('/api/auth/login', { email: 'nobody@nowhere.example', password: 'no' });
    expect(wrong.status).toBe(401);
    expect(unknown.body).toBe(wrong.body);
    expect(unknown.status).toBe(401);
    expect(wrong.json.errors[0].code).toBe('invalid_credentials');
  });

  it('gives a new session id at every sign-in, and ends it at sign-out', async () => {
    const visitor = world.visitor();
    await visitor.signIn(world.school.user.bruno!.email, PASSWORD);
    const first = visitor.cookieHeader;
    await visitor.signIn(world.school.user.bruno!.email, PASSWORD);
    expect(visitor.cookieHeader).not.toBe(first);
    const old = await visitor.send('GET', '/api/auth/me', undefined, { cookie: first });
    expect(old.status).toBe(401);
    const now = visitor.cookieHeader;
    expect((await visitor.post('/api/auth/logout')).json).toEqual({ data: { success: true } });
    expect((await world.visitor().send('GET', '/api/auth/me', undefined, { cookie: now })).status).toBe(401);
  });

  it('keeps no sign-in whose password was changed before it was kept', async () => {
    const { id, organization, passwordHash } = world.school.user.bruno!;
    const em = () => world.orm.em.fork({ disableContextResolution: true, clear: true });
    const store = new LoginSessionStore(em, 60, 24);
    const keep = (token: string, hash: string | null | undefined) =>
      new Promise<string>((resolve) => {
        const data = { cookie: {}, passport: { user: id }, organizationId: organization, proof: proofOf(hash) };
        store.set(token, data as never, (error) =>
          resolve(error instanceof Problem ? error.refusals[0]!.code : 'kept'),
        );
      });
    const stands = (token: string) =>
      new Promise<unknown>((resolve) => store.get(token, (_error, data) => resolve(data)));
    expect([await keep('before', 'an older hash'), await keep('now', passwordHash)]).toEqual([
      'invalid_credentials',
      'kept',
    ]);
    expect(await stands('before')).toBeNull();
    expect(await stands('now')).toEqual({ cookie: {}, passport: { user: id }, organizationId: organization });
  });

  it('slows down who guesses, without locking out the right person elsewhere', async () => {
    const { email } = world.school.user.mara!;
    const codes: number[] = [];
    for (let i = 0; i < 7; i++)
      codes.push((await world.visitor().post('/api/auth/login', { email, password: 'no' })).status);
    expect(codes.slice(0, 5)).toEqual([401, 401, 401, 401, 401]);
    expect(codes.at(-1)).toBe(429);
    const blocked = await world.visitor().post('/api/auth/login', { email, password: PASSWORD });
    expect(blocked.status).toBe(429);
    expect(Number(blocked.headers.get('retry-after'))).toBeGreaterThan(0);
    // Another person from the same place is not held up.
    await world.visitor().signIn(world.school.user.emil!.email, PASSWORD);
  });

  it('takes a whole network of IPv6 for one guesser, and each address of IPv4 for another', () => {
    expect(placeOf('2001:db8:1:2::1')).toBe(placeOf('2001:db8:1:2:ffff:ffff:ffff:ffff'));
    expect(placeOf('2001:db8:1:2::1')).not.toBe(placeOf('2001:db8:1:3::1'));
    expect(placeOf('192.0.2.1')).not.toBe(placeOf('192.0.2.2'));
    expect(placeOf('::ffff:192.0.2.1')).not.toBe(placeOf('::ffff:192.0.2.2'));
  });

  it('looks at no more guesses that come at once than of those that come in a row', async () => {
    const { email } = world.school.user.bruno!;
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => world.visitor().post('/api/auth/login', { email, password: 'no' })),
    );
    const guessed = answers.filter((each) => each.status === 401);
    expect(guessed.length).toBeGreaterThanOrEqual(5);
    // One more for each second (then two, then four) that a slow machine takes for the forty.
    expect(guessed.length).toBeLessThanOrEqual(7);
    expect(answers.filter((each) => each.status === 429)).toHaveLength(40 - guessed.length);
  });

  it('sends people away for a while when too many wait for their turn', async () => {
    const answers = await Promise.all(
      Array.from({ length: 120 }, (_, at) =>
        world.visitor().post('/api/auth/login', { email: `flood${at}@nowhere.example`, password: 'no' }),
      ),
    );
    const refused = answers.filter((each) => each.status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused.every((each) => Number(each.headers.get('retry-after')) > 0)).toBe(true);
    expect(answers.filter((each) => each.status === 401)).toHaveLength(120 - refused.length);
  });
});
