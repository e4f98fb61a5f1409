import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

describe('text that cannot be kept', () => {
  it('is refused by field at every door: NUL, half characters, what could not be decoded', async () => {
    const { session, participants } = await world.addRegister(world.school, 1);
    const mark = { session_id: session.id, participant_id: participants[0]!.id };
    const tries: [string, unknown][] = [
      ['/api/auth/login', { email: 'a\u0000@b.example', password: 'xxxxxxxxxx' }],
      ['/api/presence', { ...mark, presence_state: '\ud800' }],
      ['/api/participants', { first_name: 'A', last_name: 'B', extra_data: { k: '\ud800' } }],
      ['/api/participants', { first_name: 'A', last_name: 'B', extra_data: { '\ud800': 'v' } }],
      ['/api/participants', { first_name: '\ufffd', last_name: 'B' }],
      ['/api/participants', { first_name: '\u200b', last_name: 'B' }],
    ];
    for (const [path, body] of tries) {
      const answer = await world.ana.post(path, body);
      expect([path, body, answer.status]).toEqual([path, body, 422]);
    }
    for (const path of [
      '/api/participants?q=%00',
      '/api/groups?q=%00',
      '/participants?q=%00',
      '/sessions?q=%00',
      '/api/presence?presence_state=%00',
    ])
      expect([path, (await world.ana.get(path)).status]).toEqual([path, 422]);
  });

  it('nested without end is refused', async () => {
    let deep: unknown = 'x';
    for (let i = 0; i < 200; i++) deep = { a: deep };
    const answer = await world.ana.post('/api/participants', { first_name: 'A', last_name: 'B', extra_data: deep });
    expect([answer.status, answer.json.errors[0].field]).toEqual([422, 'extra_data']);
  });
});

describe('requests that cannot be read', () => {
  it('are refused by their media type, and nothing is done', async () => {
    const { session } = await world.addRegister(world.school, 1);
    const path = `/api/sessions/${session.id}/start`;
    for (const type of ['application/json-patch+json', 'text/plain', 'multipart/form-data; boundary=x']) {
      const answer = await world.ana.send('PATCH', path, '{"at":"2020-01-01T00:00:00Z"}', { 'content-type': type });
      expect([type, answer.status]).toEqual([type, 415]);
    }
    expect((await world.ana.get(`/api/sessions/${session.id}`)).json.data.status).toBe('scheduled');
  });

  it('show the form again when nothing was sent at all', async () => {
    for (const path of [
      '/groups/new',
      '/participants/new',
      '/sessions/new',
      '/settings/users/new',
      '/settings/states/new',
    ])
      expect([path, (await world.ana.post(path)).status]).toEqual([path, 422]);
  });

  it('for a notice that every object of the language has are pages without a notice', async () => {
    for (const path of ['/account', '/settings/rules', '/settings/users', '/settings/states', '/settings/templates'])
      for (const word of ['constructor', 'toString', '__proto__'])
        expect([path, word, (await world.ana.get(`${path}?done=${word}`)).status]).toEqual([path, word, 200]);
  });

  it('by a path that cannot be decoded are 401 for strangers and 404 for everybody else, like any other', async () => {
    const unknown = await world.ana.get('/api/participants/999999999');
    const broken = await world.ana.get('/api/participants/%ff');
    expect([broken.status, broken.body]).toEqual([404, unknown.body]);
    expect((await world.visitor().get('/api/participants/%ff')).status).toBe(401);
  });

  it('to /API are answered like those to /api', async () => {
    const answer = await world.visitor().get('/API/participants');
    expect([answer.status, answer.json.errors[0].code]).toEqual([401, 'login_required']);
  });
});

describe('a session with nobody on its register', () => {
  it('has a page that says what to do first', async () => {
    const group = await world.addGroup(world.school, 'Empty');
    const session = await world.addSession(world.school, group);
    for (const visitor of [world.ana, world.bruno, world.mara]) {
      const page = await visitor.get(`/sessions/${session.id}`);
      expect(page.status).toBe(200);
      expect(page.body).toContain('Nobody is expected here yet');
    }
    expect((await world.bruno.form(`/sessions/${session.id}/people`, { first_name: '' })).status).toBe(422);
  });
});
