import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SetupAddress } from '../../src/auth/index.js';
import { startApp } from '../world.js';
import { ownDatabase } from '../support/databases.js';
import { Visitor } from '../support/visitor.js';

let app: Awaited<ReturnType<typeof startApp>>['app'];
let address: string;
const database = ownDatabase();
beforeAll(async () => {
  app = (await startApp(database.url)).app;
  await app.listen(0, '127.0.0.1');
  address = await app.getUrl();
});
afterAll(async () => {
  await app.close();
  await database.drop();
});

const form = {
  name: 'Riverside School',
  slug: 'riverside',
  domain: 'education',
  time_zone: 'Europe/Paris',
  first_name: 'Ana',
  last_name: 'Alvarez',
  email: 'Ana@Riverside.example',
  password: 'correct horse battery',
};

describe('the first run', () => {
  it('shows /setup to nobody who does not know its one-time address', async () => {
    const visitor = new Visitor(address);
    expect((await visitor.get('/setup')).status).toBe(404);
    expect((await visitor.form('/setup', { ...form, token: 'guessed' })).status).toBe(404);
  });

  it('keeps what was typed when something is wrong, but never the password', async () => {
    const path = app.get(SetupAddress).open();
    const token = new URL(path, address).searchParams.get('token')!;
    const visitor = new Visitor(address);
    expect((await visitor.get(path)).status).toBe(200);
    const refused = await visitor.form('/setup', { ...form, slug: 'Not A Slug', password: 'short', token });
    expect(refused.status).toBe(422);
    expect(refused.body).toContain('Riverside School');
    expect(refused.body).toContain('at least 10 characters');
    expect(refused.body).not.toContain('value="short"');
  });

  it('opens the organization, signs its administrator in, and is gone then', async () => {
    const path = app.get(SetupAddress).open();
    const token = new URL(path, address).searchParams.get('token')!;
    const visitor = new Visitor(address);
    const done = await visitor.form('/setup', { ...form, token });
    expect([done.status, done.headers.get('location')]).toEqual([303, '/']);
    const me = (await visitor.get('/api/auth/me')).json.data.user;
    expect(me).toMatchObject({
      email: 'ana@riverside.example',
      role: 'administrator',
      organization: { slug: 'riverside' },
    });
    expect((await visitor.get('/api/admin/users')).json.data[0].last_login_at).not.toBeNull();
    const states = (await visitor.get('/api/admin/presence-states')).json.data;
    expect(states.map((each: any) => each.code)).toEqual(['present', 'late', 'absent', 'excused']);
    expect((await new Visitor(address).form('/setup', { ...form, slug: 'second', token })).status).toBe(404);
    app.get(SetupAddress).open();
    const again = app.get(SetupAddress).open();
    const second = new URL(again, address).searchParams.get('token')!;
    expect((await new Visitor(address).form('/setup', { ...form, slug: 'second', token: second })).status).toBe(404);
  });
});
