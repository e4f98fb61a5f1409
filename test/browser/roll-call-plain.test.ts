import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { Participant } from '../../src/participants/index.js';
import { PresenceRecord } from '../../src/presence/index.js';
import { Device, until } from '../support/offline-device.js';
import { Proxy } from '../support/proxy.js';
import { PASSWORD, World } from '../world.js';

let world: World;
let proxy: Proxy;
let device: Device;
beforeAll(async () => {
  world = await World.open();
}, 60_000);
afterAll(() => world?.close());
beforeEach(async () => {
  proxy = await Proxy.open(world.address);
  device = await Device.open(proxy.address);
  await device.signInAs(await world.visitor().signIn(world.school.user.bruno!.email, PASSWORD));
}, 30_000);
afterEach(async () => {
  await device?.dispose();
  await proxy?.close();
});

const headline = () => device.page.locator('h1').textContent();
const people = (lastName: string) => world.read(world.school, (em) => em.find(Participant, { lastName }));
async function openRegister(names: string[]): Promise<{ path: string; session: number }> {
  const { session } = await world.addRegister(world.school, names);
  const path = `/sessions/${session.id}`;
  await device.goto(path);
  await device.waitUntilKept(path);
  await device.waitUntilKept('/');
  return { path, session: session.id };
}
async function addPlainly(first: string, last: string): Promise<void> {
  await device.page.locator('.add > summary').click();
  await device.page.getByLabel('First name').fill(first);
  await device.page.getByLabel('Last name').fill(last);
  await device.page.locator('#enrol button').click();
}

it('adds a person once when the answer to the plain form is lost, and the next one from the same page as well', async () => {
  const { path } = await openRegister(['Ada Lovelace']);
  await device.script(false);
  await device.page.goto(path);
  // The browser itself tries once more on another connection.
  proxy.loseReplies(/^POST .*\/people/, 9);
  await addPlainly('Emmy', 'Noether');
  await device.page.getByRole('heading', { name: 'Saved on this device' }).waitFor();
  expect(await people('Noether')).toHaveLength(1);
  // The page that is kept still has the form that was just sent.
  proxy.cut();
  await device.page.goto(path);
  await addPlainly('Sofia', 'Kowalewskaja');
  await device.page.getByRole('heading', { name: 'Saved on this device' }).waitFor();
  // Pressed twice is no second act.
  await device.page.goto(path);
  await addPlainly('Sofia', 'Kowalewskaja');
  expect((await device.rows('ops')).map(({ op }) => op.last_name)).toEqual(['Noether', 'Kowalewskaja']);

  proxy.restore();
  await device.script(true);
  await device.page.goto(path);
  await until('everything is sent', async () => (await device.rows('ops')).every((row) => row.status === 'settled'));
  expect(await people('Noether')).toHaveLength(1);
  expect(await people('Kowalewskaja')).toHaveLength(1);
}, 60_000);

it('does not show the list of today where another list was asked for', async () => {
  const { path } = await openRegister(['Ada Lovelace']);
  proxy.cut();
  await device.page.goto('/');
  expect(await headline()).toBe('Today');
  await device.page.goto('/?date=2026-01-02');
  expect(await headline()).toBe('No network');
  // To a register a query only adds a notice.
  await device.page.goto(`${path}?saved=1`);
  expect(await headline()).toBe('Mathematics');
}, 60_000);

it('takes no tap in a page of somebody who has signed out in another tab, and opens again with him', async () => {
  const { path, session } = await openRegister(['Ada Lovelace', 'Grace Hopper']);
  const { page } = device;
  await page.locator('#device', { hasText: 'Online' }).waitFor();
  const second = await device.newPage();
  await second.goto('/');
  await second.locator('.account summary').click();
  await second.getByRole('button', { name: 'Sign out' }).click();
  await second.waitForURL(/\/login/);
  await page.locator('#device', { hasText: 'signed out' }).waitFor();
  expect(await page.locator('#register fieldset:enabled').count()).toBe(0);
  expect(await page.locator('#enrol button').isDisabled()).toBe(true);
  // It is not offered, and would do nothing either.
  expect(await page.locator('#mark-all button').isVisible()).toBe(false);
  expect(await page.locator('#pick').isVisible()).toBe(false);
  await page.locator('#mark-all button').dispatchEvent('click');
  expect(await device.rows('ops')).toEqual([]);

  await device.signInAs(await world.visitor().signIn(world.school.user.bruno!.email, PASSWORD));
  await second.goto(path);
  await page.locator('#register fieldset:enabled').first().waitFor();
  await page.locator('#register > li').first().locator('label:has(input[value=late])').click();
  await until('the mark is sent', async () => {
    return (await world.read(world.school, (em) => em.find(PresenceRecord, { session }))).length === 1;
  });
}, 60_000);
