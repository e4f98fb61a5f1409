import { Secret, TOTP } from 'otpauth';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Browser, type Page } from 'playwright-core';
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

const codeOf = (secret: string, steps: number) =>
  new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: Date.now() + steps * 30_000 });
const press = (page: Page, name: string) => page.getByRole('button', { name }).click();

/** A page of somebody who is not signed in. */
async function strangersPage(options: { javaScriptEnabled: boolean }): Promise<Page> {
  const page = await (await browser.newContext({ baseURL: world.address, ...options })).newPage();
  page.setDefaultTimeout(10_000);
  return page;
}

describe.each([true, false])('somebody who was invited (script: %s)', (javaScriptEnabled) => {
  it('chooses a password, sets up a second factor, and signs in with it and with a recovery code', async () => {
    const email = `guest-${javaScriptEnabled}@riverside.example`;
    // The administrator invites on the page, and brings the link, because no mail can be sent.
    const admin = await pageOf(browser, world.ana, { javaScriptEnabled, viewport: { width: 360, height: 800 } });
    await admin.goto('/settings/users');
    await admin.getByRole('link', { name: 'Invite somebody' }).click();
    await admin.getByLabel('First name').fill('Gala');
    await admin.getByLabel('Last name').fill('Guest');
    await admin.getByLabel('E-mail').fill(email);
    await admin.getByRole('radio', { name: /Frontline/ }).check();
    await press(admin, 'Invite');
    const link = await admin.getByLabel(`Link for ${email}`).inputValue();
    if (javaScriptEnabled) expect(await seriousProblems(admin)).toEqual([]);

    const guest = await strangersPage({ javaScriptEnabled });
    await guest.goto(link);
    await guest.getByLabel('Password').fill('too short');
    await press(guest, 'Save and sign in');
    expect(await guest.textContent('main')).toContain('at least 10 characters');
    await guest.getByLabel('Password').fill('a sentence of my own');
    await press(guest, 'Save and sign in');
    expect(new URL(guest.url()).pathname).toBe('/');

    await guest.goto('/account/second-factor');
    await press(guest, 'Set it up');
    const secret = (await guest.textContent('code.key'))!.replaceAll(' ', '');
    if (javaScriptEnabled) expect(await seriousProblems(guest)).toEqual([]);
    await guest.getByLabel('Code').fill(codeOf(secret, 0));
    await press(guest, 'Switch it on');
    const codes = await guest.locator('.codes code').allTextContents();
    expect(codes).toHaveLength(10);

    for (const code of [() => codeOf(secret, 1), () => codes[0]!]) {
      const page = await strangersPage({ javaScriptEnabled });
      await page.goto('/account');
      await page.getByLabel('E-mail').fill(email);
      await page.getByLabel('Password').fill('a sentence of my own');
      await press(page, 'Sign in');
      await page.getByLabel('Code').fill('000000');
      await press(page, 'Sign in');
      expect(await page.textContent('main')).toContain('This code is not right');
      await page.getByLabel('Code').fill(code());
      await press(page, 'Sign in');
      // He wanted to his account, and there he is.
      expect(new URL(page.url()).pathname).toBe('/account');
    }
    await guest.goto('/account');
    expect(await guest.locator('.rows li').count()).toBe(3);
    // It asks first, where it can.
    guest.once('dialog', (question) => void question.accept());
    await press(guest, 'Sign out everywhere else');
    await guest.locator('.rows li').nth(1).waitFor({ state: 'detached' });
    expect(await guest.locator('.rows li').count()).toBe(1);
    for (const page of [admin, guest]) await page.context().close();
  }, 60_000);
});
