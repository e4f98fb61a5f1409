import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Participant } from '../../src/participants/index.js';
import { PresenceRecord } from '../../src/presence/index.js';
import { Device } from '../support/offline-device.js';
import { Proxy } from '../support/proxy.js';
import { PASSWORD, World } from '../world.js';

let world: World;
let proxy: Proxy;
let device: Device;
beforeAll(async () => {
  world = await World.open();
  proxy = await Proxy.open(world.address);
  device = await Device.open(proxy.address);
  await device.signInAs(await world.visitor().signIn(world.school.user.bruno!.email, PASSWORD));
}, 60_000);
afterAll(async () => {
  await device?.dispose();
  await proxy?.close();
  await world?.close();
});

const shown = () =>
  device.page.evaluate(() =>
    [...document.querySelectorAll('#register > li')].map((row) => {
      const state = row.querySelector<HTMLInputElement>('input:checked')?.value ?? 'open';
      return `${row.querySelector('b')?.textContent} ${state} ${row.className}`.trim();
    }),
  );
const told = (text: string) => device.page.locator('#device', { hasText: text }).waitFor();
const choose = (name: string, state: string) =>
  device.page.locator('#register > li', { hasText: name }).locator(`label:has(input[value=${state}])`).click();
async function add(first: string, last: string): Promise<void> {
  await device.page.locator('.add > summary').click();
  await device.page.getByLabel('First name').fill(first);
  await device.page.getByLabel('Last name').fill(last);
  await device.page.keyboard.press('Enter');
  await device.page.locator('#register > li', { hasText: last }).waitFor();
}
const cellsOf = (session: number) => world.read(world.school, (em) => em.find(PresenceRecord, { session }));

it('lays what waits over the kept register: after a restart of the browser, with a new person, and undone again', async () => {
  const { session } = await world.addRegister(world.school, ['Ada Lovelace', 'Alan Turing', 'Grace Hopper']);
  const path = `/sessions/${session.id}`;
  await device.goto(path);
  await device.waitUntilKept(path);
  // Known to the server, but not to the page that is kept.
  await choose('Hopper', 'late');
  await device.page.locator('#register > li[data-s=late]').waitFor();
  proxy.cut();
  await device.page.locator('#mark-all button').click();
  await told('Offline, 2 marks saved on this device');
  await add('Emmy', 'Noether');
  await choose('Noether', 'excused');
  await told('Offline, 3 marks and 1 new person');

  await device.stop();
  await device.start();
  await device.page.goto(path);
  await told('Offline, 3 marks and 1 new person');
  expect(await shown()).toEqual([
    'Hopper late',
    'Lovelace present kept',
    'Turing present kept',
    'Noether excused kept',
  ]);
  expect(await device.page.locator('#tally').getAttribute('data-unmarked')).toBe('0');
  expect(await device.page.locator('.undo-text').textContent()).toBe('Emmy Noether: Excused');
  await device.page.locator('#undo button').click();
  await device.page.getByText('One put back as it was.').waitFor();
  expect((await shown()).at(-1)).toBe('Noether open kept');

  proxy.restore();
  await device.page.evaluate(() => dispatchEvent(new Event('online')));
  await told('Online');
  const noether = await world.read(world.school, (em) => em.findOneOrFail(Participant, { lastName: 'Noether' }));
  expect(await device.page.locator(`#p${noether.id}`).count()).toBe(1);
  const cells = await cellsOf(session.id);
  expect(cells.map((cell) => `${cell.revision} ${cell.presenceState ? 'marked' : 'open'}`).sort()).toEqual([
    '1 marked',
    '1 marked',
    '1 marked',
    '2 open',
  ]);
}, 60_000);

it('takes the first person of an empty register, and his mark, without network', async () => {
  const { session } = await world.addRegister(world.school, []);
  const path = `/sessions/${session.id}`;
  await device.goto(path);
  await told('Online');
  proxy.cut();
  await add('Sofia', 'Kowalewskaja');
  await choose('Kowalewskaja', 'present');
  await told('Offline, 1 mark and 1 new person saved');
  proxy.restore();
  await device.page.evaluate(() => dispatchEvent(new Event('online')));
  await told('Online');
  expect(await cellsOf(session.id)).toHaveLength(1);
  await device.page.goto(path);
  expect(await shown()).toEqual(['Kowalewskaja present']);
}, 60_000);
