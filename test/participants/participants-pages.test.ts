import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Participant } from '../../src/participants/index.js';
import { countStatements } from '../support/count-statements.js';
import { type Place, World } from '../world.js';

let world: World;
let hotel: Place;
beforeAll(async () => {
  world = await World.open();
  hotel = await world.openPlace('Seaside Hotel', 'hospitality', 'Africa/Cairo', {
    nora: 'administrator',
    fred: 'frontline',
  });
});
afterAll(() => world.close());

/** The text of a page, without its tags. */
const textOf = (html: string) =>
  html
    .replace(/<(script|style)[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ');
const find = (id: number) => world.read(world.school, (em) => em.findOneOrFail(Participant, { id }));

describe('the list of participants', () => {
  it('says what to do first, in the words of the place', async () => {
    const page = await hotel.visitor.nora!.get('/participants');
    expect(textOf(page.body)).toContain('There are no guests yet.');
    expect(page.body).toContain('href="/import"');
    expect(page.body).toContain('href="/participants/new"');
    const forFred = await hotel.visitor.fred!.get('/participants');
    expect(forFred.body).not.toContain('href="/participants/new"');
    for (const path of [
      '/',
      '/participants',
      '/participants/new',
      '/groups',
      '/groups/new',
      '/sessions',
      '/sessions/new',
    ])
      expect(textOf((await hotel.visitor.nora!.get(path)).body)).not.toMatch(/student|class\b|lesson|school/i);
  });

  it('is in the order of names, can be searched and narrowed, and turns pages', async () => {
    const group = await world.addGroup(world.school, 'Class 7B');
    const names = Array.from({ length: 55 }, (_, at) => `First Zebra${String(at).padStart(2, '0')}`);
    const people = await world.addParticipants(world.school, names, group);
    const one = await world.mara.get(`/participants?group=${group.id}`);
    expect(one.body.indexOf('Zebra00')).toBeLessThan(one.body.indexOf('Zebra49'));
    expect(one.body).not.toContain('Zebra50');
    expect(textOf(one.body)).toContain('1 to 50 of 55');
    expect(textOf(one.body)).toContain('Class 7B');
    expect((await world.mara.get(`/participants?group=${group.id}&page=2`)).body).toContain('Zebra54');
    const found = await world.mara.get('/participants?q=zebra13');
    expect(textOf(found.body)).toContain('1 to 1 of 1');
    await world.ana.form(`/participants/${people[0]!.id}/deactivate`, {});
    expect((await world.mara.get(`/participants?q=zebra00`)).body).not.toContain(`/participants/${people[0]!.id}"`);
    expect((await world.mara.get(`/participants?q=zebra00&active=no`)).body).toContain(
      `/participants/${people[0]!.id}"`,
    );
    expect(textOf((await world.mara.get('/participants?q=nobodyatall')).body)).toContain('Nobody fits this search.');
    for (const nonsense of ['page=-1', 'page=x', 'group=x', 'active=maybe', 'q=%25', `q=${'x'.repeat(300)}`, 'q[]=a'])
      expect((await world.mara.get(`/participants?${nonsense}`)).status).toBe(200);
  });

  it('answers a search as you type with the list alone', async () => {
    const part = await world.mara.get('/participants?q=zebra13', {
      'hx-request': 'true',
      'hx-request-type': 'partial',
    });
    expect(part.body).toContain('Zebra13');
    expect(part.body).not.toContain('<html');
  });

  it('needs as many statements for one person as for fifty', async () => {
    const few = await countStatements(world, () => world.mara.get('/participants?q=zebra13'));
    const many = await countStatements(world, () => world.mara.get('/participants?q=zebra'));
    expect(many).toBe(few);
    expect(few).toBeGreaterThan(2);
  });

  it('shows names as they are, never as markup', async () => {
    await world.addParticipants(world.school, ['<script>alert(1)</script> Markup']);
    const page = await world.ana.get('/participants?q=markup');
    expect(page.body).not.toContain('<script>alert');
    expect(page.body).toContain('&lt;script&gt;alert');
  });
});

describe('adding and editing a participant', () => {
  it('goes to the new page, and tells what was done', async () => {
    const answer = await world.ana.form('/participants/new', {
      first_name: 'Rosa',
      last_name: 'Parks',
      identifier: '',
      email: '',
    });
    expect(answer.status).toBe(303);
    const page = await world.ana.get(answer.headers.get('location')!);
    expect(textOf(page.body)).toContain('Rosa Parks is enrolled.');
    expect(await find(Number(/\d+/.exec(answer.headers.get('location')!)![0]))).toMatchObject({
      identifier: null,
      email: null,
    });
  });

  it('keeps what was typed when it is refused, and says why at the field', async () => {
    await world.ana.form('/participants/new', { first_name: 'A', last_name: 'B', identifier: 'DUP-1' });
    const answer = await world.ana.form('/participants/new', {
      first_name: 'x'.repeat(101),
      last_name: 'Kept <b>here</b>',
      identifier: 'DUP-1',
      date_of_birth: '2012-02-29',
    });
    expect(answer.status).toBe(422);
    expect(answer.body).toContain('value="Kept &lt;b&gt;here&lt;/b&gt;"');
    expect(answer.body).toContain('value="2012-02-29"');
    expect(answer.body).toContain('id="first_name-error"');
    const taken = await world.ana.form('/participants/new', { first_name: 'A', last_name: 'C', identifier: 'DUP-1' });
    expect(taken.status).toBe(422);
    expect(taken.body).toContain('id="identifier-error"');
  });

  it('joins the class from which it was opened', async () => {
    const group = await world.addGroup(world.school, 'Joined');
    expect(textOf((await world.ana.get(`/participants/new?group_id=${group.id}`)).body)).toContain(
      'Joins Joined at once.',
    );
    const answer = await world.ana.form('/participants/new', {
      first_name: 'Joi',
      last_name: 'Ner',
      group_id: String(group.id),
    });
    const page = await world.ana.get(answer.headers.get('location')!);
    expect(textOf(page.body)).toContain('Ner, Joi');
    expect(textOf(page.body)).toContain('1 student ');
  });

  it('changes and clears', async () => {
    const [person] = await world.addParticipants(world.school, ['Old Name']);
    const answer = await world.ana.form(`/participants/${person!.id}/edit`, {
      first_name: 'New',
      last_name: 'Name',
      identifier: '',
    });
    expect(answer.headers.get('location')).toBe(`/participants/${person!.id}?done=changed`);
    expect(await find(person!.id)).toMatchObject({ firstName: 'New', identifier: null });
    const refused = await world.ana.form(`/participants/${person!.id}/edit`, { first_name: '', last_name: 'Name' });
    expect(refused.status).toBe(422);
    expect((await find(person!.id)).firstName).toBe('New');
  });

  it('deactivates with a way back that names the person', async () => {
    const [person] = await world.addParticipants(world.school, ['Gone Person']);
    const answer = await world.ana.form(`/participants/${person!.id}/deactivate`, {});
    const page = await world.ana.get(answer.headers.get('location')!);
    expect(textOf(page.body)).toContain('Gone Person is no longer expected on registers.');
    expect(page.body).toContain(`action="/participants/${person!.id}/reactivate" data-undo`);
    expect((await find(person!.id)).isActive).toBe(false);
    await world.ana.form(`/participants/${person!.id}/reactivate`, {});
    expect((await find(person!.id)).isActive).toBe(true);
  });

  it('is not for those who only teach or look, nor for another organization', async () => {
    const [person] = await world.addParticipants(world.school, ['Guarded Person']);
    const acts: [string, string][] = [
      ['GET', '/edit'],
      ['POST', '/edit'],
      ['POST', '/deactivate'],
      ['POST', '/reactivate'],
    ];
    for (const visitor of [world.bruno, world.mara, world.emil]) {
      for (const [method, path] of acts)
        expect((await visitor.send(method, `/participants/${person!.id}${path}`)).status).toBe(403);
      expect((await visitor.get('/participants/new')).status).toBe(403);
      expect((await visitor.form('/participants/new', {})).status).toBe(403);
    }
    for (const [method, path] of [['GET', ''] as [string, string], ...acts])
      expect((await world.clara.send(method, `/participants/${person!.id}${path}`)).status).toBe(404);
    expect((await world.emil.get('/participants')).status).toBe(403);
    expect((await world.visitor().get('/participants')).headers.get('location')).toBe('/login?next=%2Fparticipants');
  });
});
