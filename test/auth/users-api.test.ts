import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LoginSession, User } from '../../src/auth/index.js';
import { AuditLog } from '../../src/platform/ledger/audit-log.entity.js';
import { type Visitor } from '../support/visitor.js';
import { PASSWORD, World, type Place } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

let serial = 0;
const somebody = (more: object = {}) => ({
  email: `Person${++serial}@Riverside.example`,
  first_name: 'Nora',
  last_name: 'Nowak',
  role: 'frontline',
  ...more,
});
const invite = async (more: object = {}) => (await world.ana.post('/api/admin/users', somebody(more))).json.data;
const active = (more: object = {}) => invite({ password: PASSWORD, ...more });
const codes = (answer: { json: any }) => answer.json.errors.map((each: any) => [each.code, each.field]);
/** What was done to a user, as the audit names it. */
const factsOf = (place: Place, id: number) =>
  world.read(place, async (em) =>
    (await em.find(AuditLog, { tableName: 'users', recordId: id }, { orderBy: { id: 'asc' } })).map((row) => row.fact),
  );

describe('inviting somebody', () => {
  it('answers the user and, once, the link by which he chooses his password', async () => {
    const group = await world.addGroup(world.school);
    const answer = await world.ana.post('/api/admin/users', somebody({ group_ids: [group.id] }));
    expect(answer.status).toBe(201);
    const { data } = answer.json;
    expect(Object.keys(data)).toEqual(
      expect.arrayContaining(['id', 'email', 'first_name', 'last_name', 'role', 'status', 'participant_id']),
    );
    expect(data).toMatchObject({ status: 'invited', role: 'frontline', group_ids: [group.id], last_login_at: null });
    expect(data.email).toBe(data.email.toLowerCase());
    expect(data.mail_sent).toBe(false);
    expect(data.invitation_url).toMatch(new RegExp(`^${world.address}/invitation/[\\w-]{43}$`));
    const again = (await world.ana.get(`/api/admin/users/${data.id}`)).json.data;
    expect(again.invitation_url).toBeUndefined();
    expect(again).toMatchObject({ id: data.id, group_ids: [group.id] });
    expect(await factsOf(world.school, data.id)).toEqual(['user.invited']);
  });

  it('makes him active at once when a password is given', async () => {
    const data = await active();
    expect(data).toMatchObject({ status: 'active' });
    expect(data.invitation_url).toBeUndefined();
    await world.visitor().signIn(data.email, PASSWORD);
    expect(await factsOf(world.school, data.id)).toEqual(['user.created', 'auth.signed_in']);
  });

  it('refuses what does not fit, and names the field', async () => {
    const { email } = await invite();
    const refused: [object, string, string][] = [
      [{ email: email.toUpperCase() }, 'taken', 'email'],
      [{ email: 'nobody' }, 'invalid', 'email'],
      [{ first_name: '' }, 'required', 'first_name'],
      [{ last_name: 'x'.repeat(101) }, 'too_long', 'last_name'],
      [{ role: 'owner' }, 'invalid', 'role'],
      [{ role: undefined }, 'required', 'role'],
      [{ password: 'short' }, 'invalid', 'password'],
      [{ status: 'active' }, 'required', 'password'],
      [{ status: 'invited', password: PASSWORD }, 'invalid', 'password'],
      [{ group_ids: [987654321] }, 'unknown', 'group_ids'],
      [{ group_ids: 'all' }, 'invalid', 'group_ids'],
      [{ role: 'external' }, 'required', 'participant_id'],
      [{ role: 'external', participant_id: 987654321 }, 'unknown', 'participant_id'],
      [{ role: 'manager', participant_id: 987654321 }, 'invalid', 'participant_id'],
      [{ nickname: 'N' }, 'unknown_field', 'nickname'],
    ];
    for (const [more, code, field] of refused) {
      const answer = await world.ana.post('/api/admin/users', somebody(more));
      expect([more, answer.status]).toEqual([more, 422]);
      expect(codes(answer)).toContainEqual([code, field]);
      expect(codes(answer).every(([, named]: string[]) => named === field)).toBe(true);
    }
  });

  it('takes an address once, also when it comes twice at the same moment', async () => {
    const body = somebody();
    const answers = await Promise.all([1, 2, 3].map(() => world.ana.post('/api/admin/users', body)));
    expect(answers.map((each) => each.status).sort((a, b) => a - b)).toEqual([201, 422, 422]);
    const { email, ...theirs } = body;
    expect((await world.clara.post('/api/admin/users', { ...theirs, email })).status).toBe(201);
  });

  it('takes groups and participants of another organization for unknown', async () => {
    const group = await world.addGroup(world.other);
    const [person] = await world.addParticipants(world.other, ['Theo Theirs']);
    const foreign = await world.ana.post('/api/admin/users', somebody({ group_ids: [group.id] }));
    const unknown = await world.ana.post('/api/admin/users', somebody({ group_ids: [987654321] }));
    expect([foreign.status, foreign.body]).toEqual([422, unknown.body]);
    const external = await world.ana.post(
      '/api/admin/users',
      somebody({ role: 'external', participant_id: person!.id }),
    );
    expect(codes(external)).toEqual([['unknown', 'participant_id']]);
  });

  it('ties an external user to the participant that he is', async () => {
    const { participants } = await world.addRegister(world.school, 2);
    const data = await active({ role: 'external', participant_id: participants[0]!.id });
    const visitor = await world.visitor().signIn(data.email, PASSWORD);
    expect((await visitor.get(`/api/participants/${participants[0]!.id}`)).status).toBe(200);
    expect((await visitor.get(`/api/participants/${participants[1]!.id}`)).status).toBe(404);
    const manager = await world.ana.put(`/api/admin/users/${data.id}`, { role: 'manager' });
    expect(manager.json.data).toMatchObject({ role: 'manager', participant_id: null });
  });

  it('is for administrators, of their own organization', async () => {
    for (const visitor of [world.mara, world.bruno, world.emil])
      expect((await visitor.post('/api/admin/users', somebody())).status).toBe(403);
    expect((await world.visitor().post('/api/admin/users', somebody())).status).toBe(401);
    const { id } = await invite();
    const foreign = await world.clara.put(`/api/admin/users/${id}`, { first_name: 'Taken' });
    const unknown = await world.clara.put('/api/admin/users/987654321', { first_name: 'Taken' });
    expect([foreign.status, foreign.body]).toEqual([404, unknown.body]);
    const theirs = (await world.clara.get('/api/admin/users?per_page=500')).json.data;
    expect(theirs.map((each: any) => each.id)).not.toContain(id);
  });
});

describe('the list of users', () => {
  it('is paged, and found by words, role and state', async () => {
    const marie = await invite({ first_name: 'Zoé', last_name: 'Žižek', role: 'manager' });
    const found = async (query: string) =>
      (await world.ana.get(`/api/admin/users?${query}`)).json.data.map((each: any) => each.id);
    expect(await found('q=zizek zoe')).toEqual([marie.id]);
    expect(await found('q=ZOÉ')).toEqual([marie.id]);
    expect(await found(`q=${marie.email.slice(0, 8)}`)).toContain(marie.id);
    expect(await found('q=zizek&role=frontline')).toEqual([]);
    expect(await found('q=zizek&status=invited')).toEqual([marie.id]);
    expect(await found('q=zizek&status=active')).toEqual([]);
    const all = await found('per_page=500');
    const walked: number[] = [];
    for (let query = 'per_page=2'; query;) {
      const { data, meta } = (await world.ana.get(`/api/admin/users?${query}`)).json;
      expect(meta.total).toBe(all.length);
      walked.push(...data.map((each: any) => each.id));
      query = meta.next ? `per_page=2&cursor=${meta.next}` : '';
    }
    expect(walked).toEqual(all);
    expect((await world.ana.get('/api/admin/users?role=king')).status).toBe(422);
  });
});

describe('changing a user', () => {
  it('changes what is sent and leaves the rest', async () => {
    const [one, two] = [await world.addGroup(world.school), await world.addGroup(world.school)];
    const before = await active({ group_ids: [one.id] });
    const { data } = (await world.ana.put(`/api/admin/users/${before.id}`, { group_ids: [two.id], last_name: 'New' }))
      .json;
    expect(data).toMatchObject({ email: before.email, first_name: 'Nora', last_name: 'New', group_ids: [two.id] });
    expect((await world.ana.put(`/api/admin/users/${before.id}`, { group_ids: null })).json.data.group_ids).toEqual([]);
    expect(
      codes(await world.ana.put(`/api/admin/users/${before.id}`, { email: world.school.user.ana!.email })),
    ).toEqual([['taken', 'email']]);
  });

  it('is refused when somebody else was faster, and tells what stands there now', async () => {
    const { id } = await active();
    const seen = (await world.ana.get(`/api/admin/users/${id}`)).headers.get('etag')!;
    await world.ana.put(`/api/admin/users/${id}`, { last_name: 'First' });
    const late = await world.ana.put(`/api/admin/users/${id}`, { last_name: 'Second' }, { 'if-match': seen });
    expect([late.status, late.json.current.last_name]).toEqual([412, 'First']);
    // What is wrong with the change itself is told first.
    const taken = { email: world.school.user.ana!.email };
    expect((await world.ana.put(`/api/admin/users/${id}`, taken, { 'if-match': seen })).status).toBe(422);
    expect((await world.ana.delete(`/api/admin/users/${id}`, { 'if-match': seen })).status).toBe(412);
    const now = late.headers.get('etag')!;
    const again = await world.ana.put(`/api/admin/users/${id}`, { last_name: 'Second' }, { 'if-match': now });
    expect([again.status, again.json.data.last_name]).toEqual([200, 'Second']);
  });

  it('with a new password ends the sign-ins that were made with the old one', async () => {
    const { id, email } = await active();
    const visitor = await world.visitor().signIn(email, PASSWORD);
    await world.ana.put(`/api/admin/users/${id}`, { password: 'another long sentence' });
    expect((await visitor.get('/api/auth/me')).status).toBe(401);
    expect((await world.visitor().post('/api/auth/login', { email, password: PASSWORD })).status).toBe(401);
    await world.visitor().signIn(email, 'another long sentence');
  });

  it('sets nobody his own password: whoever finds a browser open would have the account', async () => {
    const me = (await world.ana.get('/api/auth/me')).json.data.user.id as number;
    const refused = [
      await world.ana.put(`/api/admin/users/${me}`, { password: 'another long sentence' }),
      await world.ana.post(`/api/admin/users/${me}/password-reset`),
    ];
    expect(refused.map((each) => [each.status, each.json.errors[0].code])).toEqual([
      [409, 'own_account'],
      [409, 'own_account'],
    ]);
    expect((await world.ana.get('/api/auth/me')).status).toBe(200);
  });

  it('with a new address kills the links that went to the old one', async () => {
    const { id, invitation_url } = await invite();
    const path = new URL(invitation_url).pathname;
    expect((await world.visitor().get(path)).status).toBe(200);
    await world.ana.put(`/api/admin/users/${id}`, { email: `right${id}@riverside.example` });
    expect((await world.visitor().get(path)).status).toBe(404);
  });
});

describe('disabling a user', () => {
  it('signs him out everywhere at once, and keeps him', async () => {
    const { id, email } = await active();
    const visitors: Visitor[] = [];
    for (let at = 0; at < 3; at++) visitors.push(await world.visitor().signIn(email, PASSWORD));
    const answer = await world.ana.delete(`/api/admin/users/${id}`);
    expect([answer.status, answer.json.data.status]).toEqual([200, 'disabled']);
    for (const visitor of visitors) expect((await visitor.get('/api/auth/me')).status).toBe(401);
    expect((await world.visitor().post('/api/auth/login', { email, password: PASSWORD })).status).toBe(401);
    expect(await world.read(world.school, (em) => em.count(LoginSession, { user: id }))).toBe(0);
    expect((await world.ana.delete(`/api/admin/users/${id}`)).status).toBe(200);
    const enabled = await world.ana.put(`/api/admin/users/${id}`, { status: 'active' });
    expect(enabled.json.data.status).toBe('active');
    for (const visitor of visitors) expect((await visitor.get('/api/auth/me')).status).toBe(401);
    await world.visitor().signIn(email, PASSWORD);
    await world.ana.put(`/api/admin/users/${id}`, { password: 'another long sentence' });
    const facts = (await factsOf(world.school, id)).filter((fact) => fact !== 'auth.signed_in');
    expect(facts).toEqual(['user.created', 'user.disabled', 'user.enabled', 'user.password_set']);
  });

  it('of somebody who never accepted leads back to an invitation, not to an account without a password', async () => {
    const { id, invitation_url } = await invite();
    await world.ana.delete(`/api/admin/users/${id}`);
    expect((await world.visitor().get(new URL(invitation_url).pathname)).status).toBe(404);
    expect((await world.ana.put(`/api/admin/users/${id}`, { status: 'active' })).json.data.status).toBe('invited');
  });
});

describe('the last administrator', () => {
  let place: Place;
  beforeAll(async () => {
    place = await world.openPlace('Small School', 'education', 'Europe/Paris', {
      ada: 'administrator',
      ben: 'administrator',
      tom: 'frontline',
    });
  });
  const at = (name: string) => `/api/admin/users/${place.user[name]!.id}`;

  it('is not disabled, demoted or removed, by nobody and not by himself', async () => {
    await place.visitor.ada!.put(at('ben'), { role: 'manager' });
    for (const [method, body] of [
      ['DELETE', undefined],
      ['PUT', { status: 'disabled' }],
      ['PUT', { role: 'manager' }],
      ['PUT', { role: 'frontline', status: 'active' }],
    ] as const) {
      const answer = await place.visitor.ada!.send(method, at('ada'), body);
      expect([method, answer.status, codes(answer)]).toEqual([method, 409, [['last_administrator', undefined]]]);
    }
    expect((await place.visitor.ada!.get(at('ada'))).json.data).toMatchObject({
      role: 'administrator',
      status: 'active',
    });
    await place.visitor.ada!.put(at('ben'), { role: 'administrator' });
  });

  it('who was invited and never came does not count', async () => {
    const invited = await place.visitor.ada!.post('/api/admin/users', {
      ...somebody({ role: 'administrator' }),
    });
    expect(invited.status).toBe(201);
    await place.visitor.ada!.put(at('ben'), { role: 'manager' });
    expect((await place.visitor.ada!.put(at('ada'), { role: 'manager' })).status).toBe(409);
    await place.visitor.ada!.put(at('ben'), { role: 'administrator' });
  });

  it('is left when two remove each other at the same moment', async () => {
    for (let round = 0; round < 6; round++) {
      const body = round % 2 === 0 ? { role: 'manager' } : { status: 'disabled' };
      const [ada, ben] = [place.visitor.ada!, await world.visitor().signIn(place.user.ben!.email, PASSWORD)];
      const answers = await Promise.all([ada.put(at('ben'), body), ben.put(at('ada'), body)]);
      const left = await world.read(place, (em) => em.count(User, { role: 'administrator', status: 'active' }));
      expect([round, left, answers.filter((each) => each.status === 200).length]).toEqual([round, 1, 1]);
      await world.write(place, async (tx) => {
        for (const name of ['ada', 'ben'])
          Object.assign(await tx.findOneOrFail(User, place.user[name]!.id), {
            role: 'administrator',
            status: 'active',
          });
      });
      place.visitor.ada = await world.visitor('ada').signIn(place.user.ada!.email, PASSWORD);
    }
  });
});
