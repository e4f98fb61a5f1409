import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Browser, type Page } from 'playwright-core';
import { openBrowser, pageOf } from '../support/browser.js';
import { ownFolder } from '../support/exports.js';
import { World } from '../world.js';

let world: World;
let browser: Browser;
let page: Page;
const own = ownFolder();
beforeAll(async () => {
  world = await World.open({ config: { dataFolder: own.dataFolder } });
  const made = await world.addRegister(world.school, ['Ada Lovelace', 'Grace Hopper']);
  const records = made.participants.map(({ id }, at) => ({
    participant_id: id,
    presence_state: at ? 'absent' : 'present',
  }));
  expect((await world.ana.post('/api/presence', { session_id: made.session.id, records })).status).toBe(200);
  browser = await openBrowser();
  page = await pageOf(browser, world.ana);
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await world?.close();
  own.remove();
});

/** Goes on with Tab until what has the focus matches; `about` is its address, its name and its words. */
async function tabTo(about: RegExp): Promise<void> {
  for (let step = 0; step < 120; step++) {
    await page.keyboard.press('Tab');
    const at = await page.evaluate(() => {
      const focused = document.activeElement!;
      return [focused.getAttribute('href'), focused.getAttribute('name'), focused.textContent!.trim()].join('|');
    });
    if (about.test(at)) return;
  }
  throw new Error(`nothing like ${about} can be reached with Tab`);
}

describe('a report, by keyboard alone', () => {
  it('is narrowed, every choice left at "all", and followed from a bar to what it counts', async () => {
    await page.goto('/reports/summary');
    await tabTo(/\|period\|/);
    await page.keyboard.press('ArrowDown');
    await tabTo(/\|Show$/);
    await Promise.all([page.waitForURL(/period=week/), page.keyboard.press('Enter')]);
    expect(await page.locator('tbody tr').count()).toBe(1);
    await tabTo(/period=session/);
    await Promise.all([page.waitForURL(/period=session/), page.keyboard.press('Enter')]);
    expect(await page.locator('tbody tr').count()).toBe(1);
  });

  it.each(['absentees', 'attendance', 'late-arrivals', 'below-threshold', 'trend'])(
    '%s: its form can be sent',
    async (code) => {
      await page.goto(`/reports/${code}`);
      await tabTo(/\|Show$/);
      await Promise.all([page.waitForURL(/\?.*(from|group_id|threshold)=/), page.keyboard.press('Enter')]);
      expect(await page.locator('.report-filters :invalid').count()).toBe(0);
    },
  );

  it.each([
    ['CSV', /^period,from/],
    ['Workbook (XLSX)', /^PK/],
    ['PDF', /^%PDF/],
  ])('is fetched as %s', async (format, begins) => {
    await page.goto('/reports/summary');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: format, exact: true }).press('Enter'),
    ]);
    expect(readFileSync(await download.path(), 'latin1').replace('ï»¿', '')).toMatch(begins);
  });
});
