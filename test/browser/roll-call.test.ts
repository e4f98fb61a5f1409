import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Browser, type Page } from 'playwright-core';
import { AuditLog } from '../../src/platform/ledger/audit-log.entity.js';
import { Participant } from '../../src/participants/index.js';
import { PresenceOperation, PresenceRecord } from '../../src/presence/index.js';
import { openBrowser, pageOf, seriousProblems } from '../support/browser.js';
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

const NAMES = ['Ada Lovelace', 'Alan Turing', 'Grace Hopper', 'Katherine Johnson'];
/** In the order of the register: Hopper, Johnson, Lovelace, Turing. */
const STATES = ['present', 'late', 'absent', 'excused'];

/** Waits until the server has answered for everybody. */
const allSaved = (page: Page) =>
  page.waitForFunction(() =>
    [...document.querySelectorAll<HTMLElement>('#register > li')].every(
      (row) => row.dataset.s && !('m' in row.dataset),
    ),
  );

async function markByPage(session: number): Promise<void> {
  const page = await pageOf(browser, world.bruno);
  await page.goto(`/sessions/${session}`);
  const rows = page.locator('#register > li');
  for (const [at, state] of STATES.entries()) await rows.nth(at).locator(`label:has(input[value=${state}])`).click();
  await allSaved(page);
  await page.context().close();
}

async function markByKeyboard(session: number): Promise<void> {
  const page = await pageOf(browser, world.bruno);
  await page.goto(`/sessions/${session}`);
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab');
    if (
      await page.evaluate(
        () =>
          !!document.activeElement?.closest('#register li') &&
          (document.activeElement as HTMLInputElement).type === 'radio',
      )
    )
      break;
  }
  for (const key of ['p', 'l', 'a']) await page.keyboard.press(key);
  // The last one without single keys: move to the state, set it.
  for (let i = 0; i < 6; i++) {
    if (await page.evaluate(() => (document.activeElement as HTMLInputElement).value === 'excused')) break;
    await page.keyboard.press('ArrowRight');
  }
  await page.keyboard.press('Space');
  await allSaved(page);
  await page.context().close();
}

async function markByPlainForm(session: number): Promise<void> {
  const page = await pageOf(browser, world.bruno, { javaScriptEnabled: false });
  await page.goto(`/sessions/${session}`);
  const rows = page.locator('#register > li');
  for (const [at, state] of STATES.entries())
    await rows.nth(at).locator(`input[value=${state}]`).check({ force: true });
  await page.locator('button:has-text("Save marks")').click();
  await page.waitForURL(/saved=4/);
  await page.context().close();
}

async function markByApi(session: number, people: number[]): Promise<void> {
  for (const [at, presence_state] of STATES.entries()) {
    const answer = await world.bruno.post('/api/presence', {
      session_id: session,
      participant_id: people[at],
      presence_state,
      revision: 0,
    });
    expect(answer.status).toBe(201);
  }
}

/** What was left behind, without id, time, source, device and op_id. */
async function traces(session: number) {
  return world.read(world.school, async (em) => {
    const cells = await em.find(PresenceRecord, { session }, { orderBy: { participant: 'asc' } });
    const audit = await em.find(AuditLog, {
      tableName: 'presence_records',
      recordId: { $in: cells.map((each) => each.id) },
    });
    // By person: marks of several people may arrive in any order.
    const placeOf = (record: number) => cells.findIndex((each) => each.id === record);
    const receipts = await em.find(PresenceOperation, { session }, { orderBy: { participant: 'asc' } });
    const timeless = (values: string | null | undefined) => {
      const { session_id, participant_id, recorded_at, received_at, source, op_id, ...rest } = JSON.parse(
        values ?? '{}',
      );
      delete rest.source_device_id;
      return { ...rest, known: [session_id, participant_id, recorded_at, received_at, source, op_id].every(Boolean) };
    };
    return {
      cells: cells.map((each) => [each.presenceState, each.revision, each.note, each.recordedBy, each.disputed]),
      audit: audit
        .sort((a, b) => placeOf(a.recordId) - placeOf(b.recordId))
        .map((each) => [each.action, each.fact, each.changedBy, timeless(each.newValues), each.oldValues]),
      receipts: receipts.map((each) => [each.kind, each.outcome, each.revision, each.author]),
    };
  });
}

describe('the roll call', () => {
  it('ends in the same records and audit rows by page, plain form, keyboard and API', async () => {
    const made = [];
    for (let i = 0; i < 4; i++) made.push(await world.addRegister(world.school, NAMES));
    const [byPage, byForm, byKeys, byApi] = made as [any, any, any, any];
    await markByPage(byPage.session.id);
    await markByPlainForm(byForm.session.id);
    await markByKeyboard(byKeys.session.id);
    const order = ['Hopper', 'Johnson', 'Lovelace', 'Turing'];
    const ids = order.map((last) => byApi.participants.find((each: any) => each.lastName === last).id);
    await markByApi(byApi.session.id, ids);
    const expected = await traces(byApi.session.id);
    expect(expected.cells).toHaveLength(4);
    for (const other of [byPage, byForm, byKeys]) expect(await traces(other.session.id)).toEqual(expected);
  }, 60_000);

  it('has nothing that axe calls serious, in light and dark, before and after marking', async () => {
    const { session } = await world.addRegister(world.school, NAMES);
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await pageOf(browser, world.bruno, { colorScheme, viewport: { width: 360, height: 740 } });
      await page.goto(`/sessions/${session.id}`);
      expect(await seriousProblems(page)).toEqual([]);
      await page.locator('#register > li').first().locator('label:has(input[value=late])').click();
      await page.waitForSelector('#register > li[data-s=late]');
      expect(await seriousProblems(page)).toEqual([]);
      await page.context().close();
    }
  }, 60_000);

  it('marks the rest, undoes it after a reload, and says so', async () => {
    const { session } = await world.addRegister(world.school, NAMES);
    const page = await pageOf(browser, world.bruno);
    await page.goto(`/sessions/${session.id}`);
    await page.locator('#register > li').first().locator('label:has(input[value=absent])').click();
    await page.waitForFunction(() => document.getElementById('tally')?.dataset.unmarked === '3');
    await page.locator('#mark-all button').click();
    await page.locator('#notice').getByText('3 marked: Present').waitFor();
    await allSaved(page);
    await page.reload();
    await page.locator('#undo button').click();
    await page.waitForFunction(() => document.getElementById('tally')?.dataset.unmarked === '3');
    const cells = await world.read(world.school, (em) => em.find(PresenceRecord, { session: session.id }));
    expect(cells.map((cell) => cell.revision).sort((a, b) => a - b)).toEqual([1, 2, 2, 2]);
    expect(cells.filter((cell) => cell.presenceState)).toHaveLength(1);
    await page.context().close();
  }, 60_000);

  /** Bruno's roll call, which hears of no mark of others: seen before he marks, it would leave nothing to decide. */
  async function unawarePage(session: number) {
    const page = await pageOf(browser, world.bruno, { serviceWorkers: 'block' });
    await page.route('**/api/live?**', (route) => route.abort());
    await page.goto(`/sessions/${session}`);
    return page;
  }

  it('shows the mark of another person on a stale tap and offers "use mine"', async () => {
    const { session, participants } = await world.addRegister(world.school, NAMES);
    const page = await unawarePage(session.id);
    const mark = { session_id: session.id, participant_id: participants[0]!.id, presence_state: 'excused' };
    await world.ana.post('/api/presence', mark);
    const row = page.locator(`#p${participants[0]!.id}`);
    await row.locator('label:has(input[value=present])').click();
    await row.getByText('Ana Example marked Excused meanwhile; you marked Present.').waitFor();
    expect(await row.getAttribute('data-s')).toBe('excused');
    await row.getByRole('button', { name: 'Use mine: Present' }).click();
    await page.waitForFunction((id) => document.getElementById(`p${id}`)?.dataset.s === 'present', participants[0]!.id);
    expect(await row.getAttribute('data-r')).toBe('2');
    await page.context().close();
  }, 60_000);

  it('keeps three quick taps on one person, in their order', async () => {
    const { session } = await world.addRegister(world.school, NAMES);
    const page = await pageOf(browser, world.bruno);
    await page.goto(`/sessions/${session.id}`);
    const row = page.locator('#register > li').first();
    for (const state of ['late', 'absent', 'present']) await row.locator(`label:has(input[value=${state}])`).click();
    await page.waitForFunction(() => document.querySelector('#register > li')?.getAttribute('data-r') === '3');
    expect(await row.getAttribute('data-s')).toBe('present');
    await page.context().close();
  }, 60_000);

  it('believes a server that shows less than it took in, and asks it what happened', async () => {
    const { session } = await world.addRegister(world.school, NAMES);
    const page = await pageOf(browser, world.bruno, { serviceWorkers: 'block' });
    await page.goto(`/sessions/${session.id}`);
    await page.locator('#register > li').first().locator('label:has(input[value=late])').click();
    await page.locator('#register > li[data-s=late]').first().waitFor();
    // As after a restore: the page is that of before the mark.
    await page.route(`**/sessions/${session.id}`, async (route) => {
      const answer = await route.fetch();
      const html = (await answer.text())
        .replace('data-r=1 data-s="late"', 'data-r=0')
        .replace(/ checked(?= name=s)/, '');
      await route.fulfill({ response: answer, body: html });
    });
    const [asked] = await Promise.all([page.waitForRequest('**/api/sync/handshake'), page.reload()]);
    expect((await asked.response())?.status()).toBe(200);
    expect(await page.locator('#register > li input:checked').count()).toBe(0);
    await page.context().close();
  }, 60_000);

  it('keeps the mark of the other person when told so, and has nothing left to decide', async () => {
    const { session, participants } = await world.addRegister(world.school, NAMES);
    const page = await unawarePage(session.id);
    const mark = { session_id: session.id, participant_id: participants[0]!.id, presence_state: 'excused' };
    await world.ana.post('/api/presence', mark);
    const row = page.locator(`#p${participants[0]!.id}`);
    await row.locator('label:has(input[value=present])').click();
    await page.locator('.chip-disputed').waitFor();
    await row.getByRole('button', { name: 'Keep theirs' }).click();
    await row.locator('.told').waitFor({ state: 'detached' });
    await page.locator('.chip-disputed').waitFor({ state: 'detached' });
    expect(await row.locator('input:checked').getAttribute('value')).toBe('excused');
    const [cell] = await world.read(world.school, (em) => em.find(PresenceRecord, { session: session.id }));
    expect([cell?.presenceState, cell?.revision, cell?.disputed]).toEqual([cell?.presenceState, 1, false]);
    await page.context().close();
  }, 60_000);
});

describe('without network', () => {
  /** A register without network, and without a service worker that could send what waits by itself. */
  const offline = async () => {
    const { session, participants } = await world.addRegister(world.school, NAMES);
    const page = await pageOf(browser, world.bruno, { serviceWorkers: 'block' });
    await page.goto(`/sessions/${session.id}`);
    await page.locator('#device', { hasText: 'Online' }).waitFor();
    await page.context().setOffline(true);
    const cells = () => world.read(world.school, (em) => em.find(PresenceRecord, { session: session.id }));
    const choose = (at: number, state: string) =>
      page.locator('#register > li').nth(at).locator(`label:has(input[value=${state}])`).click();
    const back = async () => {
      await page.context().setOffline(false);
      await page.locator('#device', { hasText: 'Online' }).waitFor();
    };
    return { session, participants, page, cells, choose, back };
  };

  it('says that marks are saved on this device, counts them, and sends them later', async () => {
    const { page, cells, choose, back } = await offline();
    for (const [at, state] of STATES.entries()) await choose(at, state);
    await page.locator('#device', { hasText: 'Offline, 4 marks saved on this device, last sync' }).waitFor();
    expect(await page.locator('#register > li.kept .st').allTextContents()).toEqual(
      Array.from({ length: 4 }, () => 'Saved on this device'),
    );
    expect(await page.locator('#tally').getAttribute('data-unmarked')).toBe('0');
    expect(await page.locator('#tally [data-c=late] b').textContent()).toBe('1');
    expect(await seriousProblems(page)).toEqual([]);
    expect(await cells()).toEqual([]);
    await back();
    await allSaved(page);
    expect((await cells()).map((cell) => cell.revision)).toEqual([1, 1, 1, 1]);
    await page.context().close();
  }, 60_000);

  it('marks the rest and takes that back, then sends both', async () => {
    const { page, cells, choose, back } = await offline();
    await choose(0, 'late');
    await page.locator('#mark-all button').click();
    await page.locator('#notice').getByText('3 marked: Present').waitFor();
    await page.locator('#undo button').click();
    await page.locator('#notice').getByText('3 put back as they were').waitFor();
    expect(await page.locator('#tally').getAttribute('data-unmarked')).toBe('3');
    await back();
    await page.waitForFunction(() => document.querySelectorAll('#register > li[data-r="2"]').length === 3);
    expect((await cells()).map((cell) => `${cell.revision} ${cell.presenceState ? 'marked' : 'open'}`).sort()).toEqual([
      '1 marked',
      '2 open',
      '2 open',
      '2 open',
    ]);
    await page.context().close();
  }, 60_000);

  it('adds a person and marks him; both arrive, and the row takes his number', async () => {
    const { page, cells, back } = await offline();
    await page.locator('.add > summary').click();
    await page.getByLabel('First name').fill('Emmy');
    await page.getByLabel('Last name').fill('Noether');
    await page.keyboard.press('Enter');
    const row = page.locator('#register > li', { hasText: 'Noether' });
    await row.locator('.st', { hasText: 'Saved on this device' }).waitFor();
    // Told where the person looks, and one tap away.
    const toast = page.locator('#notice .toast-card');
    await toast.getByText('Emmy Noether was added, on this device.').waitFor();
    await toast.getByRole('button', { name: 'Show' }).click();
    expect(await row.evaluate((each) => each.contains(document.activeElement))).toBe(true);
    await page.locator('#device', { hasText: 'Offline, 1 new person saved on this device' }).waitFor();
    await row.locator('label:has(input[value=late])').click();
    await page.locator('#device', { hasText: 'Offline, 1 mark and 1 new person' }).waitFor();
    await back();
    await page.waitForFunction(() =>
      [...document.querySelectorAll<HTMLElement>('#register > li')].some(
        (li) => /^p\d+$/.test(li.id) && li.textContent?.includes('Noether') && li.dataset.s === 'late',
      ),
    );
    const [cell] = await cells();
    const noether = await world.read(world.school, (em) => em.findOneOrFail(Participant, { lastName: 'Noether' }));
    expect(cell?.participant).toBe(noether.id);
    await page.reload();
    expect(await row.getAttribute('data-s')).toBe('late');
    expect(await row.count()).toBe(1);
    await page.context().close();
  }, 60_000);

  it('keeps its line on top while the register is scrolled, on a phone, and the toast on one line above the main button', async () => {
    const { page, choose } = await offline();
    await page.setViewportSize({ width: 360, height: 640 });
    await choose(0, 'late');
    await page.locator('#mark-all button').click();
    const toast = page.locator('#notice .toast-card');
    const boxes = await Promise.all(
      [toast.getByRole('button', { name: 'Undo' }), toast.getByRole('button', { name: 'Close' }), toast].map((each) =>
        each.boundingBox(),
      ),
    );
    const complete = (await page.locator('.complete-end button').boundingBox())!;
    const [undo, close, card] = boxes as NonNullable<(typeof boxes)[0]>[];
    expect(undo!.y).toBe(close!.y);
    expect(card!.y + card!.height).toBeLessThanOrEqual(complete.y);
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    const line = (await page.locator('#device', { hasText: 'Offline, 4 marks' }).boundingBox())!;
    expect(line.y).toBe(0);
    expect((await page.locator('#find').boundingBox())!.y).toBeGreaterThanOrEqual(line.height);
    await page.context().close();
  }, 60_000);

  it('lists what waits, with names, and lets only who types the number delete it', async () => {
    const { page, choose } = await offline();
    await choose(0, 'late');
    await page.locator('#device', { hasText: 'Offline, 1 mark saved' }).waitFor();
    await page.route('**/api/sync*', (route) => route.abort());
    await page.context().setOffline(false);
    await page.goto('/waiting');
    const line = page.locator('#queued li');
    await line.getByText('Grace Hopper: Late').waitFor();
    expect(await line.textContent()).toContain('Saved on this device');
    expect(await seriousProblems(page)).toEqual([]);
    await page.getByText('Delete what waits').click();
    await page.getByLabel('Type 1 to delete 1 mark for good.').fill('2');
    expect(await page.getByRole('button', { name: 'Delete for good' }).isDisabled()).toBe(true);
    await page.getByLabel('Type 1 to delete 1 mark for good.').fill('1');
    await page.getByRole('button', { name: 'Delete for good' }).click();
    await page.getByText('Nothing waits here.').waitFor();
    await page.context().close();
  }, 60_000);

  it('asks before a sign-out, and keeps the marks by itself', async () => {
    const { page, cells, choose } = await offline();
    await choose(0, 'late');
    await page.locator('#device', { hasText: 'Offline, 1 mark saved' }).waitFor();
    await page.route('**/api/sync*', (route) => route.abort());
    await page.context().setOffline(false);
    await page.locator('.account summary').click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Not sent yet: 1' }).waitFor();
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Keep them and sign out');
    expect(await seriousProblems(page)).toEqual([]);
    await page.getByRole('button', { name: 'Stay signed in' }).click();
    expect(new URL(page.url()).pathname).toContain('/sessions/');
    await page.unroute('**/api/sync*');
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await allSent(page);
    expect(await cells()).toHaveLength(1);
    await page.context().close();
  }, 60_000);
});

const allSent = (page: Page) => page.locator('#device', { hasText: 'Online' }).waitFor();

describe('a browser that keeps nothing', () => {
  it('says so, and calls a mark saved only when the server has answered', async () => {
    const { session } = await world.addRegister(world.school, NAMES);
    const page = await pageOf(browser, world.bruno);
    await page.addInitScript(() => {
      IDBFactory.prototype.open = () => {
        throw new DOMException('no', 'SecurityError');
      };
    });
    await page.goto(`/sessions/${session.id}`);
    await page.locator('#device', { hasText: 'This browser keeps nothing on the device' }).waitFor();
    const rows = page.locator('#register > li');
    await page.context().setOffline(true);
    await rows.nth(0).locator('label:has(input[value=late])').click();
    await rows.nth(0).locator('.st', { hasText: 'Not saved' }).waitFor();
    // By itself, as soon as there is network.
    await page.context().setOffline(false);
    await page.waitForFunction(() => document.querySelector<HTMLElement>('#register > li')?.dataset.s === 'late');
    await page.locator('#mark-all button').click();
    await allSaved(page);
    const cells = await world.read(world.school, (em) => em.find(PresenceRecord, { session: session.id }));
    expect(cells.map((cell) => cell.revision)).toEqual([1, 1, 1, 1]);
    await page.context().close();
  }, 60_000);

  it('is told when the disk fills up in between: that mark goes to the server by itself', async () => {
    const { session } = await world.addRegister(world.school, NAMES);
    const page = await pageOf(browser, world.bruno);
    await page.goto(`/sessions/${session.id}`);
    await page.locator('#device', { hasText: 'Online' }).waitFor();
    await page.evaluate(() => {
      IDBObjectStore.prototype.add = function () {
        this.transaction.abort();
        throw new DOMException('full', 'QuotaExceededError');
      };
    });
    const row = page.locator('#register > li').first();
    await row.locator('label:has(input[value=late])').click();
    await page.locator('#alerts', { hasText: 'This device could not keep the mark' }).waitFor();
    await page.waitForFunction(() => document.querySelector<HTMLElement>('#register > li')?.dataset.s === 'late');
    await page.locator('#device', { hasText: 'no room or no right to keep marks' }).waitFor();
    await page.context().close();
  }, 60_000);
});
