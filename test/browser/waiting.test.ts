import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Browser, type Page } from 'playwright-core';
import type { Envelope } from '../../src/sync/wire.js';
import { Participant } from '../../src/participants/index.js';
import { PresenceOperation, SyncConflict } from '../../src/presence/index.js';
import { openBrowser, pageOf, seriousProblems } from '../support/browser.js';
import { type Visitor } from '../support/visitor.js';
import { World } from '../world.js';

let world: World;
let browser: Browser;
beforeAll(async () => {
  world = await World.open();
  browser = await openBrowser();
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await world?.close();
});

const told = (page: Page, text: string) => page.locator('#device', { hasText: text }).waitFor();

/** Bruno marked Ada late, and the server cannot be reached for batches. */
async function oneWaits() {
  const { session } = await world.addRegister(world.school, ['Ada Lovelace']);
  const page = await pageOf(browser, world.bruno, { serviceWorkers: 'block' });
  await page.goto(`/sessions/${session.id}`);
  await told(page, 'Online');
  await page.route('**/api/sync', (route) => route.abort());
  await page.locator('#register label:has(input[value=late])').click();
  await told(page, 'Offline, 1 mark saved on this device');
  return { page, session };
}

async function signIn(page: Page, visitor: Visitor): Promise<void> {
  const [name, ...value] = visitor.cookieHeader.split('=');
  await page.context().addCookies([{ name: name!, value: value.join('='), url: visitor.address }]);
}

it('offers a file when marks have waited for more than a day', async () => {
  const { page } = await oneWaits();
  await page.clock.setFixedTime(Date.now() + 25 * 3_600_000);
  await page.evaluate(() => dispatchEvent(new Event('offline')));
  const banner = page.locator('#device-old');
  await banner.getByText('waited on this device for more than a day').waitFor();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    banner.getByRole('button', { name: 'Save to a file' }).click(),
  ]);
  expect(download.suggestedFilename()).toMatch(/^omnipresence-marks-\d{4}-\d\d-\d\d\.json$/);
  const file = JSON.parse(await readFile(await download.path(), 'utf8'));
  expect(file).toMatchObject({ format: 'omnipresence-outbox', user_id: world.school.user.bruno!.id });
  expect(file.operations).toMatchObject([
    { status: 'waiting', person: 'Ada Lovelace', session: 'Mathematics', operation: { presence_state: 'late' } },
  ]);
  await page.context().close();
}, 60_000);

it('tells a refused mark until the person has read it, on its row, in the line and in the list', async () => {
  const { page, session } = await oneWaits();
  await page.unroute('**/api/sync');
  // As a server does that was told of an unknown person.
  await page.route('**/api/sync', async (route) => {
    const { batch_id, operations } = route.request().postDataJSON() as Envelope;
    const results = operations.map(({ op_id }) => ({ op_id, outcome: 'rejected', code: 'unknown_target', flags: [] }));
    await route.fulfill({ json: { protocol: 1, batch_id, server_time: '', results, received_up_to: 1, missing: [] } });
  });
  await page.evaluate(() => dispatchEvent(new Event('online')));
  const row = page.locator('#register > li');
  await row.getByText('Your mark (Late) was refused. The server does not know this person or this register.').waitFor();
  expect(await row.locator('input:checked').count()).toBe(0);
  expect(await page.locator('#tally').getAttribute('data-unmarked')).toBe('1');
  expect(await seriousProblems(page)).toEqual([]);
  await page.getByRole('link', { name: '1 needs a person' }).click();
  await page.locator('#refused li', { hasText: 'Ada Lovelace: Late' }).waitFor();
  page.once('dialog', (dialog) => void dialog.accept());
  await page.getByRole('button', { name: 'Remove from this list' }).click();
  await page.getByText('Nothing waits here.').waitFor();
  await page.goto(`/sessions/${session.id}`);
  await told(page, 'Online');
  expect(await page.locator('.told').count()).toBe(0);
  await page.context().close();
}, 60_000);

it('shows another account how many marks wait, and lets an administrator hand them in to be decided', async () => {
  const { page, session } = await oneWaits();
  await page.context().setOffline(true);
  await page.unroute('**/api/sync');
  await signIn(page, world.mara);
  await page.context().setOffline(false);
  await page.goto('/waiting');
  await told(page, 'Bruno Example has 1 mark here, not sent yet');
  const line = page.locator('#others li', { hasText: 'Bruno Example: 1 mark' });
  await line.waitFor();
  expect(await page.locator('#others button').count()).toBe(0);
  // Never whom they are about.
  expect(await page.locator('#waiting').textContent()).not.toContain('Lovelace');

  await signIn(page, world.ana);
  await page.goto('/waiting');
  page.once('dialog', (dialog) => void dialog.accept());
  await page.locator('#others').getByRole('button', { name: 'Hand in for this account' }).click();
  await page.getByText('Handed in.').waitFor();
  await page.locator('#others').waitFor({ state: 'hidden' });
  // At once, without a reload: the line tells it no more, and the administrator's badge counts what came.
  await page.locator('#device', { hasText: 'Bruno Example' }).waitFor({ state: 'hidden' });
  await page.locator('.nav-count', { hasText: '1' }).waitFor();
  const receipts = await world.read(world.school, (em) => em.find(PresenceOperation, { session: session.id }));
  expect(receipts.map((each) => [each.outcome, each.author])).toEqual([['parked', world.school.user.bruno!.id]]);
  await page.context().close();
}, 60_000);

it('tells a dispute outside the register until it is decided: in the line, in the list and on Today', async () => {
  const { page, session } = await oneWaits();
  const ada = await world.read(world.school, (em) =>
    em.findOneOrFail(Participant, { lastName: 'Lovelace' }, { orderBy: { id: 'desc' } }),
  );
  await world.ana.post('/api/presence', { session_id: session.id, participant_id: ada.id, presence_state: 'excused' });
  await page.unroute('**/api/sync');
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await page.locator('#device').getByRole('link', { name: '1 mark needs a decision' }).click();
  const line = page.locator('#disputed li', { hasText: 'Ada Lovelace: Late' });
  expect(await line.textContent()).toContain('Mathematics');
  expect(await line.textContent()).toContain('Ana Example marked Excused meanwhile');
  expect(await page.getByText('Nothing waits here.').isVisible()).toBe(false);
  expect(await seriousProblems(page)).toEqual([]);
  await page.goto('/');
  const register = page.locator('.rows > li', { has: page.locator(`a[href="/sessions/${session.id}"]`) });
  await register.getByText('1 disputed').waitFor();
  await page.goto('/waiting');
  await line.getByRole('link', { name: 'Decide in the register' }).click();
  const row = page.locator(`#p${ada.id}`);
  await row.getByText('Ana Example marked Excused meanwhile; you marked Late.').waitFor();
  // No sign of "saved" beside what is not settled.
  expect(await row.locator('fieldset').evaluate((each) => getComputedStyle(each, '::after').display)).toBe('none');
  // The desk decides; the next look at the register tells the device.
  const conflict = await world.read(world.school, (em) => em.findOneOrFail(SyncConflict, { session: session.id }));
  const answer = await world.ana.post(`/api/admin/sync-conflicts/${conflict.id}/resolve`, {
    choice: 'server',
    reason: 'Asked both',
  });
  expect(answer.status).toBe(200);
  await page.reload();
  await page.locator('#device', { hasText: /^Online(?!.*decision)/ }).waitFor();
  await page.goto('/');
  await register.waitFor();
  expect(await register.textContent()).not.toContain('disputed');
  await page.context().close();
}, 60_000);

it('folds the taps of one person into one line, counts down to the next try, and tells times as the organization does', async () => {
  const { session } = await world.addRegister(world.school, ['Ada Lovelace']);
  const page = await pageOf(browser, world.bruno, { serviceWorkers: 'block', timezoneId: 'Asia/Kolkata' });
  await page.goto(`/sessions/${session.id}`);
  await told(page, 'Online');
  await page.route('**/api/sync**', (route) => route.abort());
  for (const state of ['late', 'absent', 'late'])
    await page.locator(`#register label:has(input[value=${state}])`).click();
  await told(page, 'Offline, 1 mark saved on this device');
  const now = () =>
    new Intl.DateTimeFormat('en', { timeStyle: 'short', timeZone: world.school.organization.timeZone }).format();
  const [before, line, after] = [now(), await page.locator('#device').textContent(), now()];
  expect([before, after].some((time) => line!.includes(`last sync ${time}`)) || line).toBe(true);
  await page.locator('#device a').click();
  await page.locator('#queued li').waitFor();
  expect(await page.locator('#queued li').allTextContents()).toEqual([expect.stringContaining('Ada Lovelace: Late')]);
  await page.locator('#next-try', { hasText: /^Next try in \d+ s$/ }).waitFor();
  // What can be done stands above the list.
  const top = async (what: string) => (await page.locator(what).boundingBox())!.y;
  expect(await top('#waiting-acts')).toBeLessThan(await top('#queued'));
  await page.locator('#device').getByRole('button', { name: 'Send now' }).click();
  await page.getByText('Not everything could be sent yet.').waitFor();
  await page.unroute('**/api/sync**');
  await page.getByText('Nothing waits here.').waitFor({ timeout: 20_000 });
  expect(await page.locator('#lasting').isVisible()).toBe(false);
  await page.context().close();
}, 60_000);

/** Puts marks of so many people into the outbox, as another tab would. */
const mark = (page: Page, people: number[]) =>
  page.evaluate(async (ids) => {
    const { engine, binding } = await (window as any).device;
    const of = (participant_id: number) =>
      ({ kind: 'presence', session_id: 1, participant_id, presence_state: 'present', shown_revision: 0 }) as const;
    await engine.capture(binding, ids.map(of));
  }, people);

it('keeps the keyboard where it stands in the line when its words change', async () => {
  const { page } = await oneWaits();
  const line = page.locator('#device');
  const focused = () => page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent);
  await line.getByRole('button', { name: 'Send now' }).focus();
  await mark(page, [900_001]);
  await told(page, 'Offline, 2 marks saved on this device');
  expect(await focused()).toBe('Send now');
  await line.getByRole('link').focus();
  await mark(page, [900_002]);
  await told(page, 'Offline, 3 marks saved on this device');
  expect(await focused()).toContain('3 marks');
  // Where nothing is left to stand on the line itself keeps the place.
  await page.unroute('**/api/sync');
  await line.getByRole('button', { name: 'Send now' }).focus();
  await page.keyboard.press('Enter');
  await told(page, 'Online');
  expect(await focused()).toBe('device');
  await page.context().close();
}, 60_000);

it('does not take "Undo" away while somebody is at it', async () => {
  const { session } = await world.addRegister(world.school, ['Ada Lovelace', 'Grace Hopper']);
  const page = await pageOf(browser, world.bruno, { serviceWorkers: 'block' });
  await page.clock.install();
  await page.goto(`/sessions/${session.id}`);
  await page.locator('#mark-all button').click();
  const undo = page.locator('#notice').getByRole('button', { name: 'Undo' });
  await undo.focus();
  await page.clock.runFor(30_000);
  expect(await undo.evaluate((each) => each === document.activeElement)).toBe(true);
  await page.locator('#main').click({ position: { x: 1, y: 1 } });
  await undo.evaluate((each) => each.blur());
  await page.clock.runFor(30_000);
  await undo.waitFor({ state: 'detached' });
  await page.context().close();
}, 60_000);

it('says on the list why nothing was deleted', async () => {
  const { page } = await oneWaits();
  await page.goto('/waiting');
  await page.locator('#discard summary').click();
  await page.locator('#discard input').fill('1');
  await page.evaluate(async () => {
    const { engine, binding } = await (window as any).device;
    const draft = {
      kind: 'presence',
      session_id: 1,
      participant_id: 9,
      presence_state: 'present',
      shown_revision: 0,
    } as const;
    void engine.capture(binding, [draft]);
    document.querySelector<HTMLFormElement>('#discard form')!.requestSubmit();
  });
  await page.locator('#alerts').getByText('Type 2 to delete 2 marks for good.').waitFor();
  expect(await page.locator('#queued li').count()).toBe(2);
  await page.context().close();
}, 60_000);

it('tells times by the zone of the browser where that does not know the zone of the organization', async () => {
  const { page } = await oneWaits();
  await page.route('**/sessions/*', async (route) => {
    const answer = await route.fetch();
    await route.fulfill({
      response: answer,
      body: (await answer.text()).replace(/data-zone="[^"]*"/, 'data-zone="Europe/Nowhere"'),
    });
  });
  await page.reload();
  await page.locator('body[data-zone="Europe/Nowhere"]').waitFor();
  await told(page, 'Offline, 1 mark saved on this device, last sync');
  await page.locator('#register > li.kept').waitFor();
  await page.context().close();
}, 60_000);

it('draws thousands of waiting marks without freezing', async () => {
  const { page } = await oneWaits();
  for (let from = 0; from < 3_000; from += 500)
    await mark(
      page,
      Array.from({ length: 500 }, (_, at) => 900_000 + from + at),
    );
  await page.addInitScript(() => {
    let made = 0;
    const Made = Intl.DateTimeFormat;
    Intl.DateTimeFormat = new Proxy(Made, {
      construct: (target, args) => (
        document.documentElement.setAttribute('data-made', String(++made)),
        new target(...args)
      ),
    });
  });
  await page.goto('/waiting');
  await page.locator('#queued li').nth(3_000).waitFor();
  expect(Number(await page.locator('html').getAttribute('data-made'))).toBeLessThan(10);
  await page.context().close();
}, 60_000);

// The last one: it signs out.
it('asks again with the new number when other marks came while one typed how many are to be deleted', async () => {
  const { page } = await oneWaits();
  await page.locator('details.account summary').click();
  await page.locator('form[action="/logout"] button').click();
  const dialog = page.locator('#leaving');
  await dialog.locator('summary').click();
  await dialog.locator('input').fill('1');
  await mark(page, [900_001]);
  await dialog.getByRole('button', { name: 'Delete and sign out' }).click();
  await dialog.getByText('Not sent yet: 2 marks').waitFor();
  await dialog.getByText('Type 2 to delete').waitFor();
  expect(await dialog.locator('input').inputValue()).toBe('');
  await dialog.locator('input').fill('2');
  await dialog.getByRole('button', { name: 'Delete and sign out' }).click();
  await page.waitForURL(/\/login/);
  await page.context().close();
}, 60_000);
