import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GroupAssignment } from '../../src/participants/index.js';
import { Organization } from '../../src/tenancy/index.js';
import { World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const codes = (answer: any): string[] =>
  answer.json.errors.map((each: any) => `${each.code} ${each.field ?? ''}`.trim());
let serial = 0;
const enrol = async (more: object = {}) =>
  (await world.ana.post('/api/participants', { first_name: 'Ada', last_name: `Lovelace ${++serial}`, ...more })).json
    .data;

describe('enrolling a participant', () => {
  it('answers the whole record, and gives it again when it is asked for', async () => {
    const answer = await world.ana.post('/api/participants', {
      first_name: '  José ',
      last_name: 'Núñez',
      identifier: 'P-1',
      external_id: 'x/1',
      date_of_birth: '2012-02-29',
      email: 'jose@example.org',
      phone: '+33 1 23',
      extra_data: { locker: 7 },
    });
    expect(answer.status).toBe(201);
    expect(answer.json.data).toEqual({
      id: expect.any(Number),
      first_name: 'José',
      last_name: 'Núñez',
      identifier: 'P-1',
      external_id: 'x/1',
      date_of_birth: '2012-02-29',
      email: 'jose@example.org',
      phone: '+33 1 23',
      extra_data: { locker: 7 },
      is_active: true,
      photo: null,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      updated_at: expect.any(String),
    });
    expect((await world.ana.get(`/api/participants/${answer.json.data.id}`)).json).toEqual(answer.json);
  });

  it('says which fields cannot be taken, and why', async () => {
    const answer = await world.ana.post('/api/participants', {
      first_name: 'x'.repeat(101),
      date_of_birth: '2026-02-30',
      email: 'nobody',
      phone: 'a\u0007b',
      colour: 'red',
    });
    expect(answer.status).toBe(422);
    expect(codes(answer).sort()).toEqual(
      [
        'too_long first_name',
        'required last_name',
        'invalid date_of_birth',
        'invalid email',
        'invalid phone',
        'unknown_field colour',
      ].sort(),
    );
  });

  it('takes 100 letters of any script, an emoji, and a formula as what they are', async () => {
    const person = await enrol({ first_name: '😀'.repeat(100), last_name: '=1+1', identifier: 'ﷺ'.repeat(100) });
    expect(person).toMatchObject({ first_name: '😀'.repeat(100), last_name: '=1+1' });
  });

  it('refuses a date of birth in the future', async () => {
    const answer = await world.ana.post('/api/participants', {
      first_name: 'A',
      last_name: 'B',
      date_of_birth: '2999-01-01',
    });
    expect(codes(answer)).toEqual(['invalid date_of_birth']);
  });

  it('refuses an identifier and an external id that somebody has, but lets many have none', async () => {
    await enrol({ identifier: 'T-1', external_id: 'T-1' });
    const again = await world.ana.post('/api/participants', {
      first_name: 'A',
      last_name: 'B',
      identifier: 'T-1',
      external_id: 'T-1',
    });
    expect(again.status).toBe(422);
    expect(codes(again)).toEqual(['taken identifier', 'taken external_id']);
    expect((await enrol({ identifier: 't-1' })).identifier).toBe('t-1');
    expect((await enrol({ identifier: null })).identifier).toBeNull();
    expect((await enrol({ identifier: '' })).identifier).toBeNull();
  });

  it('gives an identifier to one of ten who ask for it at the same time', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, at) =>
        world.ana.post('/api/participants', { first_name: 'Race', last_name: `${at}`, identifier: 'RACE' }),
      ),
    );
    expect(answers.filter((each) => each.status === 201)).toHaveLength(1);
    for (const each of answers.filter((one) => one.status !== 201)) expect(codes(each)).toEqual(['taken identifier']);
  });

  it('is not for those who only teach or look, nor for another organization', async () => {
    const { id } = await enrol();
    for (const visitor of [world.bruno, world.mara, world.emil]) {
      expect((await visitor.post('/api/participants', {})).status).toBe(403);
      expect((await visitor.put(`/api/participants/${id}`, {})).status).toBe(403);
      expect((await visitor.delete(`/api/participants/${id}`)).status).toBe(403);
    }
    expect((await world.visitor().get('/api/participants')).status).toBe(401);
    const unknown = await world.clara.get('/api/participants/999999999');
    for (const path of [`/api/participants/${id}`, '/api/participants/abc', '/api/participants/0']) {
      expect((await world.clara.get(path)).body).toBe(unknown.body);
      expect((await world.clara.put(path, { nonsense: 1 })).body).toBe(unknown.body);
      expect((await world.clara.delete(path)).status).toBe(404);
    }
  });
});

describe('changing a participant', () => {
  it('changes what is given, clears what is null and leaves the rest alone', async () => {
    const person = await enrol({ phone: '1', email: 'a@example.org', extra_data: { a: 1 } });
    const answer = await world.ana.put(`/api/participants/${person.id}`, { first_name: 'Grace', phone: null });
    expect(answer.status).toBe(200);
    expect(answer.json.data).toMatchObject({
      ...person,
      first_name: 'Grace',
      phone: null,
      updated_at: expect.any(String),
    });
    expect(codes(await world.ana.put(`/api/participants/${person.id}`, { last_name: null }))).toEqual([
      'invalid last_name',
    ]);
    expect(
      (await world.ana.get(`/api/participants?q=${encodeURIComponent(`grace ${person.last_name}`)}`)).json.meta.total,
    ).toBe(1);
  });

  it('keeps one identifier with one person', async () => {
    const person = await enrol({ identifier: 'C-1' });
    await enrol({ identifier: 'C-2' });
    expect(codes(await world.ana.put(`/api/participants/${person.id}`, { identifier: 'C-2' }))).toEqual([
      'taken identifier',
    ]);
    expect((await world.ana.put(`/api/participants/${person.id}`, { identifier: 'C-1' })).status).toBe(200);
  });

  it('deactivates instead of deleting, and takes it back', async () => {
    const person = await enrol();
    expect((await world.ana.delete(`/api/participants/${person.id}`)).json.data.is_active).toBe(false);
    expect((await world.ana.delete(`/api/participants/${person.id}`)).json.data.is_active).toBe(false);
    expect((await world.ana.put(`/api/participants/${person.id}`, { is_active: true })).json.data.is_active).toBe(true);
  });
});

describe('finding participants', () => {
  it('finds by parts of name and identifier, whatever accents and capitals', async () => {
    const person = await enrol({ first_name: 'Žofie', last_name: 'Dvořáková', identifier: 'Q_100%' });
    for (const q of ['zofie', 'DVORAK', 'dvor zof', 'q_100%', '100%'])
      expect(
        (await world.mara.get(`/api/participants?q=${encodeURIComponent(q)}`)).json.data.map((each: any) => each.id),
      ).toEqual([person.id]);
    expect((await world.mara.get('/api/participants?q=zof!ie')).json.data).toEqual([]);
    expect((await world.mara.get('/api/participants?identifier=Q_100%25')).json.data).toHaveLength(1);
    expect((await world.mara.get('/api/participants?identifier=q_100%25')).json.data).toHaveLength(0);
  });

  it('tells the members of a group, and those who are active', async () => {
    const group = await world.addGroup(world.school);
    const [one, two] = await world.addParticipants(world.school, ['One Member', 'Two Member'], group);
    await world.ana.delete(`/api/participants/${two!.id}`);
    const ids = async (query: string) =>
      (await world.ana.get(`/api/participants?group_id=${group.id}${query}`)).json.data.map((each: any) => each.id);
    expect(await ids('')).toEqual([one!.id, two!.id]);
    expect(await ids('&is_active=true')).toEqual([one!.id]);
    expect(await ids('&is_active=false')).toEqual([two!.id]);
    const foreign = await world.addGroup(world.other);
    const answer = await world.ana.get(`/api/participants?group_id=${foreign.id}`);
    expect(codes(answer)).toEqual(['unknown group_id']);
    expect((await world.ana.get('/api/participants?group_id=999999999')).body).toBe(answer.body);
  });

  it('turns pages, and a cursor neither skips nor repeats while others enrol', async () => {
    const group = await world.addGroup(world.school);
    const people = await world.addParticipants(world.school, ['A A', 'B B', 'C C', 'D D', 'E E'], group);
    const base = `/api/participants?group_id=${group.id}&per_page=2`;
    const first = (await world.ana.get(base)).json;
    expect(first.meta).toEqual({ page: 1, per_page: 2, total: 5, next: expect.any(String) });
    expect((await world.ana.get(`${base}&page=3`)).json.data.map((each: any) => each.id)).toEqual([people[4]!.id]);
    const seen = first.data.map((each: any) => each.id);
    await world.addParticipants(world.school, ['F F'], group);
    for (let next = first.meta.next; next;) {
      const page = (await world.ana.get(`${base}&cursor=${next}`)).json;
      seen.push(...page.data.map((each: any) => each.id));
      next = page.meta.next;
    }
    expect(seen.slice(0, 5)).toEqual(people.map((each) => each.id));
    expect(new Set(seen).size).toBe(6);
    for (const bad of [
      'page=0',
      'per_page=501',
      'per_page=0',
      'per_page=x',
      'cursor=%21',
      'cursor=abc',
      'is_active=maybe',
    ])
      expect((await world.ana.get(`/api/participants?${bad}`)).status).toBe(422);
  });
});

describe('a teacher who works with assigned groups only', () => {
  it('sees those groups, their people and their sessions, and nothing else', async () => {
    const place = await world.openPlace('Small School', 'education', 'Europe/Paris', {
      dora: 'administrator',
      till: 'frontline',
    });
    const { till, dora } = place.visitor;
    const mine = await world.addGroup(place, 'Mine');
    const theirs = await world.addGroup(place, 'Theirs');
    const [ada] = await world.addParticipants(place, ['Ada Mine'], mine);
    const [bob] = await world.addParticipants(place, ['Bob Theirs'], theirs);
    const session = await world.addSession(place, mine);
    const other = await world.addSession(place, theirs);
    expect((await till!.get('/api/groups')).json.data).toHaveLength(2);
    await world.write(place, async (tx) => {
      (await tx.findOneOrFail(Organization, { id: place.organization.id })).settings = { frontline_groups: 'assigned' };
      tx.create(GroupAssignment, { user: place.user.till!.id, group: mine.id });
    });
    const ids = async (path: string) => (await till!.get(path)).json.data.map((each: any) => each.id);
    expect(await ids('/api/groups')).toEqual([mine.id]);
    expect(await ids('/api/participants')).toEqual([ada!.id]);
    expect(await ids('/api/sessions')).toEqual([session.id]);
    for (const path of [
      `participants/${bob!.id}`,
      `groups/${theirs.id}`,
      `groups/${theirs.id}/members`,
      `sessions/${other.id}`,
    ])
      expect((await till!.get(`/api/${path}`)).status).toBe(404);
    for (const path of [
      `participants/${ada!.id}`,
      `groups/${mine.id}`,
      `groups/${mine.id}/members`,
      `sessions/${session.id}`,
    ])
      expect((await till!.get(`/api/${path}`)).status).toBe(200);
    expect((await till!.patch(`/api/sessions/${other.id}/start`, { nonsense: 1 })).status).toBe(404);
    expect(codes(await till!.get(`/api/sessions?group_id=${theirs.id}`))).toEqual(['unknown group_id']);
    const plan = { name: 'X', scheduled_start_at: '2026-11-20T09:00:00Z', scheduled_end_at: '2026-11-20T10:00:00Z' };
    expect(codes(await till!.post('/api/sessions', { ...plan, group_id: theirs.id }))).toEqual(['unknown group_id']);
    expect((await till!.post('/api/sessions', { ...plan, group_id: mine.id })).status).toBe(201);
    expect(await (await dora!.get('/api/groups')).json.data).toHaveLength(2);
  });
});

describe('an external participant', () => {
  it('sees himself and nobody else', async () => {
    const [emil, other] = await world.addParticipants(world.school, ['Emil Example', 'Someone Else']);
    await world.write(world.school, async (tx) => {
      const user = await tx.findOneOrFail(world.school.user.emil!.constructor as any, {
        id: world.school.user.emil!.id,
      });
      (user as any).participant = emil!.id;
    });
    expect((await world.emil.get(`/api/participants/${emil!.id}`)).status).toBe(200);
    expect((await world.emil.get(`/api/participants/${other!.id}`)).status).toBe(404);
    expect((await world.emil.get('/api/participants')).status).toBe(403);
  });
});
