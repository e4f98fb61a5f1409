import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { User } from '../../src/auth/index.js';
import { clock } from '../../src/platform/clock.js';
import { PASSWORD, World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const realNow = clock.now;
const later = (minutes: number) => (clock.now = () => new Date(Date.now() + minutes * 60_000));
afterEach(() => {
  clock.now = realNow;
});

const me = async (visitor: { get(path: string): Promise<{ status: number }> }) =>
  (await visitor.get('/api/auth/me')).status;

describe('a login session', () => {
  it('ends when nobody used it for too long', async () => {
    const visitor = await world.visitor().signIn(world.school.user.bruno!.email, PASSWORD);
    later(50);
    expect(await me(visitor)).toBe(200);
    later(100);
    expect(await me(visitor)).toBe(200);
    later(100 + 61);
    expect(await me(visitor)).toBe(401);
  });

  it('ends a day after signing in, however busy it is', async () => {
    const visitor = await world.visitor().signIn(world.school.user.bruno!.email, PASSWORD);
    for (let minutes = 0; minutes < 24 * 60; minutes += 50) {
      later(minutes);
      expect(await me(visitor)).toBe(200);
    }
    later(24 * 60 + 1);
    expect(await me(visitor)).toBe(401);
  });

  it('is worth nothing once the user is disabled', async () => {
    const place = await world.openPlace('Third School', 'education', 'Europe/Paris', {
      otto: 'administrator',
      lena: 'frontline',
    });
    expect(await me(place.visitor.lena!)).toBe(200);
    await world.write(place, async (tx) => {
      (await tx.findOneOrFail(User, place.user.lena!.id)).status = 'disabled';
    });
    expect(await me(place.visitor.lena!)).toBe(401);
    const again = await world.visitor().post('/api/auth/login', { email: place.user.lena!.email, password: PASSWORD });
    expect(again.status).toBe(401);
  });

  it('asks which organization when the password fits several', async () => {
    const email = 'both@example.org';
    const { passwordHash } = await world.read(world.school, (em) => em.findOneOrFail(User, world.school.user.ana!.id));
    for (const place of [world.school, world.other])
      await world.write(place, (tx) =>
        tx.create(User, {
          email,
          passwordHash,
          firstName: 'Both',
          lastName: 'Sides',
          role: 'manager',
          status: 'active',
        }),
      );
    const answer = await world.visitor().post('/api/auth/login', { email, password: PASSWORD });
    expect(answer.status).toBe(409);
    expect(answer.json.errors[0].code).toBe('organization_required');
    expect(answer.json.data.organizations.map((each: any) => each.slug).sort()).toEqual(
      [world.school.organization.slug, world.other.organization.slug].sort(),
    );
    const organization = world.other.organization.slug;
    const chosen = await world.visitor().post('/api/auth/login', { email, password: PASSWORD, organization });
    expect(chosen.json.data.user.organization.slug).toBe(organization);
  });
});

describe('requests from elsewhere', () => {
  const login = (headers: Record<string, string>) =>
    world.visitor().post('/api/auth/login', { email: world.school.user.ana!.email, password: PASSWORD }, headers);

  it('are refused when a browser says that another site sent them', async () => {
    const elsewhere: Record<string, string>[] = [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.example' },
      { origin: 'null' },
    ];
    for (const headers of elsewhere) {
      const answer = await login(headers);
      expect([answer.status, answer.json.errors[0].code]).toEqual([403, 'cross_site']);
    }
  });

  it('are taken from our own pages and from programs', async () => {
    expect((await login({ 'sec-fetch-site': 'same-origin', origin: world.address })).status).toBe(200);
    expect((await login({})).status).toBe(200);
  });

  it('lead to the sign-in page when signed out, and back afterwards, but nowhere else', async () => {
    const visitor = world.visitor();
    const away = await visitor.get('/sessions?day=2026-11-20');
    expect([away.status, away.headers.get('location')]).toEqual([303, '/login?next=%2Fsessions%3Fday%3D2026-11-20']);
    // Whose sign-in is over when he sends a form is led back to its page; where that is elsewhere, to none.
    const sentFrom = async (page: string) =>
      (await visitor.form('/participants/new', { first_name: 'Zoe' }, { referer: page })).headers.get('location');
    expect(await sentFrom(`${world.address}/participants/new?group=1`)).toBe(
      '/login?next=%2Fparticipants%2Fnew%3Fgroup%3D1%26unsent%3Dyes',
    );
    expect(await sentFrom('https://evil.example/participants/new')).toBe('/login');
    const fields = { email: world.school.user.ana!.email, password: PASSWORD };
    const back = await visitor.form('/login', { ...fields, next: '/sessions?day=2026-11-20' });
    expect(back.headers.get('location')).toBe('/sessions?day=2026-11-20');
    for (const next of ['https://evil.example', '//evil.example', '/\\evil.example', '/\t/evil.example']) {
      const answer = await world.visitor().form('/login', { ...fields, next });
      expect(answer.headers.get('location')).toBe('/');
    }
  });
});
