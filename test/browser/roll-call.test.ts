import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Browser, type Page } from 'playwright-core';
import { AuditLog } from '../../src/platform/ledger/audit-log.entity.js';
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
  page.waitForFunction(() => document.getElementById('tally')?.dataset.unmarked === '0', undefined, {
    timeout: 10_000,
  });

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

/** What was left behind, without id, time, source and op_id. */
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
    await allSaved(page);
    expect(await page.locator('#notice').textContent()).toContain('3 marked');
    await page.reload();
    await page.locator('#undo button').click();
    await page.waitForFunction(() => document.getElementById('tally')?.dataset.unmarked === '3');
    const cells = await world.read(world.school, (em) => em.find(PresenceRecord, { session: session.id }));
    expect(cells.map((cell) => cell.revision).sort((a, b) => a - b)).toEqual([1, 2, 2, 2]);
    expect(cells.filter((cell) => cell.presenceState)).toHaveLength(1);
    await page.context().close();
  }, 60_000);

  it('shows the mark of another person on a stale tap and offers "use mine"', async () => {
    const { session, participants } = await world.addRegister(world.school, NAMES);
    const page = await pageOf(browser, world.bruno);
    await page.goto(`/sessions/${session.id}`);
    const mark = { session_id: session.id, participant_id: participants[0]!.id, presence_state: 'excused' };
    await world.ana.post('/api/presence', mark);
    const row = page.locator(`#p${participants[0]!.id}`);
    await row.locator('label:has(input[value=present])').click();
    await row.locator('button.mine').waitFor();
    expect(await row.getAttribute('data-s')).toBe('excused');
    await row.locator('button.mine').click();
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
});
