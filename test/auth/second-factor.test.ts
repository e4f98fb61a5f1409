import { Secret, TOTP } from 'otpauth';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { User } from '../../src/auth/index.js';
import { clock } from '../../src/platform/clock.js';
import { routesOf } from '../../src/platform/http/routes.js';
import { Organization } from '../../src/tenancy/index.js';
import { idOf, isPage, nameOf, pathOf, rowsOf } from '../support/route-targets.js';
import { type Visitor } from '../support/visitor.js';
import { ROUTES } from '../walls/routes.table.js';
import { PASSWORD, World, type Place } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());
const realNow = clock.now;
afterEach(() => {
  clock.now = realNow;
});
/** Sets the clock so many steps of 30 seconds later. */
const stepsLater = (steps: number) => (clock.now = () => new Date(Date.now() + steps * 30_000));

/** The code that an authenticator app would show now. */
const codeOf = (secret: string) =>
  new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: clock.now().getTime() });
const keyOn = (page: { body: string }) =>
  /<code class="key">([A-Z2-7 ]+)<\/code>/.exec(page.body)![1]!.replaceAll(' ', '');
const codesOn = (page: { body: string }) =>
  [...page.body.matchAll(/<li><code>([a-z0-9-]{19})<\/code>/g)].map((each) => each[1]!);

let serial = 0;
/** Somebody new with a second factor: his visitor, his secret, his recovery codes. */
async function protectedUser(place: Place = world.school, role = 'frontline') {
  const admin = Object.values(place.visitor)[0]!;
  const email = `safe${++serial}-${place.organization.id}@riverside.example`;
  const body = { email, first_name: 'Sara', last_name: 'Safe', role, password: PASSWORD };
  const { id } = (await admin.post('/api/admin/users', body)).json.data;
  const visitor = await world.visitor().signIn(email, PASSWORD);
  const { secret, codes } = await setUp(visitor);
  return { id: id as number, email, visitor, secret, codes };
}
async function setUp(visitor: Visitor) {
  await visitor.form('/account/second-factor', {});
  const secret = keyOn(await visitor.get('/account/second-factor'));
  const done = await visitor.form('/account/second-factor/confirm', { code: codeOf(secret) });
  return { secret, codes: codesOn(done), done };
}
const login = (email: string, more: object = {}) =>
  world.visitor().post('/api/auth/login', { email, password: PASSWORD, ...more });
const codeIn = (answer: { json: any }) => answer.json.errors[0].code;

describe('setting up a second factor', () => {
  it('shows a key as a picture and as text, and counts only once a code of it was confirmed', async () => {
    const { email } = world.school.user.mara!;
    const visitor = await world.visitor().signIn(email, PASSWORD);
    await visitor.form('/account/second-factor', {});
    const page = await visitor.get('/account/second-factor');
    expect(page.body).toContain('<svg');
    const secret = keyOn(page);
    expect(page.body).toContain(`otpauth://totp/`);
    expect((await login(email)).status).toBe(200);
    const wrong = await visitor.form('/account/second-factor/confirm', { code: '000000' });
    expect(wrong.status).toBe(422);
    expect(keyOn(wrong)).toBe(secret);
    expect((await login(email)).status).toBe(200);
    const done = await visitor.form('/account/second-factor/confirm', { code: codeOf(secret) });
    expect(codesOn(done)).toHaveLength(10);
    expect(new Set(codesOn(done)).size).toBe(10);
    expect([(await login(email)).status, codeIn(await login(email))]).toEqual([401, 'second_factor_required']);
    // Neither key nor codes are shown again.
    const again = await visitor.get('/account/second-factor');
    expect(again.body).not.toContain(secret.slice(0, 4));
    expect(codesOn(again)).toEqual([]);
    expect((await visitor.form('/account/second-factor', {})).status).toBe(409);
  });
});

describe('signing in with a second factor', () => {
  it('takes the right password and the right code, and no code twice', async () => {
    const { email, secret } = await protectedUser();
    stepsLater(2);
    const code = codeOf(secret);
    expect((await login(email, { code })).status).toBe(200);
    const again = await login(email, { code });
    expect([again.status, codeIn(again)]).toEqual([401, 'second_factor_invalid']);
    expect([
      (await login(email, { code: '123' })).status,
      (await login(email, { code, password: 'no' })).status,
    ]).toEqual([401, 401]);
  });

  it('takes one code once, also when it is sent several times at once', async () => {
    const { email, secret } = await protectedUser();
    stepsLater(2);
    const code = codeOf(secret);
    const answers = await Promise.all([1, 2, 3].map(() => login(email, { code })));
    expect(answers.map((each) => each.status).sort((a, b) => a - b)).toEqual([200, 401, 401]);
  });

  it('forgives a clock that is one step off, and not more', async () => {
    const { email, secret } = await protectedUser();
    // Standing still, so that no step begins between a code and its judgement.
    const now = new Date(Date.now() + 300_000);
    clock.now = () => now;
    const ahead = new TOTP({ secret: Secret.fromBase32(secret) });
    const at = (steps: number) => ahead.generate({ timestamp: clock.now().getTime() + steps * 30_000 });
    for (const [steps, status] of [
      [-2, 401],
      [2, 401],
      [-1, 200],
      [1, 200],
    ] as const)
      expect([steps, (await login(email, { code: at(steps) })).status]).toEqual([steps, status]);
  });

  it('takes a recovery code instead, once, however it is typed', async () => {
    const { email, codes, visitor } = await protectedUser();
    expect((await login(email, { code: codes[0]!.toUpperCase().replaceAll('-', ' ') })).status).toBe(200);
    expect((await login(email, { code: codes[0] })).status).toBe(401);
    expect((await visitor.get('/account/second-factor')).body).toContain('9 recovery codes are left');
    const renewed = await visitor.form('/account/second-factor/codes', { current_password: PASSWORD });
    expect(codesOn(renewed)).toHaveLength(10);
    expect((await login(email, { code: codes[1] })).status).toBe(401);
    expect((await login(email, { code: codesOn(renewed)[1] })).status).toBe(200);
  });

  it('slows down who guesses codes, although he knows the password', async () => {
    const { email } = await protectedUser();
    const statuses: number[] = [];
    for (let at = 0; at < 8; at++) {
      // A right password alone in between does not make the tries forgotten.
      if (at % 2 === 0) await login(email);
      statuses.push((await login(email, { code: '000000' })).status);
    }
    expect(statuses[0]).toBe(401);
    expect(statuses.at(-1)).toBe(429);
  });

  it('slows down who guesses codes from many addresses, and leaves everybody else alone', async () => {
    const proxied = await World.open({ config: { trustProxy: true } });
    try {
      const { email } = proxied.school.user.mara!;
      const mara = await proxied.visitor().signIn(email, PASSWORD);
      const { secret } = await setUp(mara);
      const from = (at: number, code: string) =>
        proxied
          .visitor()
          .post('/api/auth/login', { email, password: PASSWORD, code }, { 'x-forwarded-for': `10.1.${at}.7` });
      const statuses: number[] = [];
      for (let at = 0; at < 26; at++) statuses.push((await from(at, '000000')).status);
      expect(statuses.slice(0, 19)).toEqual(Array<number>(19).fill(401));
      expect(statuses.slice(19)).toContain(429);
      // The password alone is not what was guessed at, and others are not held up.
      expect(codeIn(await proxied.visitor().post('/api/auth/login', { email, password: PASSWORD }))).toBe(
        'second_factor_required',
      );
      await proxied.visitor().signIn(proxied.school.user.bruno!.email, PASSWORD);
      stepsLater(60);
      expect((await from(99, codeOf(secret))).status).toBe(200);
    } finally {
      await proxied.close();
    }
  }, 60_000);

  it('asks for the code on a second page', async () => {
    const { email, secret } = await protectedUser();
    stepsLater(2);
    const visitor = world.visitor();
    const first = await visitor.form('/login', { email, password: PASSWORD, next: '/sessions' });
    expect([first.status, first.headers.get('location')]).toEqual([303, '/login/code?next=%2Fsessions']);
    expect((await visitor.get('/login/code')).status).toBe(200);
    const wrong = await visitor.form('/login/code', { code: '000000', next: '/sessions' });
    expect([wrong.status, wrong.body.includes('/sessions')]).toEqual([401, true]);
    const done = await visitor.form('/login/code', { code: codeOf(secret), next: '/sessions' });
    expect([done.status, done.headers.get('location')]).toEqual([303, '/sessions']);
    expect((await visitor.get('/api/auth/me')).status).toBe(200);
  });

  it('is no sign-in between the two steps: no door opens, not even the own one', async () => {
    const { email } = await protectedUser(world.school, 'administrator');
    const visitor = world.visitor();
    await visitor.form('/login', { email, password: PASSWORD });
    expect(visitor.cookies.size).toBe(1);
    const rows = await rowsOf(world, world.school);
    const opened: string[] = [];
    for (const route of routesOf(world.app)) {
      const line = ROUTES[nameOf(route)];
      if (!line || /^\/login/.test(route.path)) continue;
      const path = pathOf(route, (name) => (route.targets?.[name] === null ? 'nothing' : idOf(route, name, rows)));
      const body = route.method === 'GET' ? undefined : isPage(route) ? new URLSearchParams() : {};
      const halfway = await visitor.send(route.method, path, body);
      const nobody = await world.visitor().send(route.method, path, body);
      const said = (answer: typeof nobody) => `${answer.status} ${answer.headers.get('location')}`;
      if (said(halfway) !== said(nobody)) opened.push(`${nameOf(route)}: ${said(halfway)}, not ${said(nobody)}`);
    }
    expect(opened).toEqual([]);
  }, 60_000);

  it('looks at no ticket of a password that was changed since', async () => {
    const { email, secret, id } = await protectedUser();
    stepsLater(2);
    const visitor = world.visitor();
    await visitor.form('/login', { email, password: PASSWORD });
    await world.ana.send('PUT', `/api/admin/users/${id}`, { password: 'another horse battery' });
    expect((await visitor.form('/login/code', { code: codeOf(secret) })).status).toBe(401);
    expect((await visitor.get('/api/auth/me')).status).toBe(401);
  });

  it('looks at no ticket that is too old, of another user or not signed by us', async () => {
    const { email, secret, id } = await protectedUser();
    const visitor = world.visitor();
    await visitor.form('/login', { email, password: PASSWORD });
    const [[name, ticket]] = [...visitor.cookies] as [[string, string]];
    const parts = ticket.split('.');
    const forged = [String(world.school.user.ana!.id), ...parts.slice(1)].join('.');
    const longer = [...parts.slice(0, 2), String(Number(parts[2]) + 1), ...parts.slice(3)].join('.');
    for (const value of [forged, longer, `${parts.slice(0, 4).join('.')}.${'0'.repeat(64)}`]) {
      visitor.cookies.set(name, value);
      const answer = await visitor.form('/login/code', { code: codeOf(secret) });
      expect([answer.status, answer.headers.get('location')]).toEqual([303, '/login']);
    }
    visitor.cookies.set(name, ticket);
    stepsLater(21);
    expect((await visitor.form('/login/code', { code: codeOf(secret) })).headers.get('location')).toBe('/login');
    clock.now = realNow;
    await world.ana.delete(`/api/admin/users/${id}`);
    expect((await visitor.form('/login/code', { code: codeOf(secret) })).status).toBe(401);
  });
});

describe('a second factor ends', () => {
  it('by its owner, for his password', async () => {
    const { email, visitor } = await protectedUser();
    const wrong = await visitor.form('/account/second-factor/disable', { current_password: 'no' });
    expect(wrong.status).toBe(422);
    expect((await login(email)).status).toBe(401);
    const done = await visitor.form('/account/second-factor/disable', { current_password: PASSWORD });
    expect(done.status).toBe(303);
    expect((await login(email)).status).toBe(200);
  });

  it('by an administrator, for somebody who lost his phone', async () => {
    const { id, email, visitor, codes } = await protectedUser();
    expect((await world.mara.delete(`/api/admin/users/${id}/second-factor`)).status).toBe(403);
    expect((await world.clara.delete(`/api/admin/users/${id}/second-factor`)).status).toBe(404);
    const answer = await world.ana.delete(`/api/admin/users/${id}/second-factor`);
    expect(answer.json.data.second_factor).toBe(false);
    expect((await visitor.get('/api/auth/me')).status).toBe(401);
    expect((await login(email)).status).toBe(200);
    await setUp(await world.visitor().signIn(email, PASSWORD));
    expect((await login(email, { code: codes[0] })).status).toBe(401);
    const own = await world.ana.delete(`/api/admin/users/${world.school.user.ana!.id}/second-factor`);
    expect([own.status, codeIn(own)]).toEqual([409, 'own_account']);
  });

  it('not by a new password: the link for one leads to the code', async () => {
    const { id, secret } = await protectedUser();
    stepsLater(2);
    const { url } = (await world.ana.post(`/api/admin/users/${id}/password-reset`)).json.data;
    const visitor = world.visitor();
    const set = await visitor.form(new URL(url).pathname, { password: 'a new long sentence' });
    expect([set.status, set.headers.get('location')]).toEqual([303, '/login/code']);
    expect((await visitor.get('/api/auth/me')).status).toBe(401);
    expect((await visitor.form('/login/code', { code: codeOf(secret) })).status).toBe(303);
    expect((await visitor.get('/api/auth/me')).status).toBe(200);
  });
});

describe('where the organization demands a second factor of a role', () => {
  let place: Place;
  beforeAll(async () => {
    place = await world.openPlace('Strict School', 'education', 'Europe/Paris', {
      ada: 'administrator',
      tom: 'frontline',
      max: 'manager',
    });
    await world.write(place, async (tx) => {
      (await tx.findOneOrFail(Organization, place.organization.id)).settings = {
        second_factor_roles: ['administrator', 'manager'],
      };
    });
  });

  it('those who have none come to the set-up and nowhere else', async () => {
    const rows = await rowsOf(world, place);
    const open: string[] = [];
    for (const route of routesOf(world.app)) {
      const line = ROUTES[nameOf(route)];
      // Public pages are as open to him as to everybody.
      if (!line || line[4] === 'ok' || line[4] === 404 || /logout$|^\/login/.test(route.path)) continue;
      const path = pathOf(route, (name) => (route.targets?.[name] === null ? 'nothing' : idOf(route, name, rows)));
      const body = route.method === 'GET' ? undefined : isPage(route) ? new URLSearchParams() : {};
      const answer = await place.visitor.ada!.send(route.method, path, body);
      const led = isPage(route)
        ? answer.status === 303 && answer.headers.get('location') === '/account/second-factor'
        : answer.status === 403 && codeIn(answer) === 'second_factor_required';
      if (!led) open.push(nameOf(route));
    }
    // Beginning answers 303 to the very same page, so it does not show up here.
    expect(open.sort()).toEqual(['GET /account/second-factor', 'POST /account/second-factor/confirm']);
    // Signing in as somebody else is not closed to him.
    expect((await place.visitor.ada!.post('/api/auth/login', {})).status).toBe(422);
    expect((await place.visitor.tom!.get('/api/auth/me')).status).toBe(200);
    const fragment = await place.visitor.ada!.get('/participants', { 'hx-request': 'true' });
    expect(fragment.headers.get('hx-redirect')).toBe('/account/second-factor');
  }, 60_000);

  it('everything opens once it is set up, and it cannot be switched off', async () => {
    const max = place.visitor.max!;
    expect((await max.get('/api/auth/me')).status).toBe(403);
    const { secret } = await setUp(max);
    expect((await max.get('/api/auth/me')).status).toBe(200);
    const off = await max.form('/account/second-factor/disable', { current_password: PASSWORD });
    expect(off.status).toBe(409);
    stepsLater(2);
    expect((await login(place.user.max!.email)).status).toBe(401);
    expect((await login(place.user.max!.email, { code: codeOf(secret) })).status).toBe(200);
    expect(await world.read(place, (em) => em.count(User, { totpEnabledAt: { $ne: null } }))).toBe(1);
  });
});
