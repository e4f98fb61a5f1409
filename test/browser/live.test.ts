import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Browser, type Page } from 'playwright-core';
import { openBrowser, pageOf } from '../support/browser.js';
import { startApp, World } from '../world.js';

let world: World;
let browser: Browser;
beforeAll(async () => {
  world = await World.open();
  browser = await openBrowser();
}, 60_000);
afterAll(async () => {
  await browser.close();
  await world.close();
});

const checked = (page: Page, id: number) => page.locator(`#p${id} input:checked`);
/** Polls in the page itself, so that what is measured is the page and not the driver. */
const shownWithin = (page: Page, id: number, state: string, ms: number) =>
  page.waitForFunction(
    ([row, value]) => document.querySelector(`${row} input:checked`)?.getAttribute('value') === value,
    [`#p${id}`, state] as const,
    { timeout: ms, polling: 20 },
  );
/** Not "Saved on this device": only then has the server answered. */
const SAVED = /^Saved$/;

const streamOf = (page: Page) => page.waitForRequest((request) => request.url().includes('/live?'));

describe('an open roll call', () => {
  it('shows within a second what is marked in another browser, and the tally with it', async () => {
    const { session, participants } = await world.addRegister(world.school, 3);
    const watching = await pageOf(browser, world.ana);
    const stream = streamOf(watching);
    await watching.goto(`/sessions/${session.id}`);
    await stream;
    const marking = await pageOf(browser, world.bruno);
    await marking.goto(`/sessions/${session.id}`);
    const [first, second] = [participants[0]!, participants[1]!];
    const times: number[] = [];
    for (const [person, state] of [
      [first, 'late'],
      [second, 'present'],
      [first, 'absent'],
    ] as const) {
      await marking.locator(`#p${person.id} input[value=${state}]`).check({ force: true });
      await marking.locator(`#p${person.id} .st`, { hasText: SAVED }).waitFor();
      const began = Date.now();
      await shownWithin(watching, person.id, state, 5_000);
      times.push(Date.now() - began);
    }
    expect(await watching.locator('#tally .chip[data-c=absent] b').textContent()).toBe('1');
    expect(await checked(watching, first.id).getAttribute('value')).toBe('absent');
    // The figure of the promise; a busy machine may need longer once, never every time.
    expect(Math.min(...times)).toBeLessThan(1_000);
    await watching.context().close();
    await marking.context().close();
  });

  it('shows what another process of the same database took in', async () => {
    const file = `/tmp/omnipresence-live-${process.pid}.db`;
    const own = await World.open({ databaseUrl: process.env.TEST_MYSQL_URL ? undefined : `sqlite:${file}` } as never);
    const { app } = await startApp(process.env.TEST_MYSQL_URL ? undefined : `sqlite:${file}`);
    try {
      await app.listen(0, '127.0.0.1');
      const elsewhere = (await app.getUrl()).replace('[::1]', '127.0.0.1');
      const { session, participants } = await own.addRegister(own.school, 2);
      const page = await pageOf(browser, own.ana);
      const stream = streamOf(page);
      await page.goto(`/sessions/${session.id}`);
      await stream;
      const mark = { session_id: session.id, participant_id: participants[0]!.id, presence_state: 'late' };
      const answer = await fetch(`${elsewhere}/api/presence`, {
        method: 'POST',
        headers: { cookie: own.bruno.cookieHeader, 'content-type': 'application/json' },
        body: JSON.stringify(mark),
      });
      expect(answer.status).toBe(201);
      await shownWithin(page, participants[0]!.id, 'late', 5_000);
      await page.context().close();
    } finally {
      await app.close();
      await own.close();
    }
  }, 60_000);

  it('keeps the focus, the own mark that waits, and the place of the list', async () => {
    const { session, participants } = await world.addRegister(world.school, 3);
    const page = await pageOf(browser, world.ana);
    const stream = streamOf(page);
    await page.goto(`/sessions/${session.id}`);
    await stream;
    const row = page.locator(`#p${participants[1]!.id}`);
    await row.locator('input[value=late]').focus();
    await world.bruno.post('/api/presence', {
      session_id: session.id,
      participant_id: participants[1]!.id,
      presence_state: 'absent',
    });
    await shownWithin(page, participants[1]!.id, 'absent', 5_000);
    expect(await page.evaluate(() => document.activeElement?.closest('li')?.id)).toBe(`p${participants[1]!.id}`);
    expect(await page.evaluate(() => (document.activeElement as HTMLInputElement).value)).toBe('late');
    // What is tapped now stands on what was seen: it is no conflict.
    await row.locator('input[value=present]').check({ force: true });
    await row.locator('.st', { hasText: SAVED }).waitFor();
    const roster = (await world.ana.get(`/api/sessions/${session.id}/roster`)).json;
    expect(roster.meta).toMatchObject({ disputed: 0, counts: { present: 1, absent: 0 } });
    await page.context().close();
  });

  it('leaves a row alone on which a mark of this page waits for its answer', async () => {
    const { session, participants } = await world.addRegister(world.school, 2);
    const page = await pageOf(browser, world.ana);
    const stream = streamOf(page);
    await page.goto(`/sessions/${session.id}`);
    await stream;
    const own = `#p${participants[0]!.id}`;
    await page.evaluate((row) => document.querySelector(row)!.setAttribute('data-direct', ''), own);
    for (const person of participants)
      await world.bruno.post('/api/presence', {
        session_id: session.id,
        participant_id: person.id,
        presence_state: 'late',
      });
    await shownWithin(page, participants[1]!.id, 'late', 5_000);
    expect(await page.locator(`${own}[data-direct] input:checked`).count()).toBe(0);
    await page.context().close();
  });

  it('holds one stream for two pages of a browser, none while hidden, and catches up when it comes back', async () => {
    const { session, participants } = await world.addRegister(world.school, 2);
    const page = await pageOf(browser, world.ana);
    const stream = streamOf(page);
    await page.goto(`/sessions/${session.id}`);
    await stream;
    await page.evaluate(() => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => (window as any).away });
      (window as any).away = true;
      document.dispatchEvent(new Event('visibilitychange'));
    });
    await world.bruno.post('/api/presence', {
      session_id: session.id,
      participant_id: participants[0]!.id,
      presence_state: 'late',
    });
    await new Promise((done) => setTimeout(done, 1_500));
    expect(await checked(page, participants[0]!.id).count()).toBe(0);
    await page.evaluate(() => {
      (window as any).away = false;
      document.dispatchEvent(new Event('visibilitychange'));
    });
    await shownWithin(page, participants[0]!.id, 'late', 5_000);

    const second = await page.context().newPage();
    const streamsOfSecond: string[] = [];
    second.on('request', (request) => request.url().includes('/live?') && streamsOfSecond.push(request.url()));
    const { session: other, participants: others } = await world.addRegister(world.school, 1);
    // The stream of the first page tells the second. Listened for before the second opens: it may be asked for at once.
    const both = page.waitForResponse(
      (response) => response.url().includes(String(other.id)) && response.url().includes('/live?'),
    );
    await second.goto(`/sessions/${other.id}`);
    await both;
    await world.bruno.post('/api/presence', {
      session_id: other.id,
      participant_id: others[0]!.id,
      presence_state: 'absent',
    });
    await shownWithin(second, others[0]!.id, 'absent', 5_000);
    expect(streamsOfSecond).toEqual([]);
    await page.context().close();
  });

  it('catches up with what was marked while there was no network', async () => {
    const { session, participants } = await world.addRegister(world.school, 2);
    const page = await pageOf(browser, world.ana);
    const stream = streamOf(page);
    await page.goto(`/sessions/${session.id}`);
    await stream;
    const second = await page.context().newPage();
    await second.goto(`/sessions/${session.id}`);
    // A stream that runs is not cut by the browser's switch, so the server is gone instead.
    let isGone = true;
    await page.context().route(/\/api\/live|\/rows/, (route) => (isGone ? route.abort() : route.continue()));
    const reopen = () =>
      page.evaluate(() => {
        for (const hidden of [true, false]) {
          Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
          document.dispatchEvent(new Event('visibilitychange'));
        }
      });
    await reopen();
    await world.bruno.post('/api/presence', {
      session_id: session.id,
      participant_id: participants[0]!.id,
      presence_state: 'late',
    });
    // Longer than the stream looks back.
    await new Promise((done) => setTimeout(done, 12_000));
    expect(await checked(page, participants[0]!.id).count()).toBe(0);
    isGone = false;
    await shownWithin(page, participants[0]!.id, 'late', 10_000);
    await shownWithin(second, participants[0]!.id, 'late', 10_000);
    await page.context().close();
  }, 60_000);

  it('shows somebody who was added elsewhere, and that the register was completed', async () => {
    const { session } = await world.addRegister(world.school, 1);
    const page = await pageOf(browser, world.ana);
    const stream = streamOf(page);
    await page.goto(`/sessions/${session.id}`);
    await stream;
    const added = await world.bruno.form(`/sessions/${session.id}/people`, {
      first_name: 'Nadia',
      last_name: 'Newcomer',
      op_id: crypto.randomUUID(),
      presence_state: 'present',
    });
    expect(added.status).toBeLessThan(400);
    const roster = (await world.ana.get(`/api/sessions/${session.id}/roster`)).json.data;
    const nadia = roster.find((entry: any) => entry.participant.last_name === 'Newcomer').participant.id;
    if (!roster.find((entry: any) => entry.participant.id === nadia).presence)
      await world.bruno.post('/api/presence', {
        session_id: session.id,
        participant_id: nadia,
        presence_state: 'present',
      });
    await shownWithin(page, nadia, 'present', 5_000);
    await world.bruno.patch(`/api/sessions/${session.id}/complete-register`, {});
    await page.locator('#session-head', { hasText: 'Register completed' }).waitFor({ timeout: 8_000 });
    await page.context().close();
  });
});

describe('the stream', () => {
  it('tells of nothing in sessions of other organizations, and of none to those who may not look', async () => {
    const { session, participants } = await world.addRegister(world.school, 1);
    expect((await world.emil.get(`/api/live?sessions=${session.id}`)).status).toBe(403);
    const controller = new AbortController();
    const stream = await fetch(`${world.address}/api/live?sessions=${session.id}`, {
      headers: { cookie: world.clara.cookieHeader },
      signal: controller.signal,
    });
    expect(stream.status).toBe(200);
    await world.ana.post('/api/presence', {
      session_id: session.id,
      participant_id: participants[0]!.id,
      presence_state: 'late',
    });
    let heard = '';
    setTimeout(() => controller.abort(), 2_000);
    try {
      for await (const part of stream.body!) heard += Buffer.from(part as Uint8Array).toString();
    } catch {
      // Ended by us.
    }
    expect(heard).toContain(': ping');
    expect(heard).not.toContain('register');
  });
});
