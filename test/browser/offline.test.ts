/**
 * Marks without network, from the tap to the row on the server. The network is cut outside of the browser, by a proxy. Every
 * flow ends in the same question to the server's tables: is every mark there exactly once, under the right person?
 * OFFLINE_REPEAT=10 runs each flow ten times.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Page } from 'playwright-core';
import { createApp } from '../../src/app.js';
import { Participant } from '../../src/participants/index.js';
import { PresenceOperation, PresenceRecord, PresenceState } from '../../src/presence/index.js';
import { mysqlServer, ownDatabase } from '../support/databases.js';
import { Device, until } from '../support/offline-device.js';
import { Proxy } from '../support/proxy.js';
import { type Visitor } from '../support/visitor.js';
import { PASSWORD, startApp, World } from '../world.js';

let world: World;
let proxy: Proxy;
let device: Device;
beforeAll(async () => {
  world = await World.open();
}, 60_000);
afterAll(() => world?.close());
beforeEach(async () => {
  proxy = await Proxy.open(world.address, Number(process.env.OFFLINE_SEED ?? 1));
  device = await Device.open(proxy.address);
}, 30_000);
afterEach(async () => {
  await device?.dispose();
  await proxy?.close();
});

const flow = (name: string, work: () => Promise<void>): void => {
  const times = Number(process.env.OFFLINE_REPEAT ?? 1);
  for (let time = 1; time <= times; time++) it(times > 1 ? `${name} (${time})` : name, work, 90_000);
};

type Register = Awaited<ReturnType<typeof openRegister>>;

const freshly = (name: string): Promise<Visitor> =>
  world.visitor(name).signIn(world.school.user[name]!.email, PASSWORD);

/** A register of so many people, open on Bruno's device and kept on it. */
async function openRegister(people: number) {
  const { session, participants } = await world.addRegister(world.school, people);
  const path = `/sessions/${session.id}`;
  await device.signInAs(await freshly('bruno'));
  await device.goto(path);
  await device.waitUntilKept(path);
  await device.waitUntilKept('/');
  await until('the device is known to the server', async () => (await device.rows('bindings'))[0]?.client_id != null);
  return { session: session.id, people: participants.map((each) => each.id), path };
}

const row = (person: number | string, page: Page = device.page) => page.locator(`#p${person}`);
const tap = (person: number, state: string, page: Page = device.page) =>
  row(person, page).locator(`label:has(input[value=${state}])`).click();

async function tapAll(register: Register, state = 'present'): Promise<void> {
  for (const person of register.people) await tap(person, state);
  await until('all are in the outbox', async () => (await device.rows('ops')).length === register.people.length);
}

/** How many rows show this state, as a person sees it. */
const showing = (state: string, page: Page = device.page) =>
  page.locator(`#register > li:has(input[value=${state}]:checked)`).count();

const statusLine = async (page: Page = device.page) => (await page.locator('#device').textContent()) ?? '';
const waitForStatus = (text: RegExp, page: Page = device.page) =>
  until(`the status says ${text}`, async () => text.test(await statusLine(page)));

/** The network is there again, and the system says so. */
async function back(page: Page = device.page): Promise<void> {
  proxy.restore();
  await page.evaluate(() => void dispatchEvent(new Event('online')));
}

const waiting = async () => (await device.rows('ops')).filter((each) => each.status === 'waiting').length;
const untilSent = () => until('nothing waits to be sent', async () => (await waiting()) === 0, 60_000);

const tables = (session: number, place = world) =>
  place.read(place.school, async (em) => ({
    cells: await em.find(PresenceRecord, { session }, { orderBy: { participant: 'asc' } }),
    codes: new Map((await em.find(PresenceState, {})).map((each) => [each.id, each.code])),
    receipts: await em.find(PresenceOperation, { session, kind: 'presence' }, { orderBy: { id: 'asc' } }),
  }));

/**
 * Every mark exactly once, under the right person: one cell a person in the given state, by Bruno, and exactly the given
 * number of receipts, all applied; the operations of the device are these receipts.
 */
async function expectOnServer(register: Register, states: Record<number, string>, operations: number): Promise<void> {
  const { cells, receipts, codes } = await tables(register.session);
  expect(Object.fromEntries(cells.map((each) => [each.participant, codes.get(each.presenceState ?? 0)]))).toEqual(
    states,
  );
  expect(new Set(cells.map((each) => each.recordedBy))).toEqual(new Set([world.school.user.bruno!.id]));
  expect(receipts.map((each) => each.outcome)).toEqual(Array.from({ length: operations }, () => 'applied'));
  expect(cells.reduce((sum, each) => sum + each.revision, 0)).toBe(operations);
  const sent = (await device.rows('ops')).filter((each) => each.session === register.session);
  expect(sent.map((each) => `${each.status} ${each.op_id}`).sort()).toEqual(
    receipts.map((each) => `settled ${each.opId}`).sort(),
  );
}

const everybody = (register: Register, state = 'present') =>
  Object.fromEntries(register.people.map((each) => [each, state]));

describe('marks without network', () => {
  flow('30 of 30, through a reload and a closed browser, arrive once each', async () => {
    const register = await openRegister(30);
    proxy.cut();
    await tapAll(register);
    await waitForStatus(/^Offline, 30 marks saved on this device, last sync/);
    await device.page.reload();
    await until('the 30 are shown', async () => (await showing('present')) === 30);
    await device.stop();
    await device.start();
    await device.page.goto(register.path);
    await until('the 30 are shown', async () => (await showing('present')) === 30);
    expect((await tables(register.session)).receipts).toEqual([]);
    await back();
    await untilSent();
    await expectOnServer(register, everybody(register), 30);
    await device.page.goto(register.path);
    expect(await showing('present')).toBe(30);
  });

  flow('30 of 30 over a bad network: 400 ms, 400 kbit/s, every fifth connection breaks', async () => {
    const register = await openRegister(30);
    proxy.set({ roundTrip: 400, bytesPerSecond: 50_000, resets: 0.2 });
    await device.page.reload();
    await tapAll(register, 'late');
    await untilSent();
    await expectOnServer(register, everybody(register, 'late'), 30);
  });

  flow('with the sign-in expired in between: kept, and sent after a new sign-in', async () => {
    const register = await openRegister(3);
    proxy.cut();
    await tapAll(register);
    await device.forgetSignIn();
    await back();
    await waitForStatus(/Sign in to send 3 marks/);
    expect((await tables(register.session)).receipts).toEqual([]);
    await device.page.goto('/login');
    await device.page.fill('input[name=email]', world.school.user.bruno!.email);
    await device.page.fill('input[name=password]', PASSWORD);
    await device.page.locator('main button').click();
    await device.page.waitForURL((url) => url.pathname === '/');
    await untilSent();
    await expectOnServer(register, everybody(register), 3);
  });

  flow('with another user signing in on the device in between: never under his name', async () => {
    const register = await openRegister(3);
    proxy.cut();
    await tapAll(register);
    await device.signInAs(await freshly('ana'));
    await back();
    await waitForStatus(/Another account is signed in/);
    await device.page.goto('/');
    await waitForStatus(/Bruno Example has 3 marks here, not sent yet/);
    expect((await tables(register.session)).receipts).toEqual([]);
    await device.signInAs(await freshly('bruno'));
    await device.page.goto('/');
    await untilSent();
    await expectOnServer(register, everybody(register), 3);
  });

  flow('in two tabs: both show all, and one sends them once', async () => {
    const register = await openRegister(4);
    const other = await device.newPage();
    await other.goto(register.path);
    proxy.cut();
    const [first, second, third, fourth] = register.people as [number, number, number, number];
    for (const person of [first, second]) await tap(person, 'present');
    for (const person of [third, fourth]) await tap(person, 'late', other);
    for (const page of [device.page, other])
      await until('both show all', async () => (await showing('present', page)) + (await showing('late', page)) === 4);
    await Promise.all([back(), back(other)]);
    await untilSent();
    const states = { [first]: 'present', [second]: 'present', [third]: 'late', [fourth]: 'late' };
    await expectOnServer(register, states, 4);
  });

  flow('with a new version deployed in between: it waits, and takes over when all is sent', async () => {
    const register = await openRegister(3);
    proxy.cut();
    await tapAll(register);
    proxy.restore();
    const sw = readFileSync(join(import.meta.dirname, '..', '..', 'static', 'dist', 'sw.js'), 'utf8');
    proxy.answer(/^GET \/sw\.js/, 1_000, '200 OK', 'text/javascript', `${sw}\n// new`);
    // The old server is being stopped: no mark gets through yet.
    proxy.answer(/ \/api\/sync/, 1_000, '503 Service Unavailable', 'text/plain', '');
    await device.page.reload();
    await waitForStatus(/A new version is ready/);
    await until('the 3 are shown', async () => (await showing('present')) === 3);
    proxy.mend();
    proxy.answer(/^GET \/sw\.js/, 1_000, '200 OK', 'text/javascript', `${sw}\n// new`);
    await back();
    await untilSent();
    await device.page.reload();
    await until('the new version has taken over', () =>
      device.page.evaluate(async () => !(await navigator.serviceWorker.ready).waiting),
    );
    await expectOnServer(register, everybody(register), 3);
  });

  flow('where IndexedDB refuses to write: the person is told, nothing is called saved on the device', async () => {
    const { session, participants } = await world.addRegister(world.school, 3);
    await device.signInAs(await freshly('bruno'));
    await device.page.addInitScript(() => {
      IDBObjectStore.prototype.put = () => {
        throw new DOMException('full', 'QuotaExceededError');
      };
    });
    await device.page.goto(`/sessions/${session.id}`);
    await waitForStatus(/saved only when the server has answered/);
    await tap(participants[0]!.id, 'present');
    await until('it is on the server', async () => (await tables(session.id)).receipts.length === 1);
    await device.page.locator(`#p${participants[0]!.id}[data-s=present]`).waitFor();
    proxy.cut();
    await tap(participants[1]!.id, 'present');
    await device.page.locator(`#p${participants[1]!.id}.fail`).waitFor();
    expect(await device.page.locator('#register > li.kept').count()).toBe(0);
    expect(await statusLine()).not.toMatch(/marks? saved on this device/);
    await back();
    await until('it is on the server', async () => (await tables(session.id)).receipts.length === 2);
    const { cells } = await tables(session.id);
    expect(cells.map((each) => [each.participant, each.revision])).toEqual([
      [participants[0]!.id, 1],
      [participants[1]!.id, 1],
    ]);
  });

  flow('where IndexedDB stops writing while the page is open: the mark goes straight to the server', async () => {
    const register = await openRegister(2);
    const [first, second] = register.people as [number, number];
    await device.page.evaluate(() => {
      IDBObjectStore.prototype.put = () => {
        throw new DOMException('full', 'QuotaExceededError');
      };
    });
    await tap(first, 'present');
    await until('it is on the server', async () => (await tables(register.session)).receipts.length === 1);
    await waitForStatus(/saved only when the server has answered/);
    proxy.cut();
    await tap(second, 'present');
    await row(second).and(device.page.locator('.fail')).waitFor();
    expect(await device.page.locator('#register > li.kept').count()).toBe(0);
    expect(await device.rows('ops')).toEqual([]);
    await back();
    await until('it is on the server', async () => (await tables(register.session)).receipts.length === 2);
    expect((await tables(register.session)).cells.map((each) => each.revision)).toEqual([1, 1]);
  });

  flow('as a plain form, without the page’s script: the worker keeps them, and they arrive', async () => {
    const register = await openRegister(3);
    await device.script(false);
    await device.page.goto(register.path);
    proxy.cut();
    for (const person of register.people) await row(person).locator('input[value=late]').check({ force: true });
    await device.page.locator('button:has-text("Save marks")').click();
    expect(await device.page.locator('main').textContent()).toContain('Marks saved on this device: 3');
    await device.script(true);
    await device.page.goto(register.path);
    await until('the 3 are shown', async () => (await showing('late')) === 3);
    await back();
    await untilSent();
    await expectOnServer(register, everybody(register, 'late'), 3);
  });

  flow('by keyboard alone', async () => {
    const register = await openRegister(4);
    proxy.cut();
    await device.page.locator('#register input[type=radio]').first().focus();
    for (const key of ['p', 'l', 'a', 'p']) await device.page.keyboard.press(key);
    await until('all are in the outbox', async () => (await device.rows('ops')).length === 4);
    const shown = await device.page
      .locator('#register > li')
      .evaluateAll((rows) => rows.map((each) => Number(each.id.slice(1))));
    await back();
    await untilSent();
    const states = ['present', 'late', 'absent', 'present'];
    await expectOnServer(register, Object.fromEntries(shown.map((id, at) => [id, states[at]!])), 4);
  });

  flow('arrive by themselves while the page is open, although no browser tells that the network is back', async () => {
    const register = await openRegister(2);
    proxy.cut();
    await tapAll(register);
    await waitForStatus(/^Offline, 2 marks/);
    // Long enough that a back-off of minutes would have begun.
    await new Promise((done) => setTimeout(done, 12_000));
    proxy.restore();
    await until('nothing waits to be sent', async () => (await waiting()) === 0, 20_000);
    await expectOnServer(register, everybody(register), 2);
  });

  flow('as one act on many, and its undo', async () => {
    const register = await openRegister(5);
    const [first, ...rest] = register.people as [number, ...number[]];
    proxy.cut();
    await tap(first, 'absent');
    await until('it is in the outbox', async () => (await device.rows('ops')).length === 1);
    await device.page.locator('#mark-all button').click();
    await until('all are in the outbox', async () => (await device.rows('ops')).length === 5);
    await device.page.reload();
    await until('the rest is shown', async () => (await showing('present')) === 4);
    await device.page.locator('#undo button').click();
    await until('the undo is in the outbox', async () => (await device.rows('ops')).length === 9);
    await device.page.locator('#mark-all button').click();
    await until('all are in the outbox', async () => (await device.rows('ops')).length === 13);
    await back();
    await untilSent();
    const states = { [first]: 'absent', ...Object.fromEntries(rest.map((each) => [each, 'present'])) };
    await expectOnServer(register, states, 13);
  });

  flow('of somebody who is added to the register on the device', async () => {
    const register = await openRegister(1);
    proxy.cut();
    await device.page.locator('details.add > summary').click();
    await device.page.fill('#enrol input[name=first_name]', 'Nadia');
    await device.page.fill('#enrol input[name=last_name]', 'Newcomer');
    await device.page.locator('#enrol button').click();
    const newcomer = device.page.locator('#register > li:has-text("Newcomer")');
    await newcomer.locator('label:has(input[value=late])').click();
    await until('both are in the outbox', async () => (await device.rows('ops')).length === 2);
    await device.page.reload();
    await until('she is shown', async () => (await newcomer.locator('input[value=late]:checked').count()) === 1);
    await back();
    await untilSent();
    const people = await world.read(world.school, (em) =>
      em.find(Participant, { lastName: 'Newcomer' }, { orderBy: { id: 'desc' } }),
    );
    const { cells } = await tables(register.session);
    expect(cells.map((each) => [each.participant, each.revision])).toEqual([[people[0]!.id, 1]]);
    await device.page.goto(register.path);
    expect(await device.page.locator('#register > li').count()).toBe(2);
  });
});

describe('somebody else marked meanwhile', () => {
  /** Ana says late while Bruno, without network, says present. */
  async function clash() {
    const register = await openRegister(2);
    const [person] = register.people as [number];
    proxy.cut();
    await tap(person, 'present');
    await until('it is in the outbox', async () => (await waiting()) === 1);
    await world.ana.post('/api/presence', {
      session_id: register.session,
      participant_id: person,
      presence_state: 'late',
    });
    await back();
    await untilSent();
    await row(person).locator('[data-mine]').waitFor();
    const [cell] = (await tables(register.session)).cells;
    expect([cell!.disputed, cell!.revision]).toEqual([true, 1]);
    return { register, person };
  }

  flow('"use mine" marks again on what is there now, and the conflict closes', async () => {
    const { register, person } = await clash();
    await row(person).locator('[data-mine]').click();
    await until('it is settled', async () => (await tables(register.session)).cells[0]!.revision === 2);
    const { cells, receipts } = await tables(register.session);
    expect(cells.map((each) => [each.participant, each.disputed, each.recordedBy])).toEqual([
      [person, false, world.school.user.bruno!.id],
    ]);
    expect(receipts.map((each) => [each.outcome, each.settlement])).toEqual([
      ['applied', null],
      ['conflict', 'merged'],
      ['applied', null],
    ]);
    await until('the row asks no more', async () => (await row(person).locator('[data-mine]').count()) === 0);
  });

  flow('the other one or the person himself took the mark away: it is told in these words', async () => {
    const register = await openRegister(2);
    const [first, second] = register.people as [number, number];
    await tapAll(register);
    await untilSent();
    proxy.cut();
    await row(first).locator('input:checked').focus();
    await device.page.keyboard.press('Delete');
    await tap(second, 'absent');
    await until('both are in the outbox', async () => (await waiting()) === 2);
    const mark = (participant_id: number, presence_state: string | null) =>
      world.ana.post('/api/presence', { session_id: register.session, participant_id, presence_state, revision: 1 });
    expect([(await mark(first, 'late')).status, (await mark(second, null)).status]).toEqual([200, 200]);
    await back();
    await row(first).getByText('Ana Example marked Late meanwhile; you took the mark away.').waitFor();
    await row(second).getByText('Ana Example took the mark away meanwhile; you marked Absent.').waitFor();
    await waitForStatus(/2 marks need a decision/);
  });

  flow('"keep theirs" withdraws, and the mark of the other stands', async () => {
    const { register, person } = await clash();
    await row(person).locator('[data-theirs]').click();
    await until(
      'it is withdrawn',
      async () => (await tables(register.session)).receipts[1]!.settlement === 'withdrawn',
    );
    const { cells } = await tables(register.session);
    expect(cells.map((each) => [each.disputed, each.revision, each.recordedBy])).toEqual([
      [false, 1, world.school.user.ana!.id],
    ]);
    await until('the row asks no more', async () => (await row(person).locator('[data-mine]').count()) === 0);
  });

  flow('the session was cancelled: the mark is parked, and the person is told', async () => {
    const register = await openRegister(2);
    const [person] = register.people as [number];
    proxy.cut();
    await tap(person, 'present');
    await until('it is in the outbox', async () => (await waiting()) === 1);
    await world.ana.form(`/sessions/${register.session}/cancel`, {});
    await back();
    await untilSent();
    await row(person).locator('.told').waitFor();
    const { cells, receipts } = await tables(register.session);
    expect(cells).toEqual([]);
    expect(receipts.map((each) => [each.outcome, each.code])).toEqual([['parked', 'session_deleted']]);
  });
});

describe('a server and a network that fail', () => {
  flow('replies that are lost: what is sent again counts once', async () => {
    const register = await openRegister(5);
    proxy.cut();
    await tapAll(register);
    proxy.loseReplies(/^POST \/api\/sync/, 2);
    await back();
    await untilSent();
    expect(proxy.count(/^POST \/api\/sync/)).toBeGreaterThanOrEqual(3);
    await expectOnServer(register, everybody(register), 5);
  });

  flow('500, a page of HTML with status 200, a redirect: none of them is an answer', async () => {
    const register = await openRegister(3);
    proxy.cut();
    await tapAll(register);
    proxy.answer(/^POST \/api\/sync/, 1, '500 Internal Server Error', 'text/html', '<h1>Oops</h1>');
    proxy.answer(/^POST \/api\/sync/, 1, '200 OK', 'text/html', '<h1>Welcome to this hotel. Please pay.</h1>');
    proxy.answer(/^POST \/api\/sync/, 1, '302 Found\r\nLocation: /login', 'text/html', '');
    await back();
    await until('all three came', async () => {
      await device.page.evaluate(() => void dispatchEvent(new Event('online')));
      return proxy.count(/^POST \/api\/sync/) >= 4;
    });
    await untilSent();
    await expectOnServer(register, everybody(register), 3);
  });

  flow('the browser is closed while it sends', async () => {
    const register = await openRegister(30);
    proxy.cut();
    await tapAll(register);
    proxy.set({ roundTrip: 600, bytesPerSecond: 4_000, resets: 0 });
    await back();
    await until('it is sending', async () => proxy.count(/^POST \/api\/sync/) > 0);
    await device.stop();
    proxy.set(null);
    await device.start();
    await device.page.goto(register.path);
    await untilSent();
    await expectOnServer(register, everybody(register), 30);
  });

  flow('a sign-out while marks wait: they stay, and are sent at the next sign-in', async () => {
    const register = await openRegister(3);
    proxy.cut();
    await tapAll(register);
    proxy.restore();
    proxy.answer(/ \/api\/sync/, 1_000, '503 Service Unavailable', 'text/plain', '');
    await device.page.locator('details.account summary').click();
    await device.page.locator('form[action="/logout"] button').click();
    await device.page.locator('dialog button:has-text("Keep them and sign out")').click();
    await device.page.waitForURL(/\/login/);
    expect(await waiting()).toBe(3);
    await until('the pages are gone', async () => Object.keys(await device.kept()).length === 0);
    proxy.mend();
    await device.signInAs(await freshly('bruno'));
    await device.page.goto('/');
    await untilSent();
    await expectOnServer(register, everybody(register), 3);
  });

  flow('nobody signed in for too long: names are locked, and the marks are sent after a sign-in', async () => {
    const register = await openRegister(3);
    proxy.cut();
    await tapAll(register);
    await device.changeBinding({ offline_until: Date.now() - 1_000 });
    await device.page.goto(register.path);
    const text = await device.page.locator('main').textContent();
    expect(text).toContain('Locked until you sign in');
    expect(text).toContain('Waiting on this device: 3');
    proxy.restore();
    await device.page.goto('/');
    await untilSent();
    await expectOnServer(register, everybody(register), 3);
  });

  flow('the service worker is switched off: marks are kept and sent all the same', async () => {
    const register = await openRegister(2);
    proxy.cut();
    await tapAll(register);
    const off = await createApp({ ...world.config, serviceWorker: false });
    try {
      await off.listen(0, '127.0.0.1');
      proxy.aimAt((await off.getUrl()).replace('[::1]', '127.0.0.1'));
      proxy.answer(/ \/api\/sync/, 1_000, '503 Service Unavailable', 'text/plain', '');
      proxy.restore();
      await device.page.goto('/login');
      await until('the worker is gone', () =>
        device.page.evaluate(async () => !(await navigator.serviceWorker.getRegistration('/'))),
      );
      expect(await waiting()).toBe(2);
    } finally {
      await off.close();
    }
    proxy.mend();
    proxy.aimAt(world.address);
    await device.page.goto(register.path);
    await untilSent();
    await expectOnServer(register, everybody(register), 2);
  });

  flow('over plain http there is no worker: the page says so, and marks are kept and sent all the same', async () => {
    await device.dispose();
    // Browsers trust the machine itself; by another name it is a server on the local network.
    const { port } = new URL(proxy.address);
    device = await Device.open(`http://school.example:${port}`, ['--host-resolver-rules=MAP school.example 127.0.0.1']);
    const { session, participants } = await world.addRegister(world.school, 3);
    const register = {
      session: session.id,
      people: participants.map((each) => each.id),
      path: `/sessions/${session.id}`,
    };
    await device.signInAs(await freshly('bruno'));
    await device.page.goto(register.path);
    expect(await device.page.evaluate(() => 'serviceWorker' in navigator)).toBe(false);
    await waitForStatus(/Opened over plain http: pages do not open without network/);
    await until('the device is known to the server', async () => (await device.rows('bindings'))[0]?.client_id != null);
    proxy.cut();
    await tapAll(register);
    await waitForStatus(/^Offline, 3 marks saved on this device/);
    await back();
    await untilSent();
    await expectOnServer(register, everybody(register), 3);
  });

  // The server's code is the same on both databases; only a file is restored here by copying it.
  if (!mysqlServer())
    flow('the server was restored from a backup: what it had acknowledged comes again', async () => {
      const { url, drop } = ownDatabase();
      const before = await World.open({ databaseUrl: url });
      const { session, participants } = await before.addRegister(before.school, 3);
      await device.signInAs(before.bruno);
      proxy.aimAt(before.address);
      await device.goto(`/sessions/${session.id}`);
      await until(
        'the device is known to the server',
        async () => (await device.rows('bindings'))[0]?.client_id != null,
      );
      const file = url.slice('sqlite:'.length);
      const { default: Database } = await import('better-sqlite3');
      const source = new Database(file);
      await source.backup(`${file}.backup`);
      source.close();
      await tap(participants[0]!.id, 'present');
      await tap(participants[1]!.id, 'late');
      await until('both are acknowledged', async () => {
        const ops = await device.rows('ops');
        return ops.length === 2 && ops.every((each) => each.status === 'settled');
      });
      const { app } = await startApp(`sqlite:${file}.backup`);
      await app.listen(0, '127.0.0.1');
      try {
        proxy.aimAt((await app.getUrl()).replace('[::1]', '127.0.0.1'));
        await tap(participants[2]!.id, 'absent');
        const restored = Object.assign(Object.create(before) as World, {
          orm: app.get((before.orm as any).constructor),
        });
        await until('all three are there', async () => (await tables(session.id, restored)).cells.length === 3);
        const { cells, receipts } = await tables(session.id, restored);
        expect(cells.map((each) => [each.participant, each.revision])).toEqual(participants.map(({ id }) => [id, 1]));
        expect(receipts.map((each) => each.outcome)).toEqual(['applied', 'applied', 'applied']);
      } finally {
        await app.close();
        await before.close();
        await drop();
      }
    });
});
