import { Controller, Get, NotFoundException, Param, Put } from '@nestjs/common';
import { EntityManager } from '@mikro-orm/core';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Group, Participant } from '../../src/participants/index.js';
import { SignedIn, Targets } from '../../src/platform/http/access.js';
import { Problem } from '../../src/platform/http/problem.js';
import { routesOf, type Route } from '../../src/platform/http/routes.js';
import { Session } from '../../src/sessions/index.js';
import { idOf, nameOf, pathOf, rowsOf, type Rows } from '../support/route-targets.js';
import { type Answer } from '../support/visitor.js';
import { withController } from '../support/with-controller.js';
import { World } from '../world.js';

/** A controller with the leaks that this wall is there to find. */
@Controller('api/wall')
class Leaky {
  constructor(private readonly em: EntityManager) {}

  @SignedIn()
  @Targets({ id: Participant })
  @Get('sound/:id')
  sound() {
    return {};
  }

  @SignedIn()
  @Targets({ id: null })
  @Get('open/:id')
  async open(@Param('id') id: string) {
    const found = await this.em.findOne(Participant, { id: Number(id) || 0 }, { filters: false });
    if (!found) throw new NotFoundException();
    return found.name;
  }

  /** Tells nothing but that there is such a row somewhere. */
  @SignedIn()
  @Targets({ id: null })
  @Put('telling/:id')
  async telling(@Param('id') id: string) {
    const there = await this.em.count(Participant, { id: Number(id) || 0 }, { filters: false });
    throw new Problem(404, { code: 'not_found', message: there ? 'This is not yours.' : 'There is nothing here.' });
  }
}

let world: World;
let routes: Route[];
let theirs: Rows;
let own: Rows;
beforeAll(async () => {
  world = await withController(Leaky, () => World.open());
  routes = routesOf(world.app).filter((route) => route.parameters.length > 0);
  theirs = await rowsOf(world, world.school);
  own = await rowsOf(world, world.other);
  // The leaky routes name participants, although they do not say so.
  for (const route of routes) if (isLeaky(route)) route.targets = { id: Participant };
});
afterAll(() => world.close());

const isLeaky = (route: Route) => route.path.startsWith('/api/wall/');

/** What may come with a request: the path is judged first, so none of it may change the answer. */
const BODIES: Record<string, { body?: unknown; headers?: Record<string, string> }> = {
  none: {},
  empty: { body: {} },
  garbage: { body: '{"presence_state": ', headers: { 'content-type': 'application/json' } },
  'another type': { body: '<mark/>', headers: { 'content-type': 'text/xml' } },
  valid: {
    body: {
      name: 'Taken over',
      first_name: 'Taken',
      last_name: 'Over',
      group_type: 'class',
      status: 'scheduled',
      presence_state: 'present',
      reason: 'because',
    },
  },
  form: { body: new URLSearchParams({ presence_state: 'present', note: 'x', first_name: 'Taken', last_name: 'Over' }) },
  fragment: { body: new URLSearchParams({ presence_state: 'late' }), headers: { 'hx-request': 'true' } },
};

const said = ({ status, body, headers }: Answer) => `${status} ${headers.get('content-type')} ${body}`;

/**
 * Asks as Clara for a row of the school, for a row that nobody has and for one that cannot be.
 * @returns one sentence for each way in which the answers differ, or are not 404
 */
async function leaksOf(route: Route): Promise<string[]> {
  const leaks: string[] = [];
  for (const parameter of route.parameters.filter((name) => route.targets?.[name])) {
    const path = (value: string | number) =>
      pathOf(route, (name) =>
        name === parameter ? value : route.targets?.[name] ? idOf(route, name, own) : 'nothing',
      );
    const id = idOf(route, parameter, theirs);
    for (const [kind, { body, headers }] of Object.entries(BODIES)) {
      if (route.method === 'GET' && body !== undefined && kind !== 'fragment') continue;
      const ask = (value: string | number) =>
        world.clara.send(route.method, path(value), route.method === 'GET' ? undefined : body, headers);
      const foreign = await ask(id);
      const where = `:${parameter}, body ${kind}`;
      if (foreign.status !== 404) leaks.push(`${where}: a foreign id is answered ${foreign.status}`);
      const others = ['987654321', 'abc', ...(kind === 'none' ? ['0', '-1', `${id}.0`, `0${id}`, '9'.repeat(20)] : [])];
      const answers = await Promise.all(others.map(ask));
      answers.forEach((answer, at) => {
        if (said(answer) !== said(foreign)) leaks.push(`${where}: ${others[at]} is answered otherwise than ${id}`);
      });
    }
  }
  return leaks;
}

type Ids = { get(entity: unknown): number | undefined };

/** Ids that a body or a query names: those of another organization are unknown, just as those that nobody has. */
const IDS_INSIDE: Record<string, (foreign: Ids, own: Ids) => [string, string, unknown?]> = {
  'a mark in a session': (foreign, mine) => [
    'POST',
    '/api/presence',
    { session_id: foreign.get(Session), participant_id: mine.get(Participant), presence_state: 'present' },
  ],
  'a mark for a person': (foreign, mine) => [
    'POST',
    '/api/presence',
    { session_id: mine.get(Session), participant_id: foreign.get(Participant), presence_state: 'present' },
  ],
  'a parent group': (foreign) => [
    'POST',
    '/api/groups',
    { name: 'X', group_type: 'class', parent_id: foreign.get(Group) },
  ],
  'a changed parent': (foreign, mine) => ['PUT', `/api/groups/${mine.get(Group)}`, { parent_id: foreign.get(Group) }],
  'a member': (foreign, mine) => [
    'POST',
    `/api/groups/${mine.get(Group)}/members`,
    { participant_ids: [foreign.get(Participant)] },
  ],
  'the group of a session': (foreign) => [
    'POST',
    '/api/sessions',
    {
      group_id: foreign.get(Group),
      name: 'X',
      scheduled_start_at: '2026-11-20T09:00:00Z',
      scheduled_end_at: '2026-11-20T10:00:00Z',
    },
  ],
  'records of a session': (foreign) => ['GET', `/api/presence?session_id=${foreign.get(Session)}`],
  'records of a person': (foreign) => ['GET', `/api/presence?participant_id=${foreign.get(Participant)}`],
  'people of a group': (foreign) => ['GET', `/api/participants?group_id=${foreign.get(Group)}`],
  'sessions of a group': (foreign) => ['GET', `/api/sessions?group_id=${foreign.get(Group)}`],
  'groups below a group': (foreign) => ['GET', `/api/groups?parent_id=${foreign.get(Group)}`],
};

describe("another organization's rows", () => {
  it('this wall finds a route that shows them, and one that only tells that they are there', async () => {
    const [sound, open, telling] = routes.filter(isLeaky);
    expect(await leaksOf(sound!)).toEqual([]);
    expect(await leaksOf(open!)).toContainEqual(expect.stringContaining('a foreign id is answered 200'));
    expect(await leaksOf(telling!)).toContainEqual(expect.stringContaining('abc is answered otherwise'));
  });

  it('answer on every route as if they were not there', async () => {
    const leaks: Record<string, string[]> = {};
    for (const route of routes.filter((each) => !isLeaky(each))) {
      const found = await leaksOf(route);
      if (found.length > 0) leaks[nameOf(route)] = found;
    }
    expect(leaks).toEqual({});
  }, 120_000);

  it.each(Object.entries(IDS_INSIDE))('are unknown inside a request: %s', async (_name, request) => {
    const nobodys = new Map([...theirs.keys()].map((entity) => [entity, 987654321]));
    const [method, path, body] = request(theirs, own);
    const [, unknownPath, unknownBody] = request(nobodys, own);
    const foreign = await world.clara.send(method, path, body);
    expect(said(foreign)).toBe(said(await world.clara.send(method, unknownPath, unknownBody)));
    if (method !== 'GET') expect(foreign.status).toBe(422);
    else expect(foreign.status === 422 || foreign.json.data.length === 0).toBe(true);
  });

  it('are untouched afterwards, and the own ones answer', async () => {
    const answer = await world.ana.get(`/api/participants/${theirs.get(Participant)}`);
    expect(answer.status).toBe(200);
    expect(answer.body).not.toContain('Taken');
    expect((await world.clara.get(`/api/participants/${own.get(Participant)}`)).status).toBe(200);
  });
});
