import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Page } from 'playwright-core';
import { Participant } from '../../src/participants/index.js';
import { Device } from '../support/offline-device.js';
import { Proxy } from '../support/proxy.js';
import { PASSWORD, World } from '../world.js';

let world: World;
let proxy: Proxy;
let device: Device;
let page: Page;
beforeAll(async () => {
  world = await World.open();
  await world.addGroup(world.school, 'One to choose');
}, 60_000);
afterAll(() => world?.close());
beforeEach(async () => {
  proxy = await Proxy.open(world.address);
  device = await Device.open(proxy.address);
  page = device.page;
  // A sign-in of its own: some of these flows end it.
  await device.signInAs(await world.visitor().signIn(world.school.user.ana!.email, PASSWORD));
}, 30_000);
afterEach(async () => {
  await device?.dispose();
  await proxy?.close();
});

const save = () => page.locator('main form[method=post] button.btn-primary').first().click();
const told = () => page.locator('.problem', { hasText: 'What you typed is here again' });
const field = (name: string) => page.locator(`main form[method=post] [name=${name}]`).first();

async function signIn(email: string = world.school.user.ana!.email): Promise<void> {
  await page.waitForURL('**/login?**');
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

const add = async (name: string) => (await world.addParticipants(world.school, [name]))[0]!;
const nameNow = async (id: number) => (await world.ana.get(`/api/participants/${id}`)).json.data.first_name as string;

describe('what was typed into a form of management', () => {
  it('is there again after the sign-in had ended when it was sent', async () => {
    const { id } = await add('Old Name');
    await device.goto(`/participants/${id}/edit`);
    await field('first_name').fill('Typed');
    await device.forgetSignIn();
    await save();
    await signIn();
    await told().waitFor();
    expect(await field('first_name').inputValue()).toBe('Typed');
    expect(await nameNow(id)).toBe('Old');
    await save();
    await page.waitForURL((url) => url.pathname === `/participants/${id}`);
    expect(await nameNow(id)).toBe('Typed');
    // It was answered: the form opens as it is.
    await page.goto(`/participants/${id}/edit`);
    expect(await told().count()).toBe(0);
  });

  it('does not go over what somebody else saved meanwhile', async () => {
    const { id } = await add('Old Name');
    await device.goto(`/participants/${id}/edit`);
    await field('first_name').fill('Typed');
    await device.forgetSignIn();
    await save();
    await world.write(world.school, async (tx) => {
      (await tx.findOneOrFail(Participant, { id })).firstName = 'Theirs';
    });
    await signIn();
    await told().waitFor();
    await save();
    await page.getByText('This was not saved.').waitFor();
    expect(await field('first_name').inputValue()).toBe('Typed');
    expect(await nameNow(id)).toBe('Theirs');
  });

  it('is there again after there was no network when it was sent', async () => {
    const { id } = await add('Old Name');
    await device.goto(`/participants/${id}/edit`);
    await field('first_name').fill('Typed');
    proxy.cut();
    await save();
    await page.getByRole('heading', { name: 'This needs the network' }).waitFor();
    proxy.restore();
    await page.getByRole('link', { name: 'Back', exact: true }).click();
    await told().waitFor();
    expect(await field('first_name').inputValue()).toBe('Typed');
    await save();
    await page.waitForURL((url) => url.pathname === `/participants/${id}`);
    expect(await nameNow(id)).toBe('Typed');
  });

  it('is led back to the page of the form when that had been refused before', async () => {
    await device.goto('/participants/new');
    await field('last_name').fill('Typed');
    await save();
    await page.getByText('This was not saved.').waitFor();
    await field('last_name').fill('Typed again');
    await device.forgetSignIn();
    await save();
    await signIn();
    await told().waitFor();
    expect(new URL(page.url()).pathname).toBe('/participants/new');
    expect(await field('last_name').inputValue()).toBe('Typed again');
  });

  it('is not shown to somebody else who signs in', async () => {
    await device.goto('/participants/new');
    await field('first_name').fill('Secret');
    await device.forgetSignIn();
    await save();
    await signIn(world.school.user.bruno!.email);
    await page.waitForURL((url) => url.pathname === '/participants/new');
    await page.waitForFunction(() => !location.search);
    expect(await page.content()).not.toContain('Secret');
    expect(await told().count()).toBe(0);
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
  });

  it('is not hidden in a closed part of the form, and the page shows what follows from it', async () => {
    await device.goto('/sessions/new');
    await page.getByText('Repeat it').click();
    await field('name').fill('Typed');
    await page.locator('[name=repeat][value=daily]').check();
    await device.forgetSignIn();
    await save();
    await page.getByText('What you typed into the form is there again').waitFor();
    await signIn();
    await told().waitFor();
    expect(await page.locator('[name=repeat][value=daily]').isVisible()).toBe(true);
    expect(await page.locator('[name=repeat][value=daily]').isChecked()).toBe(true);

    await device.goto('/settings/states/new');
    await field('label').fill('Typed');
    await field('color').fill('#ffee00');
    await device.forgetSignIn();
    await save();
    await signIn();
    await told().waitFor();
    const sample = page.locator('[data-sample]');
    expect(await sample.textContent()).toBe('Typed');
    expect(await sample.evaluate((each) => getComputedStyle(each).backgroundColor)).toBe('rgb(255, 238, 0)');
  });

  it('is there again when the sign-in ended while a preview of it was read', async () => {
    await device.goto('/sessions/new');
    await field('group_id').selectOption({ label: 'One to choose' });
    await field('name').fill('Typed');
    await page.getByText('Repeat it').click();
    await page.locator('[name=repeat][value=daily]').check();
    await save();
    await page.getByText('Nothing has been written yet.').waitFor();
    await device.forgetSignIn();
    await save();
    await signIn();
    await told().waitFor();
    expect(await field('name').inputValue()).toBe('Typed');
    expect(await page.locator('[name=repeat][value=daily]').isChecked()).toBe(true);
  });

  it('is sent once by a double click, so that what is shown only once is seen', async () => {
    await device.goto('/settings/users/new');
    await field('first_name').fill('Twice');
    await field('last_name').fill('Clicked');
    await field('email').fill('twice@school.example');
    await page.locator('[name=role][value=frontline]').check();
    await page.locator('main form[method=post] button.btn-primary').last().dblclick();
    await page.getByText('It is shown only now.').waitFor();
  });

  it.each(['/groups/new', '/sessions/new', '/settings/organization', '/settings/users/new', '/settings/states/new'])(
    'holds for every field of %s',
    async (path) => {
      await device.goto(path);
      const form = page.locator('main form[method=post]').last();
      const typed: string[] = [];
      for (const each of await form.locator('input[type=text], input[type=email], textarea, select').all()) {
        if (!(await each.isVisible()) || !(await each.isEnabled())) continue;
        const name = (await each.getAttribute('name'))!;
        if (await each.evaluate((control) => control.tagName === 'SELECT')) {
          const count = await each.locator('option').count();
          await each.selectOption({ index: count - 1 });
        } else await each.fill(`typed.${typed.length}@example.org`);
        typed.push(`${name}: ${await each.inputValue()}`);
      }
      await device.forgetSignIn();
      await form.locator('button.btn-primary').last().click();
      await signIn();
      await told().waitFor();
      const there: string[] = [];
      for (const each of await page
        .locator('main form[method=post]')
        .last()
        .locator('input[type=text], input[type=email], textarea, select')
        .all())
        if ((await each.isVisible()) && (await each.isEnabled()))
          there.push(`${await each.getAttribute('name')}: ${await each.inputValue()}`);
      expect(there).toEqual(typed);
      expect(typed.length).toBeGreaterThan(0);
    },
  );
});
