import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { GroupAssignment, type Group } from '../../src/participants/index.js';
import { clock } from '../../src/platform/clock.js';
import { SyncConflict } from '../../src/presence/index.js';
import { Session } from '../../src/sessions/index.js';
import { Organization } from '../../src/tenancy/index.js';
import { countStatements } from '../support/count-statements.js';
import { World } from '../world.js';

let world: World;
let group: Group;
const now = clock.now;
beforeAll(async () => {
  world = await World.open();
  group = await world.addGroup(world.school, 'Class 5E');
});
afterEach(() => {
  clock.now = now;
});
afterAll(() => world.close());

const textOf = (html: string) =>
  html
    .replace(/<(script|style)[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ');
const linked = (html: string) =>
  [...html.matchAll(/class="row-title" href="\/sessions\/(\d+)"/g)].map((match) => Number(match[1]));
const form = (more: object = {}) => ({
  group_id: String(group.id),
  name: 'Chess',
  location: '',
  date: '2026-05-04',
  start: '09:00',
  end: '09:45',
  ...more,
});
const last = () =>
  world.read(world.school, (em) => em.findOneOrFail(Session, { id: { $gt: 0 } }, { orderBy: { id: 'desc' } }));
const find = (id: number) => world.read(world.school, (em) => em.findOneOrFail(Session, { id }));

describe('scheduling on a page', () => {
  it('reads times in the zone of the organization', async () => {
    const answer = await world.bruno.form('/sessions/new', form());
    expect(answer.status).toBe(303);
    const session = await last();
    expect(session.scheduledStartAt.toISOString()).toBe('2026-05-04T07:00:00.000Z');
    expect(session.scheduledEndAt.toISOString()).toBe('2026-05-04T07:45:00.000Z');
    const page = await world.bruno.get(answer.headers.get('location')!);
    expect(textOf(page.body)).toContain('Chess is scheduled.');
    expect(linked(page.body)).toContain(session.id);
    expect(textOf(page.body)).toContain('Times in Europe/Paris');
  });

  it('puts an end that is earlier than the beginning on the next day', async () => {
    await world.ana.form('/sessions/new', form({ start: '22:00', end: '6:00' }));
    const session = await last();
    expect(session.scheduledEndAt.toISOString()).toBe('2026-05-05T04:00:00.000Z');
    expect((await world.ana.get(`/sessions/${session.id}/edit`)).body).not.toContain('name="end_date"');
  });

  it.each([
    // A time that the clocks skip is read as the clock will show it, and one that comes twice is the first of the two.
    ['2026-03-29', '02:30', '04:00', '2026-03-29T01:30:00.000Z', '2026-03-29T02:00:00.000Z'],
    ['2026-10-25', '02:30', '03:30', '2026-10-25T00:30:00.000Z', '2026-10-25T02:30:00.000Z'],
  ])('knows the days on which clocks change: %s', async (date, start, end, from, to) => {
    await world.ana.form('/sessions/new', form({ date, start, end }));
    const session = await last();
    expect([session.scheduledStartAt.toISOString(), session.scheduledEndAt.toISOString()]).toEqual([from, to]);
  });

  it('keeps what was typed when it is refused, and says why at the field', async () => {
    const answer = await world.ana.form(
      '/sessions/new',
      form({ name: '', location: 'Room <1>', start: '25:00', end: '9:75', group_id: '' }),
    );
    expect(answer.status).toBe(422);
    for (const field of ['name', 'start', 'end', 'group_id']) expect(answer.body).toContain(`id="${field}-error"`);
    expect(answer.body).toContain('value="Room &lt;1&gt;"');
    const same = await world.ana.form('/sessions/new', form({ start: '09:00', end: '09:00' }));
    expect(same.status).toBe(422);
    expect(same.body).toContain('id="end-error"');
    const foreign = await world.addGroup(world.other);
    expect((await world.ana.form('/sessions/new', form({ group_id: String(foreign.id) }))).status).toBe(422);
  });

  it('offers the group, the day and the templates of the domain', async () => {
    const page = await world.bruno.get(`/sessions/new?group_id=${group.id}&date=2026-05-04&name=Excursion&minutes=360`);
    expect(page.body).toMatch(new RegExp(`value="${group.id}" selected`));
    expect(page.body).toContain('value="2026-05-04"');
    expect(page.body).toContain('value="09:00"');
    expect(page.body).toContain('value="15:00"');
    expect(textOf(page.body)).toContain('Double lesson');
    const nonsense = await world.bruno.get('/sessions/new?group_id=x&date=2026-02-30&minutes=-1');
    expect(nonsense.status).toBe(200);
  });

  it('is open to a teacher unless the organization says otherwise', async () => {
    const set = (value: object) =>
      world.write(world.school, async (tx) => {
        (await tx.findOneOrFail(Organization, { id: world.school.organization.id })).settings = value;
      });
    await set({ frontline_creates_sessions: false });
    expect((await world.bruno.get('/sessions/new')).status).toBe(403);
    expect((await world.bruno.form('/sessions/new', form())).status).toBe(403);
    expect((await world.bruno.get('/sessions')).body).not.toContain('/sessions/new');
    await set({});
    expect((await world.mara.get('/sessions/new')).status).toBe(403);
    expect((await world.emil.get('/sessions')).status).toBe(403);
  });
});

describe('a day of sessions', () => {
  it.each([
    ['Europe/Paris', '2026-03-29', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z'],
    ['Europe/Paris', '2026-10-25', '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z'],
    ['Africa/Cairo', '2026-04-24', '2026-04-23T22:00:00Z', '2026-04-24T21:00:00Z'],
    ['America/Santiago', '2026-09-06', '2026-09-06T04:00:00Z', '2026-09-07T03:00:00Z'],
  ])('in %s, %s, is the whole local day and nothing else; today is that day', async (zone, date, first, after) => {
    const place = await world.openPlace('Zone School', 'education', zone, { zoe: 'administrator' });
    const own = await world.addGroup(place);
    const at = (time: string, shift: number) => ({ scheduledStartAt: new Date(Date.parse(time) + shift) });
    await world.addSession(place, own, at(first, -1));
    const begins = await world.addSession(place, own, at(first, 0));
    const ends = await world.addSession(place, own, at(after, -1));
    await world.addSession(place, own, at(after, 0));
    expect(linked((await place.visitor.zoe!.get(`/sessions?date=${date}`)).body)).toEqual([begins.id, ends.id]);
    for (const instant of [first, new Date(Date.parse(after) - 1).toISOString()]) {
      clock.now = () => new Date(instant);
      const page = await place.visitor.zoe!.get('/sessions');
      expect(linked(page.body)).toEqual([begins.id, ends.id]);
      expect(page.body).toContain(`value="${date}"`);
    }
  });

  it('leads to the day before and the day after', async () => {
    const page = await world.mara.get('/sessions?date=2026-03-01');
    expect(page.body).toContain('href="/sessions?date=2026-02-28"');
    expect(page.body).toContain('href="/sessions?date=2026-03-02"');
    expect(textOf(page.body)).toContain('No lessons on this day.');
    for (const nonsense of ['date=2026-02-30', 'date=x', 'date=0000-01-01', 'date=9999-12-31', 'page=0', 'group=abc'])
      expect((await world.mara.get(`/sessions?${nonsense}`)).status).toBe(200);
  });

  it('is searched by name and by group, and counts the people of that day', async () => {
    const own = await world.addGroup(world.school, 'Élite');
    const [person] = await world.addParticipants(world.school, ['A A', 'B B'], own);
    await world.ana.delete(`/api/groups/${own.id}/members/${person!.id}`);
    const today = await world.addSession(world.school, own, { name: 'Fencing' });
    const later = await world.addSession(world.school, own, {
      name: 'Fencing',
      scheduledStartAt: new Date(Date.now() + 3 * 86_400_000),
    });
    expect(linked((await world.mara.get('/sessions?q=elite')).body)).toEqual([today.id]);
    expect(linked((await world.mara.get('/sessions?q=FENC')).body)).toEqual([today.id]);
    expect(linked((await world.mara.get(`/sessions?group=${own.id}`)).body)).toEqual([today.id]);
    expect(textOf((await world.mara.get('/sessions?q=elite')).body)).toContain('2 students');
    const day = later.scheduledStartAt.toISOString().slice(0, 10);
    expect(textOf((await world.mara.get(`/sessions?date=${day}&q=elite`)).body)).toMatch(
      /1 student |No lessons|Nothing fits/,
    );
  });

  it('needs as many statements for one session as for forty', async () => {
    const scheduledStartAt = new Date('2026-06-01T08:00:00Z');
    await world.addSession(world.school, group, { scheduledStartAt });
    const few = await countStatements(world, () => world.mara.get('/sessions?date=2026-06-01'));
    for (let at = 0; at < 40; at++)
      await world.addSession(world.school, await world.addGroup(world.school), { scheduledStartAt });
    expect(await countStatements(world, () => world.mara.get('/sessions?date=2026-06-01'))).toBe(few);
  });
});

describe('changing a session on a page', () => {
  it('shows its times in the zone of the organization and keeps an end several days later', async () => {
    const session = await world.addSession(world.school, group, {
      scheduledStartAt: new Date('2026-07-06T06:00:00Z'),
      scheduledEndAt: new Date('2026-07-08T16:00:00Z'),
    });
    const page = await world.ana.get(`/sessions/${session.id}/edit`);
    for (const value of ['2026-07-06', '08:00', '18:00', '2026-07-08']) expect(page.body).toContain(`value="${value}"`);
    const fields = form({ date: '2026-07-06', start: '08:30', end: '18:00', end_date: '2026-07-08' });
    const answer = await world.ana.form(`/sessions/${session.id}/edit`, fields);
    expect(answer.headers.get('location')).toBe(`/sessions?date=2026-07-06&done=changed&session=${session.id}`);
    expect((await find(session.id)).scheduledEndAt.toISOString()).toBe('2026-07-08T16:00:00.000Z');
    const refused = await world.ana.form(`/sessions/${session.id}/edit`, { ...fields, end_date: '2026-07-01' });
    expect(refused.status).toBe(422);
    expect(refused.body).toContain('value="2026-07-01"');
  });

  it('cancels with a way back, and shows that it is cancelled', async () => {
    const session = await world.addSession(world.school, group, { name: 'Cancelled one' });
    const answer = await world.ana.form(`/sessions/${session.id}/cancel`, {});
    const page = await world.ana.get(answer.headers.get('location')!);
    expect(textOf(page.body)).toContain('Cancelled one is cancelled. What was recorded stays.');
    expect(page.body).toContain(`action="/sessions/${session.id}/revive" data-undo`);
    const refused = await world.ana.form(`/sessions/${session.id}/start`, {});
    expect(refused.status).toBe(409);
    await world.ana.form(`/sessions/${session.id}/revive`, {});
    expect((await find(session.id)).status).toBe('scheduled');
  });

  it('starts and ends, and goes back only to a page of our own', async () => {
    const session = await world.addSession(world.school, group);
    expect(
      (await world.bruno.form(`/sessions/${session.id}/start`, { back: 'https://evil.example/' })).headers.get(
        'location',
      ),
    ).toBe(`/sessions/${session.id}`);
    expect((await find(session.id)).status).toBe('running');
    expect((await world.bruno.form(`/sessions/${session.id}/end`, { back: '/' })).headers.get('location')).toBe('/');
    expect((await find(session.id)).status).toBe('ended');
  });

  it('is refused to those who may not, and unknown to another organization', async () => {
    const session = await world.addSession(world.school, group);
    const manage: [string, string][] = [
      ['GET', '/edit'],
      ['POST', '/edit'],
      ['POST', '/cancel'],
      ['POST', '/revive'],
    ];
    const acts: [string, string][] = [...manage, ['POST', '/start'], ['POST', '/end']];
    for (const [method, path] of manage)
      expect((await world.bruno.send(method, `/sessions/${session.id}${path}`)).status).toBe(403);
    for (const visitor of [world.mara, world.emil])
      for (const [method, path] of acts)
        expect((await visitor.send(method, `/sessions/${session.id}${path}`)).status).toBe(403);
    for (const [method, path] of acts)
      expect((await world.clara.send(method, `/sessions/${session.id}${path}`)).status).toBe(404);
  });
});

describe('the first page', () => {
  it('tells what is now, what was not taken, what comes next, and leaves out what is cancelled', async () => {
    const place = await world.openPlace('Today School', 'education', 'Europe/Paris', {
      tom: 'administrator',
      fay: 'frontline',
    });
    const { tom, fay } = place.visitor;
    expect(textOf((await tom!.get('/')).body)).toContain('There are no students yet.');
    const [mine, other] = [await world.addGroup(place, 'Mine'), await world.addGroup(place, 'Other')];
    await world.addParticipants(place, ['A A', 'B B'], mine);
    expect(textOf((await tom!.get('/')).body)).toContain('No lesson was ever scheduled.');
    clock.now = () => new Date('2026-05-04T10:00:00Z');
    const at = (time: string, more: object = {}) =>
      world.addSession(place, other, {
        scheduledStartAt: new Date(`2026-05-04T${time}:00Z`),
        scheduledEndAt: new Date(Date.parse(`2026-05-04T${time}:00Z`) + 45 * 60_000),
        ...more,
      });
    const over = await at('08:00');
    await at('08:10', { registerCompletedAt: new Date('2026-05-04T08:50:00Z'), status: 'ended' });
    const running = await at('09:40', { status: 'running' });
    const current = await at('09:45', { group: mine.id });
    await at('09:50', { status: 'cancelled' });
    const soon = await at('12:00');
    await at('23:00');
    const page = await fay!.get('/');
    expect(linked(page.body)).toEqual([running.id, current.id, over.id, soon.id]);
    expect(textOf(page.body)).toMatch(/Now .* Not taken yet .* Next /);
    expect(textOf(page.body)).toContain('1 register completed');
    expect(textOf(page.body)).toContain('2 students');
    await world.write(place, (tx) => void tx.create(GroupAssignment, { user: place.user.fay!.id, group: mine.id }));
    expect(linked((await fay!.get('/')).body)).toEqual([current.id, running.id, over.id, soon.id]);
    expect(linked((await tom!.get('/')).body)).toEqual([running.id, current.id, over.id, soon.id]);
    clock.now = () => new Date('2026-05-02T10:00:00Z');
    expect(textOf((await tom!.get('/')).body)).toContain('Coming up');
  });

  it('tells where marks are disputed, with as many statements for one session as for many', async () => {
    const place = await world.openPlace('Two Minds School', 'education', 'Europe/Paris', { tom: 'administrator' });
    const { tom } = place.visitor;
    const { group, participants, session } = await world.addRegister(place, 2);
    const few = await countStatements(world, () => tom!.get('/'));
    for (let at = 0; at < 4; at++) await world.addSession(place, group);
    expect(await countStatements(world, () => tom!.get('/'))).toBe(few);
    expect(textOf((await tom!.get('/')).body)).not.toContain('disputed');
    await world.write(place, (tx) => {
      for (const { id } of participants)
        tx.create(SyncConflict, {
          session: session.id,
          participant: id,
          status: 'open',
          isOpen: true,
          revision: 1,
          suggestion: 'ask',
          versionAData: '{}',
          versionBData: '{}',
        } as never);
    });
    expect(textOf((await tom!.get('/')).body).match(/\d+ disputed/g)).toEqual(['2 disputed']);
    expect(await countStatements(world, () => tom!.get('/'))).toBe(few);
  });

  it('shows to an external participant only a page about himself', async () => {
    const page = await world.emil.get('/');
    expect(page.status).toBe(200);
    expect(textOf(page.body)).toContain('Your own attendance');
    expect(textOf(page.body)).toContain('Emil Example');
    for (const path of ['/participants', '/groups', '/sessions']) expect(page.body).not.toContain(`href="${path}"`);
  });

  it('asks who is not signed in to sign in', async () => {
    expect((await world.visitor().get('/')).headers.get('location')).toBe('/login?next=%2F');
  });
});
