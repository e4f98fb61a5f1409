import { type EntityClass } from '@mikro-orm/core';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { User } from '../../src/auth/index.js';
import { Webhook } from '../../src/notifications/index.js';
import { Group, GroupAssignment, Import, Participant } from '../../src/participants/index.js';
import { routesOf, type Route } from '../../src/platform/http/routes.js';
import { PresenceState } from '../../src/presence/index.js';
import { ReportSchedule } from '../../src/reports/index.js';
import { CalendarFeed, ClosingDay, Session } from '../../src/sessions/index.js';
import { idOf, isPage, nameOf, pathOf, rowsOf, type Rows } from '../support/route-targets.js';
import { type Place, World } from '../world.js';
import { LOSSES, type Loss } from './losses.table.js';

let world: World;
let place: Place;
let rows: Rows;
let other: Participant;
beforeAll(async () => {
  world = await World.open();
  place = world.school;
  rows = await rowsOf(world, place);
  const group = await world.read(place, (em) => em.findOneOrFail(Group, { id: rows.get(Group)! }));
  [other] = (await world.addParticipants(place, ['Other Record'], group)) as [Participant];
  await world.write(place, async (tx) => {
    tx.create(GroupAssignment, { group: group.id, user: place.user.ana!.id });
    const person = await tx.findOneOrFail(Participant, { id: rows.get(Participant)! });
    person.photo = '0'.repeat(64);
    (await tx.findOneOrFail(Webhook, {})).isActive = true;
    // A second factor that can be reset, of somebody else.
    Object.assign(await tx.findOneOrFail(User, { id: place.user.bruno!.id }), {
      totpSecret: 'x',
      totpEnabledAt: new Date(),
    });
    (await tx.findOneOrFail(Import, { id: rows.get(Import)! })).createdCount = 1;
  });
});
afterAll(() => world.close());

const named = <T extends object>(entity: EntityClass<T>, id: number) =>
  world.read(place, (em) => em.findOneOrFail(entity, { id } as never)) as Promise<any>;
const textOf = (html: string) =>
  html
    .replace(/<script[\s\S]*?<\/script>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/&#39;/g, "'")
    .replace(/\s+/g, ' ');

/** What people call the thing that a route is about. */
const NAMES: Record<string, () => Promise<string>> = {
  '/settings/users/:id': async () => (await named(User, place.user.bruno!.id)).name,
  '/account/login-sessions': async () => 'other place',
  '/account/login-sessions/:id': async () => 'Firefox on Windows',
  '/account/tokens/:id': async () => 'Timetable',
  '/participants/:id': async () => (await named(Participant, rows.get(Participant)!)).name,
  '/import/:id': async () => (await named(Import, rows.get(Import)!)).fileName,
  '/sessions/feeds/:id': async () => 'Everything that I may see',
  '/settings/closing-days/:id': async () => (await named(ClosingDay, rows.get(ClosingDay)!)).name,
  '/settings/states/:id': async () => (await named(PresenceState, stateToDelete())).label,
  '/settings/webhooks/:id': async () => 'Timetable',
  '/reports/schedules/:id': async () => 'Absentees',
  '/settings/domain': async () => 'Hotel or hospitality',
  '/devices/:id': async () => (await named(User, place.user.ana!.id)).name,
};
const nameFor = (path: string) => {
  const key = Object.keys(NAMES)
    .filter((each) => path.startsWith(each))
    .sort((a, b) => b.length - a.length)[0];
  if (!key) throw new Error(`${path}: NAMES does not say what the thing is called`);
  return NAMES[key]!();
};

/** The default state is never deleted; another one may be. */
const stateToDelete = () => otherState;
let otherState: number;

/** The ids that stand in a path: the administrator himself is not disabled, the default state not deleted. */
const filled = (path: string) => {
  const ids: [RegExp, EntityClass<object>, number?][] = [
    [/^\/settings\/users\/:id/, User, place.user.bruno!.id],
    [/^\/settings\/states\/:id/, PresenceState, stateToDelete()],
    [/^\/participants\/:id/, Participant],
    [/^\/groups\/:id/, Group],
    [/^\/import\/:id/, Import],
    [/^\/sessions\/feeds/, CalendarFeed],
    [/^\/settings\/closing-days\/:id/, ClosingDay],
    [/^\/settings\/webhooks\/:id/, Webhook],
    [/^\/reports\/schedules\/:id/, ReportSchedule],
  ];
  const found = ids.find(([pattern]) => pattern.test(path));
  return path.replace(':id', String(found?.[2] ?? rows.get(found?.[1]))).replace(':other', String(other.id));
};
const targetOf = (route: Route) =>
  pathOf(route, (name) => {
    if (route.targets?.[name] === User && route.path.startsWith('/settings')) return place.user.bruno!.id;
    if (route.targets?.[name] === PresenceState) return stateToDelete();
    return route.targets?.[name] === null ? 'nothing' : idOf(route, name, rows);
  });

const forms = (html: string) =>
  [...html.matchAll(/<form\b[^>]*>[\s\S]*?<\/form>/g)].map(([form]) => ({
    form,
    head: form.slice(0, form.indexOf('>') + 1),
  }));

async function wrongOf(route: Route, loss: Exclude<Loss, 'keeps'>): Promise<string | null> {
  const path = targetOf(route);
  if (loss === 'reason' || loss === 'password') {
    const answer = await world.ana.form(path, { reason: ' ', current_password: '', presence_state: 'absent' });
    return answer.status >= 400 && answer.status < 500 ? null : `without it answers ${answer.status}`;
  }
  if ('undo' in loss) {
    const done = await world.ana.form(path, loss.body ?? {});
    if (done.status !== 303) return `answers ${done.status}`;
    const page = await world.ana.get(done.headers.get('location')!);
    const way = forms(page.body).find(({ form }) => /data-undo|>Undo/.test(form.replace(/<svg[\s\S]*?<\/svg>/g, '')));
    if (!way) return 'the page after it offers no way back';
    const fields = [...way.form.matchAll(/name="(\w+)" value="([^"]*)"/g)].map((each) => [each[1]!, each[2]!]);
    const back = await world.ana.form(/action="([^"]+)"/.exec(way.head)![1]!, fields as [string, string][]);
    return back.status === 303 ? null : `the way back answers ${back.status}`;
  }
  const name = await nameFor(route.path);
  const on = filled('asks' in loss ? loss.asks : 'page' in loss ? loss.page : loss.folded);
  const page = await world.ana.get(on);
  const found = forms(page.body).filter(({ head }) => head.includes(`action="${path}"`));
  if (page.status !== 200 || found.length === 0) return `${on} (${page.status}) has no such form`;
  if ('asks' in loss) {
    const question = /data-confirm="([^"]+)"/.exec(found[0]!.head)?.[1] ?? '';
    return question.includes(name) ? null : `asks "${question}" and does not name ${name}`;
  }
  if ('page' in loss)
    return textOf(/<h1>[\s\S]*?<\/h1>/.exec(page.body)?.[0] ?? '').includes(name) ? null : `${on} is not about ${name}`;
  const folded = /<details[^>]*class="[^"]*\bask\b[\s\S]*?<\/details>/.exec(page.body)?.[0] ?? '';
  return folded.includes(`action="${path}"`) && textOf(folded).includes(name) ? null : `is not folded beside ${name}`;
}

describe('every act that puts an end to something', () => {
  it('stands in the table, as every form of every page does', () => {
    const acts = routesOf(world.app).filter((route) => isPage(route) && route.method !== 'GET');
    expect(acts.map(nameOf).filter((name) => !LOSSES[name])).toEqual([]);
    const known = new Set(acts.map(nameOf));
    expect(Object.keys(LOSSES).filter((name) => !known.has(name))).toEqual([]);
  });

  it('can be undone, or asks first and names what it is about', async () => {
    otherState = await world.read(place, async (em) => {
      const state = await em.findOneOrFail(PresenceState, { code: 'excused' });
      return state.id;
    });
    // A session stands on the closing day, so that there is something to cancel for it.
    const group = await world.read(place, (em) => em.findOneOrFail(Group, { id: rows.get(Group)! }));
    await world.addSession(place, group, { scheduledStartAt: new Date('2040-01-01T10:00:00Z') });
    const wrong: Record<string, string> = {};
    for (const route of routesOf(world.app)) {
      const loss = LOSSES[nameOf(route)];
      if (!loss || loss === 'keeps') continue;
      const problem = await wrongOf(route, loss);
      if (problem) wrong[nameOf(route)] = problem;
    }
    expect(wrong).toEqual({});
    const session = await world.read(place, (em) => em.findOneOrFail(Session, { id: rows.get(Session)! }));
    expect(session.status).not.toBe('cancelled');
  });
});
