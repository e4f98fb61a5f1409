import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { ApiToken } from '../../src/auth/index.js';
import { clock } from '../../src/platform/clock.js';
import { Organization } from '../../src/tenancy/index.js';
import { AuditLog } from '../../src/platform/ledger/audit-log.entity.js';
import { PASSWORD, World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());
const realNow = clock.now;
afterEach(() => {
  clock.now = realNow;
});

const inDays = (days: number) => new Date(clock.now().getTime() + days * 86_400_000).toISOString();
const newToken = (more: object = {}) => ({
  name: 'Timetable',
  scopes: ['roster.view'],
  expires_at: inDays(30),
  ...more,
});
async function tokenOf(visitor = world.ana, more: object = {}) {
  const answer = await visitor.post('/api/account/tokens', newToken(more));
  if (answer.status !== 201) throw new Error(answer.body);
  return answer.json.data;
}
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const codes = (answer: { json: any }) => answer.json.errors.map((each: any) => [each.code, each.field]);

describe('making a token', () => {
  it('tells it once, and keeps nothing by which it could be found again', async () => {
    const made = await tokenOf();
    expect(made).toMatchObject({ name: 'Timetable', scopes: ['roster.view'], last_used_at: null, revoked_at: null });
    expect(made.token).toMatch(/^omp_[\w-]{43}$/);
    expect(made.token.startsWith(made.hint)).toBe(true);
    const listed = await world.ana.get('/api/account/tokens');
    expect(listed.json.data.map((each: any) => each.id)).toContain(made.id);
    expect(listed.body).not.toContain(made.token);
    const row = await world.read(world.school, (em) => em.findOneOrFail(ApiToken, { id: made.id }));
    expect(JSON.stringify(row)).not.toContain(made.token);
    const audit = await world.read(world.school, (em) =>
      em.find(AuditLog, { tableName: 'api_tokens', recordId: made.id }),
    );
    expect(audit.map((each) => each.fact)).toEqual(['token.created']);
    expect(JSON.stringify(audit)).not.toContain(row.tokenHash);
  });

  it('refuses what does not fit, and names the field', async () => {
    const refused: [object, string, string][] = [
      [{ name: '' }, 'required', 'name'],
      [{ scopes: [] }, 'invalid', 'scopes'],
      [{ scopes: ['everything'] }, 'invalid', 'scopes'],
      [{ scopes: undefined }, 'required', 'scopes'],
      [{ expires_at: inDays(-1) }, 'invalid', 'expires_at'],
      [{ expires_at: inDays(367) }, 'invalid', 'expires_at'],
      [{ expires_at: '2027-01-01T00:00:00' }, 'invalid', 'expires_at'],
      [{ expires_at: undefined }, 'required', 'expires_at'],
      [{ user_id: 1 }, 'unknown_field', 'user_id'],
    ];
    for (const [more, code, field] of refused) {
      const answer = await world.ana.post('/api/account/tokens', newToken(more));
      expect([more, answer.status, codes(answer)[0]]).toEqual([more, 422, [code, field]]);
    }
    // Nobody gives more than he has.
    const beyond = await world.bruno.post('/api/account/tokens', newToken({ scopes: ['user.manage'] }));
    expect([beyond.status, codes(beyond)]).toEqual([422, [['invalid', 'scopes']]]);
  });

  it('stops at fifty', async () => {
    const place = await world.openPlace('Token School', 'education', 'Europe/Paris', { ada: 'administrator' });
    const ada = place.visitor.ada!;
    for (let at = 0; at < 50; at++) await tokenOf(ada);
    const more = await ada.post('/api/account/tokens', newToken());
    expect([more.status, codes(more)[0]![0]]).toEqual([409, 'too_many_tokens']);
    const { data, meta } = (await ada.get('/api/account/tokens?per_page=20')).json;
    expect([data.length, meta.total]).toEqual([20, 50]);
    await ada.delete(`/api/account/tokens/${data[0].id}`);
    await tokenOf(ada);
  });
});

describe('a token', () => {
  it('acts as its user, as far as its scopes reach and no further', async () => {
    const { participants, session } = await world.addRegister(world.school, 1);
    const { token } = await tokenOf(world.ana, { scopes: ['roster.view', 'presence.record'] });
    const program = world.visitor();
    const get = (path: string) => program.get(path, bearer(token));
    expect((await get('/api/participants')).status).toBe(200);
    const mark = { session_id: session.id, participant_id: participants[0]!.id, presence_state: 'present' };
    const marked = await program.post('/api/presence', mark, bearer(token));
    expect([marked.status, marked.json.data.source, marked.json.data.recorded_by.id]).toEqual([
      201,
      'api',
      world.school.user.ana!.id,
    ]);
    for (const [method, path, body] of [
      ['POST', '/api/participants', { first_name: 'A', last_name: 'B' }],
      ['GET', '/api/admin/users', undefined],
      ['GET', '/api/presence', undefined],
    ] as const) {
      const answer = await program.send(method, path, body, bearer(token));
      expect([path, answer.status, codes(answer)[0]![0]]).toEqual([path, 403, 'permission_denied']);
    }
    const me = (await get('/api/auth/me')).json.data.user;
    expect([me.id, me.permissions]).toEqual([world.school.user.ana!.id, ['roster.view', 'presence.record']]);
  });

  it('needs the scope also where a right is asked for inside', async () => {
    const { participants, session } = await world.addRegister(world.school, 1);
    const mark = { session_id: session.id, participant_id: participants[0]!.id, presence_state: 'present' };
    const first = (await world.bruno.post('/api/presence', mark)).json.data;
    await world.write(world.school, async (tx) => {
      const found = await tx.findOneOrFail(session.constructor as any, { id: session.id } as any);
      Object.assign(found, { status: 'ended', lockedAt: new Date(), actualEndAt: new Date() });
    });
    const correct = (token: string) =>
      world
        .visitor()
        .put(
          `/api/presence/${first.id}`,
          { presence_state: 'late', reason: 'saw him come', revision: 1 },
          bearer(token),
        );
    const recording = await tokenOf(world.ana, { scopes: ['presence.record', 'presence.view'] });
    expect((await correct(recording.token)).status).not.toBe(200);
    const correcting = await tokenOf(world.ana, { scopes: ['presence.record', 'presence.view', 'presence.correct'] });
    const done = await correct(correcting.token);
    expect([done.status, done.json.data?.presence_state]).toEqual([200, 'late']);
  });

  it('of somebody who works with some groups only never reaches the others, whatever its scopes leave out', async () => {
    const place = await world.openPlace('Assigned School', 'education', 'Europe/Paris', {
      ada: 'administrator',
      tom: 'frontline',
    });
    const { participants, session } = await world.addRegister(place, 1);
    await world.write(place, async (tx) => {
      (await tx.findOneOrFail(Organization, place.organization.id)).settings = { frontline_groups: 'assigned' };
    });
    const mark = { session_id: session.id, participant_id: participants[0]!.id, presence_state: 'present' };
    const refused = await place.visitor.tom!.post('/api/presence', mark);
    expect(refused.status).toBe(422);
    for (const scopes of [
      ['presence.record'],
      ['presence.record', 'roster.view'],
      ['session.start', 'presence.view'],
    ]) {
      const { token } = await tokenOf(place.visitor.tom!, { scopes });
      const program = world.visitor();
      const marked = await program.post('/api/presence', mark, bearer(token));
      expect([scopes, [403, 422].includes(marked.status)]).toEqual([scopes, true]);
      const started = await program.patch(`/api/sessions/${session.id}/start`, {}, bearer(token));
      expect([scopes, [403, 404].includes(started.status)]).toEqual([scopes, true]);
      const seen = await program.get('/api/presence', bearer(token));
      if (seen.status === 200) expect(seen.json.data).toEqual([]);
    }
  });

  it('makes nobody an administrator and opens no account of one: that would be every permission', async () => {
    const { token } = await tokenOf(world.ana, { scopes: ['user.manage'] });
    const program = world.visitor();
    const me = (await world.ana.get('/api/auth/me')).json.data.user.id as number;
    const person = { first_name: 'Eve', last_name: 'Escape', email: 'eve@riverside.example' };
    const acts: [string, string, object][] = [
      ['POST', '/api/admin/users', { ...person, role: 'administrator', password: PASSWORD }],
      ['POST', '/api/admin/users', { ...person, role: 'administrator' }],
      ['PUT', `/api/admin/users/${me}`, { password: PASSWORD }],
      ['PUT', `/api/admin/users/${me}`, { email: 'eve@riverside.example' }],
      ['DELETE', `/api/admin/users/${me}`, {}],
      ['POST', `/api/admin/users/${me}/password-reset`, {}],
    ];
    for (const [method, path, body] of acts) {
      const refused = await program.send(method, path, body, bearer(token));
      expect([method, path, refused.status, codes(refused)[0]![0]]).toEqual([method, path, 403, 'permission_denied']);
    }
    const made = await program.post('/api/admin/users', { ...person, role: 'manager' }, bearer(token));
    expect(made.status).toBe(201);
    const { id } = made.json.data;
    expect((await program.put(`/api/admin/users/${id}`, { role: 'administrator' }, bearer(token))).status).toBe(403);
    expect((await program.put(`/api/admin/users/${id}`, { role: 'frontline' }, bearer(token))).status).toBe(200);
    expect((await program.post(`/api/admin/users/${id}/invitation`, {}, bearer(token))).status).toBe(200);
  });

  it('loses with its user what he loses', async () => {
    const email = 'clerk@riverside.example';
    const body = { email, first_name: 'Cleo', last_name: 'Clerk', role: 'administrator', password: PASSWORD };
    const { id } = (await world.ana.post('/api/admin/users', body)).json.data;
    const cleo = await world.visitor().signIn(email, PASSWORD);
    const { token } = await tokenOf(cleo, { scopes: ['user.manage', 'roster.view'] });
    const asks = async (path: string) => (await world.visitor().get(path, bearer(token))).status;
    expect([await asks('/api/admin/users'), await asks('/api/participants')]).toEqual([200, 200]);
    await world.ana.put(`/api/admin/users/${id}`, { role: 'manager' });
    expect([await asks('/api/admin/users'), await asks('/api/participants')]).toEqual([403, 200]);
    await world.ana.delete(`/api/admin/users/${id}`);
    expect([await asks('/api/admin/users'), await asks('/api/participants')]).toEqual([401, 401]);
    // It does not come back with him.
    await world.ana.put(`/api/admin/users/${id}`, { status: 'active' });
    expect(await asks('/api/participants')).toBe(401);
  });

  it('is worth nothing when it is wrong, revoked or over, and the cookie beside it counts for nothing then', async () => {
    const made = await tokenOf();
    const ask = (token: string, visitor = world.visitor()) => visitor.get('/api/participants', bearer(token));
    expect((await ask(made.token)).status).toBe(200);
    const wrong = await ask(`${made.token}x`);
    expect([wrong.status, codes(wrong)[0]![0], wrong.headers.get('www-authenticate')]).toEqual([
      401,
      'login_required',
      'Bearer error="invalid_token"',
    ]);
    for (const nothing of ['x', 'two words', 'x'.repeat(300), ''])
      expect((await ask(nothing, world.ana)).status).toBe(401);
    clock.now = () => new Date(Date.now() + 31 * 86_400_000);
    expect((await ask(made.token)).status).toBe(401);
    clock.now = realNow;
    const revoked = await world.ana.delete(`/api/account/tokens/${made.id}`);
    expect([revoked.status, revoked.json.data.revoked_at]).toEqual([200, expect.any(String)]);
    expect((await ask(made.token)).status).toBe(401);
    expect((await world.ana.delete(`/api/account/tokens/${made.id}`)).json.data.revoked_at).toBe(
      revoked.json.data.revoked_at,
    );
  });

  it('wins over a cookie that is sent beside it', async () => {
    const { token } = await tokenOf(world.bruno);
    const answer = await world.ana.get('/api/auth/me', bearer(token));
    expect(answer.json.data.user.id).toBe(world.school.user.bruno!.id);
  });

  it('does not open what is for the person himself, whatever its scopes: no token makes a token', async () => {
    const all = (await world.ana.get('/api/auth/me')).json.data.user.permissions;
    const { id, token } = await tokenOf(world.ana, { scopes: all });
    for (const [method, path, body] of [
      ['GET', '/api/account/tokens', undefined],
      ['POST', '/api/account/tokens', newToken()],
      ['DELETE', `/api/account/tokens/${id}`, undefined],
      ['GET', '/api/account/login-sessions', undefined],
      ['DELETE', '/api/account/login-sessions', undefined],
      ['POST', '/api/auth/logout', {}],
      ['POST', '/api/sync', {}],
      ['POST', '/api/sync/withdraw', { op_id: crypto.randomUUID() }],
    ] as const) {
      const answer = await world.visitor().send(method, path, body, bearer(token));
      expect([path, answer.status]).toEqual([path, 403]);
    }
    // Nor is a program a device.
    expect((await world.visitor().get('/api/sync/handshake', bearer(token))).status).toBe(401);
    expect((await world.ana.get('/api/auth/me')).status).toBe(200);
  });

  it('is for programs: pages do not know it', async () => {
    const { token } = await tokenOf();
    const page = await world.visitor().get('/participants', bearer(token));
    expect([page.status, page.headers.get('location')]).toEqual([303, '/login?next=%2Fparticipants']);
    expect((await world.ana.get('/participants', bearer('nothing'))).status).toBe(200);
  });

  it('notes when it was used, at most once a minute', async () => {
    const { id, token } = await tokenOf();
    const used = async () => {
      await world.visitor().get('/api/participants', bearer(token));
      const { data } = (await world.ana.get('/api/account/tokens?per_page=500')).json;
      return data.find((each: any) => each.id === id).last_used_at as string;
    };
    const first = await used();
    expect(Math.abs(Date.parse(first) - Date.now())).toBeLessThan(10_000);
    expect(await used()).toBe(first);
    clock.now = () => new Date(Date.now() + 61_000);
    expect(await used()).not.toBe(first);
  });

  it('of somebody else is nobody’s', async () => {
    const { id } = await tokenOf(world.ana);
    const unknown = await world.bruno.delete('/api/account/tokens/987654321');
    for (const visitor of [world.bruno, world.clara]) {
      const answer = await visitor.delete(`/api/account/tokens/${id}`);
      expect([answer.status, answer.body]).toEqual([404, unknown.body]);
    }
    expect((await world.visitor().get('/api/account/tokens')).status).toBe(401);
  });
});
