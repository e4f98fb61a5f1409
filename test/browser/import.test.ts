import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Browser, type Page } from 'playwright-core';
import { openBrowser, pageOf, seriousProblems } from '../support/browser.js';
import { cleverLike } from '../support/clever-files.js';
import { rosterArchive, rosterFiles, rosterRows } from '../support/oneroster-files.js';
import { World } from '../world.js';

let world: World;
let browser: Browser;
const folder = mkdtempSync(join(tmpdir(), 'omnipresence-lists-'));
beforeAll(async () => {
  [world, browser] = [await World.open(), await openBrowser()];
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await world?.close();
});

/** With SCREENSHOTS=folder every page is kept as a picture: small and wide, light and dark. */
async function look(page: Page, name: string): Promise<void> {
  expect(await seriousProblems(page)).toEqual([]);
  expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
  const shots = process.env.SCREENSHOTS;
  if (!shots) return;
  for (const width of [360, 1280])
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: join(shots, `${name}-${width}-${colorScheme}.png`), fullPage: true });
    }
  await page.setViewportSize({ width: 360, height: 780 });
  await page.emulateMedia({ colorScheme: 'light' });
}

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe('importing in a browser', () => {
  it('goes from upload to result and back, on a phone', async () => {
    const page = await pageOf(browser, world.ana, { viewport: { width: 360, height: 780 } });
    await page.goto('/import');
    await look(page, 'empty');
    const list = file(
      'people.csv',
      'first_name,last_name,identifier,date_of_birth,group,Shoe size\nAna,Berg,P1,2010-02-28,Form 1;Choir,38\nBea,Cole,P2,2010-02-30,Form 1,\nCem,Demir,P1,,,\n',
    );
    await page.setInputFiles('input[type=file]', list);
    await page.click('text=Upload and look at it');
    await page.waitForURL(/\/import\/\d+$/);
    expect(await page.textContent('main')).toContain('would be made: Form 1, Choir');
    await look(page, 'preview');
    await page.click('text=Start the import');
    await page.waitForSelector('text=What became of the 3 rows');
    expect(await page.textContent('[data-counts]')).toMatch(/new1/);
    await look(page, 'result');
    let asked = '';
    page.once('dialog', (dialog) => {
      asked = dialog.message();
      void dialog.accept();
    });
    await page.click('button:has-text("Undo this import")');
    await page.waitForSelector('text=This import was undone');
    expect(asked).toContain('.csv');
    await look(page, 'undone');
  });

  it('takes several files at once and starts them in their order', async () => {
    const page = await pageOf(browser, world.ana, { viewport: { width: 360, height: 780 } });
    await page.goto('/import');
    const paths = Object.entries(cleverLike()).map(([name, content]) => file(`${name}.csv`, content));
    await page.setInputFiles('input[type=file]', [...paths, file('nothing.csv', '')]);
    await page.click('text=Upload and look at it');
    await page.waitForSelector('text=Start all 5 files');
    expect(await page.textContent('[role=alert]')).toContain('nothing.csv');
    await look(page, 'waiting');
    await page.click('text=students.csv');
    await page.waitForSelector('text=Recognised as “Clever: students”');
    await look(page, 'preview-clever');
    await page.goto('/import');
    await page.click('text=Start all 5 files');
    for (let tries = 0; tries < 100 && (await page.locator('.tag-live').count()) > 0; tries++)
      await page.waitForTimeout(100);
    expect(await page.locator('.tag-live').count()).toBe(0);
    expect(await page.locator('.toast-card').count()).toBe(0);
    await look(page, 'past');
  });

  it('takes an archive of OneRoster and says what of it was not taken', async () => {
    const page = await pageOf(browser, world.ana, { viewport: { width: 360, height: 780 } });
    await page.goto('/import');
    const archive = rosterArchive(rosterFiles(rosterRows(), '1.2'), { version: '1.2' });
    await page.setInputFiles('input[type=file]', file('roster.zip', archive));
    await page.click('text=Upload and look at it');
    await page.waitForSelector('text=Start all 4 files');
    expect(await page.textContent('[data-archive]')).toContain('Not taken: demographics.csv, userProfiles.csv.');
    await look(page, 'waiting-oneroster');
    await page.click('text=users.csv');
    await page.waitForSelector('text=Recognised as “OneRoster: users”');
    await look(page, 'preview-oneroster');
    await page.goto('/import');
    await page.click('text=enrollments.csv');
    await page.waitForSelector('text=Recognised as “OneRoster: enrollments”');
    await look(page, 'preview-oneroster-enrollments');
    await page.goto('/import');
    await page.click('text=Start all 4 files');
    for (let tries = 0; tries < 100 && (await page.locator('.tag-live').count()) > 0; tries++)
      await page.waitForTimeout(100);
    await page.click('text=users.csv');
    await page.waitForSelector('text=2 rows are about guardians');
    await look(page, 'result-oneroster');
  });

  it('works without script', async () => {
    const page = await pageOf(browser, world.ana, { javaScriptEnabled: false });
    await page.goto('/import');
    await page.setInputFiles('input[type=file]', file('plain.csv', 'first_name,last_name,identifier\nNo,Script,NS1\n'));
    await page.click('text=Upload and look at it');
    await page.click('text=Start the import');
    await page.waitForSelector('text=What became of the one row', { timeout: 15_000 });
  });
});
