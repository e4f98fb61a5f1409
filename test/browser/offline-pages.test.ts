import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Device } from '../support/offline-device.js';
import { Proxy } from '../support/proxy.js';
import { World } from '../world.js';

let world: World;
let proxy: Proxy;
let device: Device;
beforeAll(async () => {
  world = await World.open();
  proxy = await Proxy.open(world.address);
  device = await Device.open(proxy.address);
}, 60_000);
afterAll(async () => {
  await device?.dispose();
  await proxy?.close();
  await world?.close();
});

describe('pages without network', () => {
  it('open after the browser was closed: a register that was visited, and the list of today', async () => {
    const { session } = await world.addRegister(world.school, ['Ada Lovelace', 'Grace Hopper']);
    await device.signInAs(world.bruno);
    await device.goto(`/sessions/${session.id}`);
    await device.waitUntilKept(`/sessions/${session.id}`);
    await device.waitUntilKept('/');
    proxy.cut();
    await device.stop();
    await device.start();
    await device.page.goto(`/sessions/${session.id}`);
    expect(await device.page.locator('#register > li').count()).toBe(2);
    await device.page.goto('/');
    expect(await device.page.locator('h1').textContent()).toBe('Today');
    // Styles and scripts as well.
    expect(await device.page.evaluate(() => document.styleSheets.length > 0 && 'htmx' in window)).toBe(true);
    await device.page.goto('/participants');
    expect(await device.page.locator('h1').textContent()).toBe('No network');
    expect(await device.page.locator(`a[href="/sessions/${session.id}"]`).textContent()).toBe('Mathematics');
    proxy.restore();
  }, 60_000);
});
