import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Browser, type Page } from 'playwright-core';
import { SetupAddress } from '../../src/auth/index.js';
import { routesOf } from '../../src/platform/http/routes.js';
import { REPORTS } from '../../src/reports/kinds/index.js';
import { openBrowser, pageOf, seriousProblems } from '../support/browser.js';
import { rowsOf, type Rows } from '../support/route-targets.js';
import { World } from '../world.js';

let world: World;
let browser: Browser;
/** What stands for each parameter of a path, by the entity that the route names. */
let ids: Record<string, number>;
let rows: Rows;
/** Pages that open by the secret of a link alone, each with such a link. */
const links: Record<string, string> = {};

beforeAll(async () => {
  world = await World.open();
  browser = await openBrowser();
  const { group, participants, session } = await world.addRegister(world.school, [
    'Ada Lovelace',
    'Alan Turing',
    'محمد العربي',
  ]);
  await world.addGroup(world.school, 'Class with a name that is far too long for a phone, and goes on all the same', {
    parent: group.id,
  });
  for (const [at, presence_state] of ['present', 'late'].entries())
    await world.bruno.post('/api/presence', {
      session_id: session.id,
      participant_id: participants[at]!.id,
      presence_state,
      note: 'Bus',
    });
  const upload = new FormData();
  upload.append(
    'file',
    new Blob(['first_name,last_name,identifier,date_of_birth\nGrace,Hopper,G-1,1906-12-09\n,Nobody,G-2,2026-02-30\n']),
    'people.csv',
  );
  const made = await world.ana.post('/api/participants/bulk', upload);
  expect(made.status).toBe(202);
  // What only devices make: a conflict, what is parked, a delivery, a device.
  rows = await rowsOf(world, world.school);
  ids = {
    Session: session.id,
    Participant: participants[0]!.id,
    Group: group.id,
    Import: (made.json.data ?? made.json).id,
  };
  const guest = { email: 'guest@riverside.example', first_name: 'Gala', last_name: 'Guest', role: 'frontline' };
  const { invitation_url } = (await world.ana.post('/api/admin/users', guest)).json.data;
  const { url } = (await world.ana.post(`/api/admin/users/${world.school.user.mara!.id}/password-reset`)).json.data;
  links['/invitation/:token'] = new URL(invitation_url).pathname;
  links['/password-reset/:token'] = new URL(url).pathname;
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await world?.close();
});

/** Every page of the product, from the routes themselves: a new page is in it at once. */
function pages(): string[] {
  return (
    routesOf(world.app)
      .filter(
        (route) => route.method === 'GET' && !route.path.startsWith('/api') && !/^\/(health|metrics)/.test(route.path),
      )
      // A picture is no page.
      .filter((route) => route.path !== '/login' && !/\/(photo|logo)$/.test(route.path))
      // Nor is a file of rows to be mended, or one that was asked for.
      .filter((route) => route.path !== '/import/:id/errors' && !route.path.endsWith('/file'))
      // Nor is what a calendar program reads.
      .filter((route) => !route.path.startsWith('/calendar/'))
      .flatMap((route) => {
        if (route.path === '/reports/:code')
          return REPORTS.map(({ code, never = [] }) =>
            never.includes('participant_id')
              ? `/reports/${code}`
              : `/reports/${code}?participant_id=${ids.Participant}`,
          );
        let path = links[route.path] ?? route.path;
        for (const name of route.parameters) {
          const target = route.targets?.[name] as { name?: string } | null;
          path = path.replace(`:${name}`, String(target?.name ? (ids[target.name] ?? rows.get(target)) : name));
        }
        return path === '/setup' ? world.app.get(SetupAddress).open() : path;
      })
  );
}

/** What a person could want to use on the page, and what the Tab key reaches of it. */
async function unreachedByKeyboard(page: Page): Promise<string[]> {
  const wanted = await page.evaluate(() => {
    const usable = [
      ...document.querySelectorAll<HTMLElement>('a[href], button, input, select, textarea, summary, [tabindex="0"]'),
    ];
    let mark = 0;
    return usable
      .filter((each) => {
        if (!each.checkVisibility({ visibilityProperty: true, opacityProperty: false })) return false;
        if ((each as HTMLInputElement).disabled || each.closest('fieldset[disabled]') || each.tabIndex < 0)
          return false;
        // Of the radios of one person the Tab key reaches one; the arrow keys go on from there.
        const radio = each as HTMLInputElement;
        if (radio.type === 'radio') {
          const group = [...document.querySelectorAll<HTMLInputElement>(`input[name="${radio.name}"]`)];
          return (group.find((one) => one.checked) ?? group[0]) === radio;
        }
        return radio.type !== 'hidden';
      })
      .map((each) => {
        each.dataset.wanted = String(++mark);
        return [each.dataset.wanted, each.outerHTML.slice(0, 160)] as [string, string];
      });
  });
  // What the focus comes to is noted in the page: asking after every step would take far longer than the steps.
  await page.evaluate(() => {
    const reached = ((window as any).reached = new Set<string>());
    (document.activeElement as HTMLElement | null)?.blur();
    document.addEventListener('focusin', ({ target }) => {
      const active = target as HTMLElement;
      // A register is one stop for the Tab key: the arrow keys lead to all of its people.
      const stops = active.closest('#register')
        ? document.querySelectorAll<HTMLElement>('#register [data-wanted]')
        : [active];
      for (const each of stops) if (each.dataset.wanted) reached.add(each.dataset.wanted);
    });
  });
  for (let step = 0; step < wanted.length * 2 + 20; step++) await page.keyboard.press('Tab');
  const reached = new Set((await page.evaluate(() => [...(window as any).reached])) as string[]);
  return wanted.filter(([mark]) => !reached.has(mark)).map(([, html]) => html);
}

describe('every page', () => {
  it('is free of what axe calls serious or critical, on a phone and a desk, in light and dark', async () => {
    const problems: string[] = [];
    expect(pages()).toEqual(expect.arrayContaining(['/', '/sessions', '/participants', '/groups', '/import']));
    for (const [width, colorScheme] of [
      [360, 'dark'],
      [1280, 'light'],
    ] as const) {
      const page = await pageOf(browser, world.ana, { colorScheme, viewport: { width, height: 800 } });
      for (const path of [...pages(), '/nothing-here']) {
        const answer = await page.goto(path);
        const expected = path === '/nothing-here' ? 404 : 200;
        if (answer?.status() !== expected) problems.push(`${path} answers ${answer?.status()}`);
        for (const problem of await seriousProblems(page)) problems.push(`${path} ${width} ${colorScheme}: ${problem}`);
        const wider = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        if (wider > 0) problems.push(`${path} ${width}: ${wider} px wider than the screen`);
      }
      await page.context().close();
    }
    const stranger = await (await browser.newContext({ baseURL: world.address })).newPage();
    await stranger.goto('/login');
    problems.push(...(await seriousProblems(stranger)));
    expect(problems).toEqual([]);
  }, 480_000);

  it('can be used with the keyboard alone', async () => {
    const problems: string[] = [];
    const page = await pageOf(browser, world.ana, { viewport: { width: 1280, height: 800 } });
    for (const path of pages()) {
      await page.goto(path);
      for (const html of await unreachedByKeyboard(page)) problems.push(`${path}: ${html}`);
    }
    await page.context().close();
    expect(problems).toEqual([]);
  }, 480_000);
});
