import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

let serial = 0;
async function somebody() {
  const email = `own${++serial}@riverside.example`;
  const body = { email, first_name: 'Olga', last_name: 'Own', role: 'frontline', password: PASSWORD };
  const { id } = (await world.ana.post('/api/admin/users', body)).json.data;
  return { id: id as number, email, visitor: await world.visitor().signIn(email, PASSWORD) };
}
const me = async (visitor: { get(path: string): Promise<{ status: number }> }) =>
  (await visitor.get('/api/auth/me')).status;

describe('one’s own account', () => {
  it('changes name and language, and keeps what was typed when it is refused', async () => {
    const { visitor, id } = await somebody();
    const refused = await visitor.form('/account', { first_name: 'Olga Maria', last_name: '', locale: 'fr' });
    expect([refused.status, refused.body.includes('value="Olga Maria"')]).toEqual([422, true]);
    const done = await visitor.form('/account', { first_name: 'Olga Maria', last_name: 'Own', locale: 'ar' });
    expect([done.status, done.headers.get('location')]).toEqual([303, '/account?done=profile']);
    const page = await visitor.get('/account?done=profile');
    expect(page.body).toMatch(/<html lang="ar" dir="rtl">/);
    await visitor.form('/account', { first_name: 'Olga', last_name: 'Own', locale: '' });
    expect((await visitor.get('/account')).body).toMatch(/<html lang="en" dir="ltr">/);
    expect((await visitor.form('/account', { first_name: 'O', last_name: 'O', locale: 'tlh' })).status).toBe(422);
    // Role and address are not one's own to change.
    await visitor.form('/account', {
      first_name: 'Olga',
      last_name: 'Own',
      role: 'administrator',
      email: 'x@y.example',
    });
    expect((await world.ana.get(`/api/admin/users/${id}`)).json.data).toMatchObject({ role: 'frontline' });
  });

  it('changes the password for the present one, and signs out everywhere else', async () => {
    const { visitor, email } = await somebody();
    const elsewhere = await world.visitor().signIn(email, PASSWORD);
    const change = (current_password: string, password: string) =>
      visitor.form('/account/password', { current_password, password });
    const wrong = await change('not it at all', 'a brand new sentence');
    expect([wrong.status, wrong.body.includes('not your present password')]).toEqual([422, true]);
    expect(wrong.body).not.toContain('a brand new sentence');
    expect((await change(PASSWORD, 'short')).status).toBe(422);
    expect(await me(elsewhere)).toBe(200);
    expect((await change(PASSWORD, 'a brand new sentence')).headers.get('location')).toBe('/account?done=password');
    expect([await me(visitor), await me(elsewhere)]).toEqual([200, 401]);
    await world.visitor().signIn(email, 'a brand new sentence');
  });

  it('changes it for one of two who do so at the same time: the other one knows a password of before', async () => {
    const { visitor, email } = await somebody();
    const other = await world.visitor().signIn(email, PASSWORD);
    const answers = await Promise.all(
      [visitor, other].map((each, at) =>
        each.form('/account/password', { current_password: PASSWORD, password: `a brand new sentence ${at}` }),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([303, 422]));
    const won = answers.findIndex(({ status }) => status === 303);
    await world.visitor().signIn(email, `a brand new sentence ${won}`);
  });

  it('slows down who guesses the present password', async () => {
    const { visitor } = await somebody();
    const statuses: number[] = [];
    for (let at = 0; at < 7; at++) {
      const fields = { current_password: `guess ${at}`, password: 'a brand new sentence' };
      statuses.push((await visitor.form('/account/password', fields)).status);
    }
    expect([statuses[0], statuses.at(-1)]).toEqual([422, 429]);
  });
});

describe('where one is signed in', () => {
  it('is listed, this browser marked, and ended one by one or all at once', async () => {
    const { visitor, email } = await somebody();
    const others = [];
    for (let at = 0; at < 3; at++) {
      const other = world.visitor();
      const agent = { 'user-agent': 'Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/150.0' };
      await other.post('/api/auth/login', { email, password: PASSWORD }, agent);
      others.push(other);
    }
    const list = async () => (await visitor.get('/api/account/login-sessions')).json.data;
    const listed = await list();
    expect(listed).toHaveLength(4);
    expect(listed.filter((each: any) => each.current)).toHaveLength(1);
    expect(listed.find((each: any) => !each.current)).toMatchObject({
      device_label: expect.stringContaining('Firefox'),
      ip: expect.stringContaining('127.0.0.1'),
    });
    const page = (await visitor.get('/account')).body;
    expect(page.match(/Firefox on Windows/g)!.length).toBeGreaterThanOrEqual(3);
    const ended = listed.find((each: any) => !each.current).id;
    expect((await visitor.delete(`/api/account/login-sessions/${ended}`)).json).toEqual({ data: { ended: 1 } });
    expect((await Promise.all(others.map(me))).sort((a, b) => a - b)).toEqual([200, 200, 401]);
    const another = (await list()).find((each: any) => !each.current).id;
    expect((await visitor.form(`/account/login-sessions/${another}/end`, {})).status).toBe(303);
    expect((await visitor.delete('/api/account/login-sessions')).json).toEqual({ data: { ended: 1 } });
    expect(await Promise.all(others.map(me))).toEqual([401, 401, 401]);
    expect(await me(visitor)).toBe(200);
  });

  it('is nobody else’s to see or to end', async () => {
    const { visitor } = await somebody();
    const [own] = (await visitor.get('/api/account/login-sessions')).json.data;
    const unknown = await world.ana.delete('/api/account/login-sessions/987654321');
    for (const stranger of [world.ana, world.clara]) {
      const answer = await stranger.delete(`/api/account/login-sessions/${own.id}`);
      expect([answer.status, answer.body]).toEqual([404, unknown.body]);
      expect((await stranger.form(`/account/login-sessions/${own.id}/end`, {})).status).toBe(404);
    }
    expect(await me(visitor)).toBe(200);
  });
});

describe('tokens on the account page', () => {
  it('are made, told once and revoked', async () => {
    const { visitor } = await somebody();
    const refused = await visitor.form('/account/tokens', { name: 'Timetable', days: '90' });
    expect([refused.status, refused.body.includes('value="Timetable"')]).toEqual([422, true]);
    const fields: [string, string][] = [
      ['name', 'Timetable'],
      ['days', '90'],
      ['scopes', 'roster.view'],
      ['scopes', 'presence.view'],
    ];
    const made = await visitor.form('/account/tokens', fields);
    const token = /value="(omp_[\w-]{43})"/.exec(made.body)![1]!;
    const asks = async () =>
      (await world.visitor().get('/api/participants', { authorization: `Bearer ${token}` })).status;
    expect(await asks()).toBe(200);
    const page = (await visitor.get('/account/tokens')).body;
    expect(page).not.toContain(token);
    expect(page).toContain(token.slice(0, 10));
    const id = /\/account\/tokens\/(\d+)\/revoke/.exec(page)![1];
    await visitor.form(`/account/tokens/${id}/revoke`, {});
    expect(await asks()).toBe(401);
    for (const days of ['366', '-1', 'x'])
      expect((await visitor.form('/account/tokens', { name: 'X', days, scopes: 'roster.view' })).status).toBe(422);
  });
});
