import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Request } from 'playwright-core';
import { createApp } from '../../src/app.js';
import { PresenceRecord } from '../../src/presence/index.js';
import { Device, until } from '../support/offline-device.js';
import { Proxy } from '../support/proxy.js';
import { PASSWORD, World } from '../world.js';

let world: World;
let proxy: Proxy;
let device: Device;
beforeAll(async () => {
  world = await World.open();
}, 60_000);
afterAll(() => world?.close());
beforeEach(async () => {
  proxy = await Proxy.open(world.address);
  device = await Device.open(proxy.address);
}, 30_000);
afterEach(async () => {
  await device?.dispose();
  await proxy?.close();
});

const NAMES = ['Ada Lovelace', 'Grace Hopper'];
const headline = () => device.page.locator('h1').textContent();

/** Bruno's device, on which this register was opened once with network. */
async function openRegister() {
  const made = await world.addRegister(world.school, NAMES);
  const path = `/sessions/${made.session.id}`;
  // A sign-in of its own: some of these flows end it.
  await device.signInAs(await world.visitor().signIn(world.school.user.bruno!.email, PASSWORD));
  await device.goto(path);
  await device.waitUntilKept(path);
  await device.waitUntilKept('/');
  return { ...made, path };
}

/** Marks the first row by the plain form of a page whose script does not run. @param gone what happens before it is sent */
async function markPlainly(path: string, state: string, gone: () => unknown = () => undefined): Promise<void> {
  await device.script(false);
  await device.page.goto(path);
  await gone();
  await device.page.locator(`#register input[value=${state}]`).first().check({ force: true });
  await device.page.locator('button:has-text("Save marks")').click();
}

describe('pages without network', () => {
  it('open after the browser was closed: a register, the list of today, with styles and scripts', async () => {
    const { path, group } = await openRegister();
    proxy.cut();
    await device.stop();
    await device.start();
    await device.page.goto(path);
    expect(await device.page.locator('#register > li').count()).toBe(2);
    await device.page.goto('/');
    expect(await headline()).toBe('Today');
    expect(await device.page.evaluate(() => document.styleSheets.length > 0 && 'htmx' in window)).toBe(true);
    expect(await device.page.locator('body').getAttribute('data-stored')).toMatch(/^\d{4}-/);
    await device.page.goto('/participants');
    expect(await headline()).toBe('No network');
    expect(await device.page.locator(`a[href="${path}"]`).textContent()).toBe('Mathematics');
    // Two lessons of one subject differ by their class.
    expect(
      await device.page.locator('.rows > li', { has: device.page.locator(`a[href="${path}"]`) }).textContent(),
    ).toContain(`${group.name} · `);
    await device.page.getByRole('link', { name: 'To today' }).click();
    expect(await headline()).toBe('Today');
  }, 60_000);

  it('open by themselves when there is network again', async () => {
    await openRegister();
    proxy.cut();
    await device.page.goto('/participants');
    expect(await headline()).toBe('No network');
    proxy.restore();
    await Promise.all([
      device.page.waitForEvent('load'),
      device.page.evaluate(() => void dispatchEvent(new Event('online'))),
    ]);
    expect(await headline()).not.toBe('No network');
    expect(new URL(device.page.url()).pathname).toBe('/participants');
  }, 60_000);

  it('say that they were kept, and Today says where marks wait', async () => {
    const { path, participants } = await openRegister();
    proxy.cut();
    await device.page.locator(`#p${participants[0]!.id} label:has(input[value=late])`).click();
    await device.page.locator('#device', { hasText: 'Offline, 1 mark' }).waitFor();
    await device.page.goto('/');
    await device.page.locator('#device', { hasText: 'This page was kept at' }).waitFor();
    const line = device.page.locator('.rows > li', { has: device.page.locator(`a[href="${path}"]`) });
    await line.getByText('1 mark not sent yet').waitFor();
    expect(await device.page.locator('.tag-kept').count()).toBe(1);
  }, 60_000);

  it('open although nobody opened them before: today’s registers are taken while there is network', async () => {
    const { session } = await world.addRegister(world.school, NAMES);
    await device.signInAs(world.bruno);
    await device.goto('/');
    await device.waitUntilKept(`/sessions/${session.id}`);
    proxy.cut();
    await device.page.goto(`/sessions/${session.id}`);
    expect(await device.page.locator('#register > li').count()).toBe(2);
  }, 60_000);

  it('come from the device when the network does not answer in time', async () => {
    const { path } = await openRegister();
    proxy.set({ roundTrip: 60_000, bytesPerSecond: 100_000, resets: 0 });
    const began = performance.now();
    await device.page.goto(path);
    expect(await device.page.locator('body').getAttribute('data-stored')).toMatch(/^\d{4}-/);
    expect(performance.now() - began).toBeLessThan(10_000);
  }, 60_000);

  it('come from the device when the server behind a proxy is gone, and not when it answers', async () => {
    const { path } = await openRegister();
    const stored = () => device.page.locator('body').getAttribute('data-stored');
    proxy.answer(new RegExp(`^GET ${path}$`), 1, '502 Bad Gateway', 'text/html', '<h1>Bad gateway</h1>');
    await device.page.goto(path);
    expect(await stored()).not.toBeNull();
    await device.page.goto(path);
    expect(await stored()).toBeNull();
  }, 60_000);

  it('are kept whole and as they are opened: no fragment, no refusal, no query, nothing else', async () => {
    const { path, participants } = await openRegister();
    const person = `${path}/people/${participants[0]!.id}`;
    for (const other of ['/participants', person, '/sessions/999999', '/sessions?q=nobody', `${path}?saved=3`])
      await device.page.goto(other);
    await device.page.goto(path);
    await device.page.evaluate(
      (address) => fetch(address, { headers: { 'HX-Request': 'true', 'HX-Request-Type': 'partial' } }),
      '/sessions',
    );
    const register = path.slice('/sessions/'.length);
    const kept = Object.values(await device.kept()).flat();
    expect(kept.filter((each) => !/^\/(waiting|\.warm|sessions|sessions\/\d+)?$/.test(each))).toEqual([]);
    expect(kept).not.toContain('/sessions/999999');
    expect(kept).toContain(`/sessions/${register}`);
    proxy.cut();
    await device.page.goto(`${path}?saved=3`);
    expect(await device.page.locator('#notice').textContent()).not.toContain('3');
    await device.page.goto(person);
    expect(await headline()).toBe('No network');
  }, 60_000);

  it('go with the sign-out, names as well; what waits to be sent stays', async () => {
    const { path } = await openRegister();
    await markPlainly(path, 'late', () => proxy.cut());
    expect(await headline()).toBe('Saved on this device');
    expect((await device.rows('names')).map((each) => String(each.name)).sort()).toEqual([
      'Grace Hopper',
      'Mathematics',
    ]);
    proxy.restore();
    // The sign-out is answered, and nothing has been sent before.
    proxy.answer(/^POST \/api\/sync/, 100, '503 Service Unavailable', 'text/plain', '');
    await device.page.goto('/');
    await device.page.evaluate(() => (document.querySelector('form[action="/logout"]') as HTMLFormElement).submit());
    await device.page.waitForURL(/\/login/);
    await until('the pages are gone', async () => Object.keys(await device.kept()).length === 0);
    expect(await device.rows('names')).toEqual([]);
    expect((await device.rows('ops')).map((each) => each.status)).toEqual(['waiting']);
    proxy.cut();
    await device.page.goto(path);
    expect(await headline()).toBe('No network');
    expect(await device.page.locator('main').textContent()).not.toContain('Mathematics');
  }, 60_000);

  it('go with a sign-out without network, which the server is told of before it shows anything to anybody', async () => {
    const { path } = await openRegister();
    await markPlainly(path, 'late', () => proxy.cut());
    await device.page.goto('/');
    await device.page.evaluate(() => (document.querySelector('form[action="/logout"]') as HTMLFormElement).submit());
    await until('it says so', async () => (await headline()) === 'Signed out on this device');
    expect(await device.page.locator('main').textContent()).toContain('Waiting on this device: 1');
    expect(Object.keys(await device.kept())).toEqual([]);
    await device.page.goto(path);
    expect(await headline()).toBe('No network');
    proxy.restore();
    await device.page.goto('/');
    expect(new URL(device.page.url()).pathname).toBe('/login');
    expect(await device.page.evaluate(() => caches.has('owed'))).toBe(false);
    expect((await device.rows('ops')).map((each) => each.status)).toEqual(['waiting']);
  }, 60_000);

  it('belong to one person: whoever signs in next on the device sees none of them', async () => {
    const { path } = await openRegister();
    await device.signInAs(world.clara);
    await device.page.goto('/');
    const binding = `${world.other.organization.id}:${world.other.user.clara!.id}`;
    await until('only hers are kept', async () => Object.keys(await device.kept()).join() === `pages-${binding}`);
    proxy.cut();
    await device.page.goto(path);
    expect(await headline()).toBe('No network');
    expect(await device.page.locator('main').textContent()).not.toContain('Mathematics');
  }, 60_000);

  it('are of today: yesterday’s list is none, and a register of a past day goes', async () => {
    const { path } = await openRegister();
    await device.waitUntilKept('/.warm');
    await device.age(path, '/sessions/424242');
    await device.page.goto('/');
    await until('the register of a past day is gone', async () => {
      await device.page.evaluate(
        (open) => navigator.serviceWorker.controller!.postMessage({ type: 'warm', path: open }),
        path,
      );
      return !Object.values(await device.kept())
        .flat()
        .includes('/sessions/424242');
    });
    expect(Object.values(await device.kept()).flat()).toContain(path);
    proxy.cut();
    // Only now: what was being taken when the page was aged would be of today again.
    await device.age('/');
    await device.page.goto('/');
    expect(await headline()).toBe('No network');
    await device.page.locator(`a[href="${path}"]`).click();
    expect(await headline()).toBe('Mathematics');
  }, 60_000);

  it('are locked when nobody has signed in for too long', async () => {
    const { path } = await openRegister();
    await device.changeBinding({ offline_until: Date.now() - 1_000 });
    proxy.cut();
    for (const each of [path, '/', '/participants']) {
      await device.page.goto(each);
      expect(await headline()).toBe('Locked until you sign in');
      expect(await device.page.locator('main').textContent()).not.toContain('Mathematics');
    }
    proxy.restore();
    await device.page.goto(path);
    expect(await device.page.locator('#register > li').count()).toBe(2);
  }, 60_000);
});

describe('the manifest', () => {
  it('is read by the browser without an error, under the policy of the site', async () => {
    await openRegister();
    const { address, errors, text } = await device.manifest();
    expect(address).toMatch(/\/static\/manifest\.webmanifest\?v=/);
    expect([errors, (JSON.parse(text) as { name: string }).name]).toEqual([[], 'Omnipresence']);
    await device.page.goto('/health/live');
    expect((await device.manifest()).text).toBe('');
  }, 60_000);
});

describe('a plain form without network', () => {
  it('becomes one operation for each changed row, based on what the page showed', async () => {
    const { path, participants, session } = await openRegister();
    const grace = participants.find((each) => each.firstName === 'Grace')!.id;
    await world.ana.post('/api/presence', {
      session_id: session.id,
      participant_id: grace,
      presence_state: 'absent',
    });
    await markPlainly(path, 'late', () => proxy.cut());
    expect(await headline()).toBe('Saved on this device');
    expect(await device.page.locator('main').textContent()).toContain('Marks saved on this device: 1');
    const ops = await device.rows('ops');
    expect(ops.map(({ op }) => [op.participant_id, op.presence_state, op.base, op.seq])).toEqual([
      [grace, 'late', { revision: 1 }, 1],
    ]);
    await device.script(false);
    await device.page.goto(path);
    await device.page.locator('button:has-text("Save marks")').click();
    expect(await headline()).toBe('Nothing to save');
    expect(await device.rows('ops')).toHaveLength(1);
  }, 60_000);

  it('is kept too when the sign-in has expired, and says that one has to sign in', async () => {
    const { path } = await openRegister();
    await markPlainly(path, 'late', () => device.forgetSignIn());
    expect(await headline()).toBe('Saved on this device; sign in to send');
    expect(await device.rows('ops')).toHaveLength(1);
  }, 60_000);

  it('goes to the server as ever when there is network', async () => {
    const { path } = await openRegister();
    await markPlainly(path, 'late');
    await device.page.waitForURL(`**${path}?saved=1`);
    expect(await device.rows('ops')).toEqual([]);
  }, 60_000);

  it('of which nothing is kept tells that it needs the network, and leads back', async () => {
    await openRegister();
    await device.page.goto('/');
    const start = device.page.locator('form[action$="/start"] button').first();
    proxy.cut();
    await start.click();
    await until('it says so', async () => (await headline()) === 'This needs the network');
    expect(await device.page.locator('main').textContent()).toContain('Nothing was changed');
    await device.page.getByRole('link', { name: 'Back', exact: true }).click();
    expect(await headline()).toBe('Today');
    proxy.restore();
    await start.click();
    await device.page.waitForURL('**/sessions/*');
    await device.page.getByText('Running').waitFor();
  }, 60_000);

  it('that was refused leads back to itself from the page behind it', async () => {
    const { path } = await openRegister();
    await device.page.goto('/account');
    const send = () => device.page.locator('form[action="/account"] button').click();
    await device.page.evaluate('document.querySelector(\'form[action="/account"]\').noValidate = true');
    await device.page.locator('[name=first_name]').fill('');
    await send();
    await device.page.getByText('This was not saved.').waitFor();
    await device.page.goto(path);
    await device.page.goBack();
    await until('the form is there', async () => (await headline()) === 'Your account');
    expect(await device.page.locator('[name=first_name]').inputValue()).toBe('Bruno');
  }, 60_000);

  it('that tells no referrer goes to the server untouched', async () => {
    await openRegister();
    const answer = device.page.waitForResponse((each) => each.request().method() === 'POST');
    await device.page.evaluate(() => {
      const meta = document.createElement('meta');
      Object.assign(meta, { name: 'referrer', content: 'no-referrer' });
      document.head.append(meta);
      document.querySelector<HTMLFormElement>('form[action$="/register"]')!.submit();
    });
    expect((await answer).fromServiceWorker()).toBe(false);
    expect(await device.rows('ops')).toEqual([]);
  }, 60_000);

  describe('of another site', () => {
    let html = '';
    const site = createServer(({ url }, response) =>
      response.setHeader('Content-Type', 'text/html').setHeader('Referrer-Policy', url!.slice(1)).end(html),
    );
    beforeAll(async () => {
      site.listen(0, '127.0.0.1');
      await once(site, 'listening');
    });
    afterAll(() => void site.close());

    /** What a page elsewhere does to whoever opens it. @returns the status, and whether the worker answered; null: no answer */
    async function attack(policy: string, action: string, fields: Record<string, string>) {
      const inputs = Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`);
      html = `<form method=post action="${proxy.address}${action}">${inputs.join('')}</form>`;
      const page = await device.newPage();
      // Another name of the machine is another site.
      await page.goto(`http://localhost:${(site.address() as AddressInfo).port}/${policy}`);
      const isPost = (each: Request) => each.method() === 'POST';
      const ended = Promise.race([
        page.waitForEvent('requestfinished', isPost),
        page.waitForEvent('requestfailed', isPost),
      ]);
      await page.evaluate(() => document.querySelector('form')!.submit());
      const answer = await (await ended).response();
      await page.close();
      return answer && [answer.status(), answer.fromServiceWorker()];
    }

    it('marks nobody, adds nobody and signs nobody out, with network and without', async () => {
      const { path, participants, session, group } = await openRegister();
      const [person] = participants;
      const forms: [string, Record<string, string>][] = [
        [`${path}/register`, { shown: `${person!.id}:0:`, [`s${person!.id}`]: 'late', complete: '1' }],
        [`${path}/people`, { group_id: String(group.id), first_name: 'Eve', last_name: 'Evil' }],
        [`${path}/start`, {}],
        ['/logout', {}],
      ];
      for (const policy of ['unsafe-url', 'no-referrer'])
        for (const form of forms) expect(await attack(policy, ...form)).toEqual([403, false]);
      proxy.cut();
      for (const policy of ['unsafe-url', 'no-referrer'])
        for (const form of forms) expect(await attack(policy, ...form)).toBeNull();
      proxy.restore();
      await device.page.goto(path);
      expect(await device.page.locator('#register > li').count()).toBe(NAMES.length);
      expect(await device.rows('ops')).toEqual([]);
      expect(await world.read(world.school, (em) => em.find(PresenceRecord, { session: session.id }))).toEqual([]);
    }, 60_000);
  });

  it('says NOT saved when the device refuses to keep it, and keeps nothing of it', async () => {
    const { path } = await openRegister();
    // A browser that was just started asks anew how much room there is.
    await device.stop();
    await device.start();
    await device.room(1);
    await markPlainly(path, 'late', () => proxy.cut());
    expect(await headline()).toBe('NOT saved');
    await device.room(null);
    expect(await device.rows('ops')).toEqual([]);
  }, 60_000);
});

describe('a new version of the worker', () => {
  const built = () => readFileSync(join(import.meta.dirname, '..', '..', 'static', 'dist', 'sw.js'), 'utf8');
  const deploy = () => proxy.answer(/^GET \/sw\.js/, 100, '200 OK', 'text/javascript', `${built()}\n// new`);
  const state = () => device.page.evaluate(() => document.documentElement.dataset.worker);
  const update = () => device.page.evaluate(async () => void (await navigator.serviceWorker.ready).update());
  const versions = () =>
    device.page.evaluate(async () => {
      const { active, waiting, installing } = await navigator.serviceWorker.ready;
      return [active?.state, waiting?.state ?? installing?.state].join();
    });

  it('takes over by itself when nothing waits to be sent, and pages stay open', async () => {
    await openRegister();
    await until('the worker is told', async () => (await state()) === 'ready');
    await device.page.evaluate(() => ((window as any).sameDocument = true));
    const old = await device.page.evaluateHandle(() => navigator.serviceWorker.controller);
    deploy();
    await update();
    await until('the new version controls the page', () =>
      device.page.evaluate((before) => navigator.serviceWorker.controller !== before, old),
    );
    expect(await device.page.evaluate(() => (window as any).sameDocument)).toBe(true);
  }, 60_000);

  it('waits while something waits to be sent, until the person asks for it', async () => {
    const { path } = await openRegister();
    await markPlainly(path, 'late', () => proxy.cut());
    await device.script(true);
    proxy.restore();
    proxy.answer(/^POST \/api\/sync/, 1000, '503 Service Unavailable', 'text/plain', '');
    await device.page.goto(path);
    deploy();
    await update();
    await until('the new version waits', async () => (await versions()) === 'activated,installed');
    await until('the page tells of it', async () => (await state()) === 'update');
    await device.page
      .locator('#device button', { hasText: 'Use it now' })
      .evaluate((button: HTMLElement) => button.click());
    // The page is loaded anew meanwhile, and answers nothing for a moment.
    await until('it has taken over', async () => (await versions().catch(() => '')) === 'activated,');
    expect(await device.rows('ops')).toHaveLength(1);
  }, 60_000);

  it('drops the pages and leaves when it was switched off; the outbox stays', async () => {
    const { path } = await openRegister();
    await markPlainly(path, 'late', () => proxy.cut());
    await device.script(true);
    proxy.restore();
    const off = await createApp({ ...world.config, serviceWorker: false });
    try {
      await off.listen(0, '127.0.0.1');
      proxy.aimAt((await off.getUrl()).replace('[::1]', '127.0.0.1'));
      await device.page.goto('/login');
      expect(await device.page.locator('meta[name=service-worker]').count()).toBe(0);
      await until('no cache is left', () => device.page.evaluate(async () => (await caches.keys()).length === 0));
      await until('the worker is gone', () =>
        device.page.evaluate(async () => !(await navigator.serviceWorker.getRegistration('/'))),
      );
      expect(await device.rows('ops')).toHaveLength(1);
    } finally {
      proxy.aimAt(world.address);
      await off.close();
    }
  }, 60_000);
});
