import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ApiToken, LoginSession, User } from '../../src/auth/index.js';
import { GroupMembership, Participant } from '../../src/participants/index.js';
import { routesOf, type Route } from '../../src/platform/http/routes.js';
import { PresenceState } from '../../src/presence/index.js';
import { Session } from '../../src/sessions/index.js';
import { idOf, nameOf, pathOf, rowsOf } from '../support/route-targets.js';
import { PASSWORD, type Place, World } from '../world.js';
import { AnswerSchemas } from './answer-schemas.js';
import { CONTRACT, ELSEWHERE, NO_JSON, type Entry, type Setting } from './contract.table.js';

let world: World;
let routes: Map<string, Route>;
let schemas: AnswerSchemas;
let document: any;
/** For requests that change nothing. */
let reading: Setting;
beforeAll(async () => {
  world = await World.open();
  routes = new Map(routesOf(world.app).map((route) => [nameOf(route), route]));
  document = (await world.visitor().get('/api/openapi.json')).json;
  schemas = new AnswerSchemas(document);
  reading = await fresh();
});
afterAll(() => world.close());

/** An organization of its own with one row of every kind, so that what one act changes is not in the way of another. */
async function fresh(): Promise<Setting> {
  const people = { ada: 'administrator', berta: 'administrator' } as const;
  const place = await world.openPlace('Contract School', 'education', 'Europe/Paris', people);
  const rows = await rowsOf(world, place);
  await world.read(place, async (em) => {
    const { group } = await em.findOneOrFail(Session, { id: rows.get(Session)! });
    const members = await em.find(GroupMembership, { group });
    rows.set(
      'unmarked',
      members.map((each) => each.participant).find((each) => each !== rows.get(Participant))!,
    );
    const states = await em.find(PresenceState, {}, { orderBy: { id: 'asc' } });
    rows.set('states', states.map((state) => state.id) as never);
  });
  return { world, place, rows, id: (entity) => rows.get(entity)! };
}

/** Puts the row into the setting that an act needs where not any will do. */
const MEANT: Record<NonNullable<Entry['as']>, (setting: Setting) => Promise<void>> = {
  'own token': async ({ place, rows }) => {
    const scopes = ['roster.view'];
    const expires_at = new Date(Date.now() + 86_400_000).toISOString();
    const made = await place.visitor.ada!.post('/api/account/tokens', { name: 'Mine', scopes, expires_at });
    rows.set(ApiToken, made.json.data.id);
  },
  'own login session': async ({ place, rows }) => {
    await world.visitor().signIn(place.user.ada!.email, PASSWORD);
    const { data } = (await place.visitor.ada!.get('/api/account/login-sessions')).json;
    rows.set(LoginSession, data.find((each: any) => !each.current).id);
  },
  'other user': async ({ place, rows }) => void rows.set(User, place.user.berta!.id),
  'new participant': async ({ place, rows }) => {
    const made = await place.visitor.ada!.post('/api/participants', { first_name: 'Twice', last_name: 'Here' });
    rows.set(Participant, made.json.data.id);
  },
  'invited user': async ({ place, rows }) => {
    const input = { email: 'invited@example.org', role: 'manager', first_name: 'Ivo', last_name: 'Vited' };
    rows.set(User, (await place.visitor.ada!.post('/api/admin/users', input)).json.data.id);
  },
};

/** The text of a test file, or of every one in a folder. */
const textOf = (path: string): string =>
  statSync(path).isDirectory()
    ? readdirSync(path)
        .map((name) => readFileSync(join(path, name), 'utf8'))
        .join('\n')
    : readFileSync(path, 'utf8');

const addressOf = (route: Route, setting: Setting, query: Entry['query'] = '') =>
  pathOf(route, (name) => idOf(route, name, setting.rows)) + (typeof query === 'string' ? query : query(setting));
const administrator = ({ visitor }: Place) => visitor.ada!;

describe('the contract', () => {
  it('has an entry for every route under /api, and none without a route', () => {
    const api = [...routes.keys()].filter((name) => / \/api\//.test(name)).sort();
    const told = [...Object.keys(CONTRACT), ...Object.keys(ELSEWHERE)].sort();
    expect(api.filter((name) => !told.includes(name))).toEqual([]);
    expect(told.filter((name) => !api.includes(name))).toEqual([]);
    // The file that is named must at least speak of the route.
    const silent = Object.entries(ELSEWHERE).filter(([name, file]) => {
      const last = name.split('/').findLast((part) => !part.startsWith(':'))!;
      return !textOf(file).includes(last);
    });
    expect(silent).toEqual([]);
  });

  it('is described by a document that a validator accepts', async () => {
    const { valid, errors } = await new Validator().validate(structuredClone(document));
    expect(errors ?? []).toEqual([]);
    expect(valid).toBe(true);
  });

  it('says what each of its routes answers', () => {
    const told = [...Object.keys(CONTRACT), ...Object.keys(ELSEWHERE)].filter((name) => !NO_JSON.includes(name));
    const silent = told.filter((name) => {
      const [method = '', path = ''] = name.split(' ');
      return !schemas.schemaOf(method, path, CONTRACT[name]?.status ?? 200);
    });
    expect(silent).toEqual([]);
  });

  describe.each(Object.entries(CONTRACT))('%s', (name, entry: Entry) => {
    const route = () => routes.get(name)!;
    const settingOf = async () => {
      const setting = route().method === 'GET' ? reading : await fresh();
      if (entry.as) await MEANT[entry.as](setting);
      return setting;
    };

    it('answers as the document says', async () => {
      const setting = await settingOf();
      const ask = () =>
        administrator(setting.place).send(
          route().method,
          addressOf(route(), setting, entry.query),
          entry.body?.(setting),
        );
      const answer = await ask();
      expect([answer.status, answer.json?.errors]).toEqual([entry.status ?? 200, undefined]);
      expect(schemas.faults(route().method, route().path, answer.status, answer.json)).toEqual([]);
    });

    const { bad } = entry;
    if (bad)
      it(`names ${bad.field} when it does not fit`, async () => {
        const body = bad.body ? bad.body(reading) : entry.body?.(reading);
        const address = addressOf(route(), reading, bad.query ?? entry.query);
        const answer = await administrator(reading.place).send(route().method, address, body);
        expect([answer.status, answer.json.errors.map((error: any) => error.field)]).toEqual([
          422,
          expect.arrayContaining([bad.field]),
        ]);
        expect(schemas.faults(route().method, route().path, 422, answer.json)).toEqual([]);
      });

    it('tells nothing to somebody who is signed out', async () => {
      const answer = await world.visitor().send(route().method, addressOf(route(), reading, entry.query));
      expect([answer.status, answer.json.errors[0].code]).toEqual([401, 'login_required']);
    });
  });
});
