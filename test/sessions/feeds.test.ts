import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import ICAL from 'ical.js';
import { User } from '../../src/auth/index.js';
import { type Group, GroupAssignment } from '../../src/participants/index.js';
import { clock } from '../../src/platform/clock.js';
import { CalendarFeed } from '../../src/sessions/index.js';
import { calendarText } from '../../src/sessions/feeds/calendar-text.js';
import { Organization } from '../../src/tenancy/index.js';
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

const stranger = () => world.visitor();
const pathOf = (address: string) => new URL(address).pathname;
/** Makes a feed for a visitor. @returns its id and the path that a calendar program asks for */
const feedOf = async (who = world.bruno, body: object = {}) => {
  const made = await who.post('/api/calendar-feeds', body);
  expect(made.status).toBe(201);
  return { id: made.json.data.id as number, path: pathOf(made.json.data.address) };
};
const eventsOf = (text: string) =>
  new ICAL.Component(ICAL.parse(text) as any).getAllSubcomponents('vevent').map((each) => new ICAL.Event(each));
const summaries = async (path: string) => eventsOf((await stranger().get(path)).body).map((each) => each.summary);

describe('a private feed', () => {
  it('shows to a program that is not signed in what its user may see, as iCalendar', async () => {
    const session = await world.addSession(world.school, group, {
      name: 'Café; "Déjà, vu"\\ and more words than fit into a single line of an iCalendar file: ünïcödé 🎓🎓🎓',
      location: 'Hall, 2nd floor',
    });
    const { path } = await feedOf();
    const answer = await stranger().get(path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toContain('text/calendar');
    expect(answer.headers.get('cache-control')).toBe('private, no-cache');
    const [event] = eventsOf(answer.body);
    expect(event!.summary).toBe(`${session.name} (Class 5E)`);
    expect(event!.location).toBe('Hall, 2nd floor');
    expect(event!.startDate.toJSDate().getTime()).toBe(Math.floor(+session.scheduledStartAt / 1000) * 1000);
    expect(event!.uid).toContain(`session-${session.id}@`);
    for (const line of answer.body.split('\r\n')) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75);
    await world.ana.delete(`/api/sessions/${session.id}`);
    expect((await stranger().get(path)).body).toContain('STATUS:CANCELLED');
  });

  it('answers 304 while nothing changed', async () => {
    const { path } = await feedOf();
    const first = await stranger().get(path);
    const etag = first.headers.get('etag')!;
    expect((await stranger().get(path, { 'if-none-match': etag })).status).toBe(304);
    await world.addSession(world.school, group);
    expect((await stranger().get(path, { 'if-none-match': etag })).status).toBe(200);
  });

  it('is of one group when that is asked for, and reaches from 30 days back to 180 ahead', async () => {
    const own = await world.addGroup(world.school, 'Narrow');
    const days = (count: number) => new Date(Date.now() + count * 86_400_000);
    for (const [name, at] of [
      ['long ago', -32],
      ['past', -29],
      ['next', 179],
      ['far', 182],
    ] as const)
      await world.addSession(world.school, own, { name, scheduledStartAt: days(at) });
    const { path } = await feedOf(world.bruno, { group_id: own.id });
    expect(await summaries(path)).toEqual(['past (Narrow)', 'next (Narrow)']);
  });

  it('follows the rights of its user: his groups, his account, his role', async () => {
    const place = await world.openPlace('Feed School', 'education', 'Europe/Paris', {
      fay: 'frontline',
      tom: 'administrator',
    });
    const { fay, tom } = place.visitor;
    const [mine, other] = [await world.addGroup(place, 'Mine'), await world.addGroup(place, 'Other')];
    for (const each of [mine, other]) await world.addSession(place, each, { name: each.name });
    const { path } = await feedOf(fay);
    const narrow = await feedOf(fay, { group_id: other.id });
    expect(await summaries(path)).toEqual(['Mine', 'Other']);
    await world.write(place, async (tx) => {
      (await tx.findOneOrFail(Organization, { id: place.organization.id })).settings = { frontline_groups: 'assigned' };
      tx.create(GroupAssignment, { user: place.user.fay!.id, group: mine.id });
    });
    expect(await summaries(path)).toEqual(['Mine']);
    expect(await summaries(narrow.path)).toEqual([]);
    expect((await fay!.post('/api/calendar-feeds', { group_id: other.id })).status).toBe(422);
    const set = (values: Partial<User>) =>
      world.write(place, async (tx) => Object.assign(await tx.findOneOrFail(User, { id: place.user.fay!.id }), values));
    await set({ role: 'external' });
    expect((await stranger().get(path)).status).toBe(404);
    await set({ role: 'frontline', status: 'disabled' });
    expect((await stranger().get(path)).status).toBe(404);
    await set({ status: 'active' });
    expect((await stranger().get(path)).status).toBe(200);
    // Somebody else's cookie changes nothing.
    expect(eventsOf((await world.clara.get(path)).body).map((each) => each.summary)).toEqual(['Mine']);
    expect((await tom!.delete(`/api/calendar-feeds/${narrow.id}`)).status).toBe(404);
    // An address that he gave away before he was disabled does not open again with his account.
    await tom!.delete(`/api/admin/users/${place.user.fay!.id}`);
    await tom!.put(`/api/admin/users/${place.user.fay!.id}`, { status: 'active' });
    expect((await stranger().get(path)).status).toBe(404);
  });

  it('is made by a person: made by a token it would outlive the token', async () => {
    const expires_at = new Date(clock.now().getTime() + 86_400_000).toISOString();
    const made = await world.ana.post('/api/account/tokens', { name: 'Sync', scopes: ['roster.view'], expires_at });
    const headers = { authorization: `Bearer ${made.json.data.token}` };
    expect((await stranger().post('/api/calendar-feeds', {}, headers)).status).toBe(403);
    expect((await stranger().get('/api/calendar-feeds', headers)).status).toBe(200);
  });

  it('leads nowhere when it is revoked, unknown or misspelled', async () => {
    const { id, path } = await feedOf();
    expect((await world.bruno.delete(`/api/calendar-feeds/${id}`)).status).toBe(200);
    for (const each of [path, '/calendar/x.ics', `/calendar/${'a'.repeat(43)}.ics`, path.replace('.ics', '')])
      expect((await stranger().get(each)).status).toBe(404);
    expect((await world.bruno.get('/api/calendar-feeds')).json.data.map((each: any) => each.id)).not.toContain(id);
  });

  it('keeps only the hash of its token, and notes its use at most once an hour', async () => {
    const { id, path } = await feedOf();
    const find = () => world.read(world.school, (em) => em.findOneOrFail(CalendarFeed, { id }));
    const token = path.slice('/calendar/'.length, -'.ics'.length);
    expect(JSON.stringify(await find())).not.toContain(token);
    const begun = Date.now();
    clock.now = () => new Date(begun);
    await stranger().get(path);
    clock.now = () => new Date(begun + 3_000_000);
    await stranger().get(path);
    expect(+(await find()).lastUsedAt!).toBe(begun);
    clock.now = () => new Date(begun + 3_700_000);
    await stranger().get(path);
    expect(+(await find()).lastUsedAt!).toBe(begun + 3_700_000);
  });
});

describe('who may have one', () => {
  it('is everybody who sees sessions, each his own', async () => {
    expect((await world.mara.post('/api/calendar-feeds', {})).status).toBe(201);
    expect((await world.emil.post('/api/calendar-feeds', {})).status).toBe(403);
    expect((await stranger().post('/api/calendar-feeds', {})).status).toBe(401);
    const foreign = await world.addGroup(world.other);
    const refused = await world.bruno.post('/api/calendar-feeds', { group_id: foreign.id });
    expect(refused.json.errors).toMatchObject([{ code: 'unknown', field: 'group_id' }]);
    const { id } = await feedOf(world.mara);
    expect((await world.bruno.delete(`/api/calendar-feeds/${id}`)).status).toBe(404);
    expect((await world.clara.delete(`/api/calendar-feeds/${id}`)).body).toBe(
      (await world.clara.delete('/api/calendar-feeds/999999999')).body,
    );
  });

  it('makes and revokes it on a page that tells the address once', async () => {
    const made = await world.mara.form('/sessions/feeds', { group_id: '' });
    expect(made.status).toBe(200);
    const address = /value="([^"]*\/calendar\/[^"]*\.ics)"/.exec(made.body)![1]!;
    expect((await stranger().get(pathOf(address))).status).toBe(200);
    const page = await world.mara.get('/sessions/feeds');
    expect(page.body).not.toContain(address);
    const revoke = [...page.body.matchAll(/action="(\/sessions\/feeds\/\d+\/revoke)"/g)].at(-1)![1]!;
    await world.mara.form(revoke, {});
    expect((await stranger().get(pathOf(address))).status).toBe(404);
    expect((await world.mara.form('/sessions/feeds', { group_id: '999999999' })).status).toBe(422);
  });

  it('has at most twenty', async () => {
    const place = await world.openPlace('Many School', 'education', 'Europe/Paris', { max: 'administrator' });
    for (let at = 0; at < 20; at++) await feedOf(place.visitor.max);
    expect((await place.visitor.max!.post('/api/calendar-feeds', {})).status).toBe(422);
  });
});

it('the text of a calendar is the same for the same sessions', () => {
  const at = new Date('2026-05-04T08:00:00Z');
  const event = {
    id: 1,
    name: 'A\nB',
    location: null,
    group_name: 'A\nB',
    starts_at: at,
    ends_at: at,
    cancelled: false,
    changed_at: at,
  };
  const text = calendarText([event], { name: 'School, here', address: 'https://presence.example.org' });
  expect(text).toBe(calendarText([event], { name: 'School, here', address: 'https://presence.example.org' }));
  expect(text).toContain('SUMMARY:A\\nB\r\n');
  expect(text).toContain('X-WR-CALNAME:School\\, here\r\n');
});
