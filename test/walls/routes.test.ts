import { Controller, Get } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Public, SignedIn, Targets } from '../../src/platform/http/access.js';
import { routesOf, type Route } from '../../src/platform/http/routes.js';
import { withController } from '../support/with-controller.js';
import { idOf, isPage, nameOf, pathOf, rowsOf, type Rows } from '../support/route-targets.js';
import { type Answer, type Visitor } from '../support/visitor.js';
import { PASSWORD, startApp, World } from '../world.js';
import { ROLES, ROUTES, type Expected } from './routes.table.js';

describe('a route that does not declare itself stops the start', () => {
  it('when it says nothing about who may come in', async () => {
    @Controller('wall')
    class Undeclared {
      @Get('open')
      open() {
        return 'everything';
      }
    }
    await expect(withController(Undeclared, () => startApp('sqlite::memory:'))).rejects.toThrow(
      'GET /wall/open (Undeclared.open) declares no access',
    );
  });

  it('when it does not say what its path names', async () => {
    @Controller('wall')
    class Untargeted {
      @SignedIn()
      @Get(':id')
      one() {
        return 'anything';
      }
    }
    await expect(withController(Untargeted, () => startApp('sqlite::memory:'))).rejects.toThrow(
      'GET /wall/:id (Untargeted.one) does not say what :id is',
    );
  });

  it('but starts when both are said', async () => {
    @Controller('wall')
    class Declared {
      @Public()
      @Targets({ word: null })
      @Get(':word')
      one() {
        return 'said';
      }
    }
    const { app } = await withController(Declared, () => startApp('sqlite::memory:'));
    expect(routesOf(app).map(nameOf)).toContain('GET /wall/:word');
    await app.close();
  });
});

/** @returns what an answer means in the words of the table */
function meaningOf(answer: Pick<Answer, 'status' | 'headers'>): Expected | number {
  const { status } = answer;
  if (status === 303 && /^\/login(\?|$)/.test(answer.headers.get('location') ?? '')) return 'login';
  if (status >= 500 || status === 401 || status === 403 || status === 404) return status;
  return 'ok';
}

describe('the table of permissions', () => {
  let world: World;
  let routes: Route[];
  let reading: Rows;
  beforeAll(async () => {
    world = await World.open();
    routes = routesOf(world.app);
    reading = await rowsOf(world, world.school);
  });
  afterAll(() => world.close());

  it('has a line for every route, and no line without a route', () => {
    const real = routes.map(nameOf).sort();
    expect(Object.keys(ROUTES).sort()).toEqual(real);
    expect(new Set(real).size).toBe(real.length);
  });

  it('reads an answer as the table means it', () => {
    const headers = (location: string) => new Headers({ location });
    expect(meaningOf({ status: 303, headers: headers('/login?next=%2F') })).toBe('login');
    expect(meaningOf({ status: 303, headers: headers('/login-desk') })).toBe('ok');
    expect(meaningOf({ status: 403, headers: new Headers() })).toBe(403);
    expect(meaningOf({ status: 500, headers: new Headers() })).toBe(500);
    expect(meaningOf({ status: 422, headers: new Headers() })).toBe('ok');
  });

  it.each(Object.entries(ROUTES))('%s', async (name, line) => {
    const route = routes.find((each) => nameOf(each) === name);
    if (!route) throw new Error(`there is no route ${name}`);
    // What one act changes must not be in the way of another.
    const own = route.method !== 'GET' && route.parameters.length > 0;
    const rows = own ? await rowsOf(world, world.school) : reading;
    const path = pathOf(route, (parameter) =>
      route.targets?.[parameter] === null ? 'nothing' : idOf(route, parameter, rows),
    );
    const told: Record<string, Expected | number> = {};
    for (const role of ROLES) {
      const visitor = await visitorOf(role, /\/(login|logout)$/.test(route.path));
      const body = route.method === 'GET' ? undefined : isPage(route) ? new URLSearchParams() : {};
      told[role] = meaningOf(await visitor.send(route.method, path, body));
    }
    expect(told).toEqual(Object.fromEntries(ROLES.map((role, at) => [role, line[at]])));
  });

  /** @param fresh a sign-in of his own, for routes that end it */
  async function visitorOf(role: (typeof ROLES)[number], fresh: boolean): Promise<Visitor> {
    const names = { administrator: 'ana', manager: 'mara', frontline: 'bruno', external: 'emil', 'signed out': null };
    const name = names[role];
    if (!name) return world.visitor();
    if (!fresh) return world.school.visitor[name]!;
    return world.visitor(name).signIn(world.school.user[name]!.email, PASSWORD);
  }
});
