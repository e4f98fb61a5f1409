import { type EntityManager } from '@mikro-orm/core';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Group, Import, Participant } from '../../src/participants/index.js';
import { routesOf, type Route } from '../../src/platform/http/routes.js';
import { Session, SessionTemplate } from '../../src/sessions/index.js';
import { idOf, isPage, nameOf, pathOf, rowsOf, type Rows } from '../support/route-targets.js';
import { type Visitor } from '../support/visitor.js';
import { type Place, World } from '../world.js';

let world: World;
let hotel: Place;
let ugo: Visitor;
let rows: Rows;

beforeAll(async () => {
  world = await World.open();
  hotel = await world.openPlace('Aurora', 'hospitality', 'Europe/Rome', { ugo: 'administrator', pia: 'frontline' });
  ugo = hotel.visitor.ugo!;
  rows = await rowsOf(world, hotel);
  await world.write(hotel, async (tx: EntityManager) => {
    for (const group of await tx.find(Group, {})) Object.assign(group, { name: 'Breakfast', groupType: 'breakfast' });
    for (const person of await tx.find(Participant, {})) Object.assign(person, { firstName: 'Ada', lastName: 'Byron' });
    for (const session of await tx.find(Session, {})) session.name = 'Morning';
    for (const template of await tx.find(SessionTemplate, {})) template.name = 'Dinner';
    for (const job of await tx.find(Import, {})) job.fileName = 'list.csv';
  });
});
afterAll(() => world.close());

/** The words of the system and of the domain that organizations begin with: in a hotel nobody says them. */
const FOREIGN =
  /\b(participants?|groups?|sessions?|students?|pupils?|teachers?|class(?:es)?|lessons?|schools?|attendees?|employees?|tracks?|talks?|shifts?|teams?)\b/gi;

/** Where another word is meant: each with what it is. */
const MEANT: [RegExp, string][] = [
  [/Clever: \w+|of the type school/g, 'files of a system of schools, and what it calls its parts'],
  [/School or university|Event or conference|Company/g, 'the other domains, on the page where one is chosen'],
  [/single sign-on session/g, 'signing in'],
];

/** What a person sees or hears of a page: text, labels and placeholders; codes that programs use are no words. */
function seen(html: string): string {
  const body = html
    .replace(/^[\s\S]*?<body[^>]*>/, '')
    .replace(/<(script|style|svg|code|datalist|pre)\b[\s\S]*?<\/\1>/g, ' ');
  const told = [...body.matchAll(/\b(?:aria-label|placeholder|title|alt|data-confirm|data-what)="([^"]*)"/g)].map(
    ([, text]) => text,
  );
  for (const [, json] of body.matchAll(/\sdata-words="([^"]*)"/g))
    told.push(...(Object.values(JSON.parse(json!.replaceAll('&quot;', '"').replaceAll('&#39;', "'"))) as string[]));
  const text = `${body.replace(/<[^>]+>/g, ' ')} ${told.join(' ')}`.replace(/&#39;/g, "'").replace(/\s+/g, ' ');
  return MEANT.reduce((rest, [pattern]) => rest.replace(pattern, ' '), text);
}

function foreignIn(html: string): string[] {
  const text = seen(html);
  return [...text.matchAll(FOREIGN)].map(({ index, 0: word }) =>
    text.slice(Math.max(0, index - 40), index + word.length + 30),
  );
}

const isHtml = (type: string | null) => /text\/html/.test(type ?? '');
const target = (route: Route) =>
  pathOf(route, (name) => (route.targets?.[name] === null ? 'nothing' : idOf(route, name, rows)));

describe('the words of a hotel', () => {
  it('are told from words that are not its own', () => {
    expect(foreignIn('<body><h1>Guests</h1><p>A class of its own</p>')).toHaveLength(1);
    expect(foreignIn('<body><input placeholder="Search for a student">')).toHaveLength(1);
    expect(foreignIn('<body><code>participant.manage</code><a href="/groups">Services</a>')).toEqual([]);
  });

  it('stand on every page that is read', async () => {
    const found: Record<string, string[]> = {};
    for (const route of routesOf(world.app).filter((each) => isPage(each) && each.method === 'GET'))
      for (const visitor of [ugo, hotel.visitor.pia!]) {
        const answer = await visitor.get(target(route));
        if (!isHtml(answer.headers.get('content-type'))) continue;
        const words = foreignIn(answer.body);
        if (words.length > 0) found[nameOf(route)] = words;
      }
    expect(found).toEqual({});
  });

  it('stand on pages while there is nothing to show', async () => {
    const empty = await world.openPlace('Empty', 'hospitality', 'Europe/Rome', { eva: 'administrator' });
    const found: Record<string, string[]> = {};
    for (const route of routesOf(world.app).filter(
      (each) => isPage(each) && each.method === 'GET' && each.parameters.length === 0,
    )) {
      const answer = await empty.visitor.eva!.get(route.path);
      if (!isHtml(answer.headers.get('content-type'))) continue;
      const words = foreignIn(answer.body);
      if (words.length > 0) found[nameOf(route)] = words;
    }
    expect(found).toEqual({});
  });

  it('stand in every refusal of a form', async () => {
    const found: Record<string, string[]> = {};
    const wrong = {
      group_id: '999999999',
      parent_id: String(rows.get(Group)),
      session_id: '999999999',
      participant_id: '999999999',
      participant_ids: '999999999',
      user_id: '999999999',
      role: 'frontline',
      presence_state: 'nothing',
      name: 'x'.repeat(300),
      email: 'nobody',
    };
    for (const route of routesOf(world.app).filter((each) => isPage(each) && each.method === 'POST')) {
      if (/\/logout$/.test(route.path)) continue;
      for (const fields of [{}, wrong]) {
        const answer = await ugo.form(target(route), fields as Record<string, string>);
        if (!isHtml(answer.headers.get('content-type'))) continue;
        const words = foreignIn(answer.body);
        if (words.length > 0) found[nameOf(route)] = words;
      }
    }
    expect(found).toEqual({});
  }, 60_000);

  it('stand in what programs are refused with', async () => {
    const { json } = await ugo.post('/api/sessions', {
      group_id: 999_999_999,
      name: 'Dinner',
      scheduled_start_at: '2030-01-01T10:00:00Z',
      scheduled_end_at: '2030-01-01T11:00:00Z',
    });
    expect(json.errors[0]).toMatchObject({ field: 'group_id', message: 'There is no service with this id.' });
    await ugo.put('/api/admin/domain-config', { terms: { group: { one: 'table', many: 'tables' } } });
    const own = await ugo.put(`/api/groups/${rows.get(Group)}`, { parent_id: rows.get(Group) });
    expect(own.json.errors[0].message).toBe('No table can belong to itself or to one below it.');
  });
});
