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

describe('a report on a phone', () => {
  it('shows what it is read for, and keeps the names while the rest is scrolled', async () => {
    await page.setViewportSize({ width: 360, height: 800 });
    await page.goto('/reports/attendance');
    const box = page.locator('.report-table');
    const rightOf = (cell: string) =>
      page
        .locator(`.report-table ${cell}`)
        .first()
        .evaluate((one) => one.getBoundingClientRect().right);
    expect(await rightOf('tbody td.num')).toBeLessThan(360);
    expect(await page.locator('tbody td.folds').first().isVisible()).toBe(false);
    const before = await rightOf('tbody th');
    await box.evaluate((one) => one.scrollBy(1_000, 0));
    expect(await box.evaluate((one) => one.scrollLeft)).toBeGreaterThan(20);
    expect(await rightOf('tbody th')).toBeCloseTo(before, 0);
    await page.setViewportSize({ width: 1280, height: 800 });
    expect(await page.locator('tbody td.folds').first().isVisible()).toBe(true);
  });
});

describe('the form of a report', () => {
  it('stands in one line, also when a field of it is refused', async () => {
    for (const query of ['', '?from=2026-11-20&to=2026-11-01']) {
      await page.goto(`/reports/below-threshold${query}`);
      const tops = await page
        .locator('.report-filters :is(input, select, button)')
        .evaluateAll((all) => all.map((one) => Math.round(one.getBoundingClientRect().top)));
      expect(tops.length).toBeGreaterThan(3);
      expect(new Set(tops).size).toBe(1);
    }
  });
});

describe('somebody who sees only himself', () => {
  it('is shown no name of a session as if it led somewhere', async () => {
    const made = await world.addRegister(world.school, ['Emil External']);
    const [person] = made.participants;
    const record = { participant_id: person!.id, presence_state: 'present' };
    expect((await world.ana.post('/api/presence', { session_id: made.session.id, records: [record] })).status).toBe(
      200,
    );
    await world.ana.put(`/api/admin/users/${world.school.user.emil!.id}`, { participant_id: person!.id });
    const his = await pageOf(browser, world.emil);
    await his.goto('/');
    const line = await his
      .locator('.row-title')
      .first()
      .evaluate((one) => getComputedStyle(one).textDecorationLine);
    expect(line).toBe('none');
  });
});
