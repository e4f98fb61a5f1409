import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PASSWORD, World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

let serial = 0;
const form = (more: object = {}) => ({
  first_name: 'Nora',
  last_name: 'Nowak',
  email: `page${++serial}@riverside.example`,
  role: 'frontline',
  participant_id: '',
  ...more,
});
async function somebody(more: object = {}) {
  const { participant_id: _, ...body } = form(more);
  return (await world.ana.post('/api/admin/users', { password: PASSWORD, ...body })).json.data;
}
const versionOn = (page: { body: string }) =>
  /name="version" value="([^"]*)"/.exec(page.body)![1]!.replaceAll('&quot;', '"');

describe('the pages of users', () => {
  it('invite somebody and show the link once', async () => {
    const group = await world.addGroup(world.school, 'Class 9Z');
    const fields = Object.entries({ ...form(), group_ids: String(group.id) });
    const made = await world.ana.form('/settings/users/new', fields);
    expect(made.status).toBe(200);
    const link = /value="(http:[^"]*\/invitation\/[\w-]{43})"/.exec(made.body)![1]!;
    const visitor = world.visitor();
    await visitor.form(new URL(link).pathname, { password: PASSWORD });
    const { id } = (await visitor.get('/api/auth/me')).json.data.user;
    expect((await world.ana.get(`/api/admin/users/${id}`)).json.data.group_ids).toEqual([group.id]);
    const page = await world.ana.get(`/settings/users/${id}`);
    expect([page.status, page.body.includes('/invitation/')]).toEqual([200, false]);
    expect(page.body).toMatch(new RegExp(`value="${group.id}" checked`));
  });

  it('keep what was typed when it is refused', async () => {
    const fields = Object.entries({ ...form(), last_name: '', email: 'nobody', group_ids: '987654321' });
    const refused = await world.ana.form('/settings/users/new', fields);
    expect(refused.status).toBe(422);
    for (const kept of ['value="Nora"', 'value="nobody"', 'value="frontline" checked'])
      expect([kept, refused.body.includes(kept)]).toEqual([kept, true]);
  });

  it('give a participant access when they are opened for him, and nobody of another organization', async () => {
    const [person] = await world.addParticipants(world.school, ['Petra Pupil']);
    const [stranger] = await world.addParticipants(world.other, ['Sven Stranger']);
    const page = await world.ana.get(`/settings/users/new?participant_id=${person!.id}`);
    for (const filled of [
      'value="Petra"',
      'value="external" checked',
      `name="participant_id" type="text" value="${person!.id}"`,
    ])
      expect([filled, page.body.includes(filled)]).toEqual([filled, true]);
    expect((await world.ana.get(`/settings/users/new?participant_id=${stranger!.id}`)).body).not.toContain('Sven');
  });

  it('list, search and filter', async () => {
    const user = await somebody({ first_name: 'Ödön', last_name: 'Horváth' });
    const found = await world.ana.get('/settings/users?q=odon+horvath');
    expect(found.body).toContain(`/settings/users/${user.id}"`);
    expect((await world.ana.get('/settings/users?q=odon&status=disabled')).body).not.toContain(
      `/settings/users/${user.id}"`,
    );
    const fragment = await world.ana.get('/settings/users?q=odon', { 'hx-request': 'true' });
    expect([fragment.body.includes('<html'), fragment.body.includes(user.email)]).toEqual([false, true]);
    expect((await world.ana.get('/settings/users?page=0&role=king')).status).toBe(200);
  });

  it('warn while there is only one administrator', async () => {
    const place = await world.openPlace('Lone School', 'education', 'Europe/Paris', { ada: 'administrator' });
    const warned = async () =>
      (await place.visitor.ada!.get('/settings/users')).body.includes('only one administrator');
    expect(await warned()).toBe(true);
    await place.visitor.ada!.post('/api/admin/users', {
      email: `second@${place.organization.slug}.example`,
      first_name: 'Sec',
      last_name: 'Ond',
      role: 'administrator',
      password: PASSWORD,
    });
    expect(await warned()).toBe(false);
  });

  it('change somebody; who was slower is told what changed, keeps what he typed, and may save it then', async () => {
    const user = await somebody();
    const path = `/settings/users/${user.id}`;
    const version = versionOn(await world.ana.get(path));
    const first = await world.ana.form(path, { ...form({ email: user.email }), last_name: 'First', version });
    expect(first.headers.get('location')).toBe(`${path}?done=changed`);
    const second = await world.ana.form(path, { ...form({ email: user.email }), last_name: 'Second', version });
    expect(second.status).toBe(409);
    for (const shown of ['value="Second"', '<dd>First</dd>']) expect(second.body).toContain(shown);
    const fields = { ...form({ email: user.email }), last_name: 'Second', version: versionOn(second) };
    expect((await world.ana.form(path, fields)).status).toBe(303);
    expect((await world.ana.get(`/api/admin/users/${user.id}`)).json.data.last_name).toBe('Second');
    // That he signed in meanwhile is no change.
    const seen = versionOn(await world.ana.get(path));
    await world.visitor().signIn(user.email, PASSWORD);
    expect((await world.ana.form(path, { ...fields, version: seen })).status).toBe(303);
  });

  it('are told of a group that was added meanwhile from its own page', async () => {
    const [kept, added] = [
      await world.addGroup(world.school, 'Kept choir'),
      await world.addGroup(world.school, 'New choir'),
    ];
    const user = await somebody();
    const path = `/settings/users/${user.id}`;
    const fields = { ...form({ email: user.email }), group_ids: String(kept.id) };
    const version = versionOn(await world.ana.get(path));
    expect((await world.ana.form(`/groups/${added.id}/users`, { user_id: String(user.id) })).status).toBe(303);
    const late = await world.ana.form(path, { ...fields, version });
    expect(late.status).toBe(409);
    expect(late.body).toMatch(/What is saved now:[^]*<dd>New choir<\/dd>/);
    const groups = async () => (await world.ana.get(`/api/admin/users/${user.id}`)).json.data.group_ids;
    expect(await groups()).toEqual([added.id]);
    expect((await world.ana.form(path, { ...fields, version: versionOn(late) })).status).toBe(303);
    expect(await groups()).toEqual([kept.id]);
  });

  it('ask with the name before somebody is disabled, and take it back', async () => {
    const user = await somebody({ last_name: 'Departing' });
    const visitor = await world.visitor().signIn(user.email, PASSWORD);
    const path = `/settings/users/${user.id}`;
    expect((await world.ana.get(`${path}/disable`)).body).toContain('Disable Nora Departing?');
    const done = await world.ana.form(`${path}/disable`, {});
    expect(done.headers.get('location')).toBe(`${path}?done=disabled`);
    expect((await visitor.get('/')).headers.get('location')).toBe('/login?next=%2F');
    const told = await world.ana.get(`${path}?done=disabled`);
    expect(told.body).toContain(`action="${path}/enable"`);
    await world.ana.form(`${path}/enable`, {});
    await world.visitor().signIn(user.email, PASSWORD);
  });

  it('say why the last administrator stays', async () => {
    const place = await world.openPlace('Only School', 'education', 'Europe/Paris', { ada: 'administrator' });
    const path = `/settings/users/${place.user.ada!.id}`;
    const answer = await place.visitor.ada!.form(`${path}/disable`, {});
    expect([answer.status, answer.body.includes('last administrator')]).toEqual([409, true]);
    expect((await place.visitor.ada!.get('/api/auth/me')).status).toBe(200);
  });

  it('make a link for a new password, and reset a second factor', async () => {
    const user = await somebody();
    const path = `/settings/users/${user.id}`;
    const made = await world.ana.form(`${path}/password-reset`, {});
    expect([made.status, /\/password-reset\/[\w-]{43}"/.test(made.body)]).toEqual([200, true]);
    expect((await world.ana.form(`${path}/invitation`, {})).status).toBe(409);
    expect((await world.ana.form(`${path}/reset-second-factor`, {})).status).toBe(303);
  });

  it('are for administrators of the organization', async () => {
    const user = await somebody();
    for (const visitor of [world.mara, world.bruno, world.emil])
      expect((await visitor.get('/settings/users')).status).toBe(403);
    for (const path of ['', '/disable']) {
      const foreign = await world.clara.get(`/settings/users/${user.id}${path}`);
      expect(foreign.status).toBe(404);
    }
    expect((await world.clara.form(`/settings/users/${user.id}/disable`, {})).status).toBe(404);
  });
});
