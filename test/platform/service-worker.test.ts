import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createApp } from '../../src/app.js';
import { ConfigError, readConfig } from '../../src/platform/config.js';
import { Visitor } from '../support/visitor.js';
import { World } from '../world.js';

const statics = resolve(import.meta.dirname, '..', '..', 'static');
let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

describe('the service worker', () => {
  it('is answered to everybody, for the whole site, and never kept on the way', async () => {
    const answer = await world.visitor().get('/sw.js');
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-cache']);
    expect(answer.headers.get('content-type')).toMatch(/^text\/javascript/);
    expect(answer.body).toBe(readFileSync(join(statics, 'dist', 'sw.js'), 'utf8'));
    expect((await world.visitor().post('/sw.js')).status).toBe(404);
  });

  it('takes the very files that pages ask for, each under its version', async () => {
    const page = (await world.bruno.get(`/sessions/${(await world.addRegister(world.school)).session.id}`)).body;
    const asked = [...page.matchAll(/(?:src|href)="(\/static\/[^"]+\.(?:js|css|svg)\?v=[^"]+)"/g)].map(
      ([, url]) => url!,
    );
    expect(asked.length).toBeGreaterThanOrEqual(4);
    const worker = (await world.visitor().get('/sw.js')).body;
    // What others mark comes by the network alone, and so do its script and the comforts of pages that need the network.
    const byNetwork = /\/(live|comforts)\.js/;
    expect(asked.filter((url) => !worker.includes(url) && !byNetwork.test(url))).toEqual([]);
  });

  it('may be loaded, and the manifest too, under the policy of the site', async () => {
    const policy = (await world.visitor().get('/login')).headers.get('content-security-policy')!;
    // Both fall back to what is said for everything.
    expect(policy).toContain("default-src 'self'");
    expect(policy).not.toMatch(/worker-src|manifest-src|connect-src/);
  });

  it('with SERVICE_WORKER=off leaves by itself without touching what people marked, and pages do not register it', async () => {
    const off = await createApp({ ...world.config, serviceWorker: false });
    try {
      await off.listen(0, '127.0.0.1');
      const visitor = new Visitor((await off.getUrl()).replace('[::1]', '127.0.0.1'));
      const { body, headers } = await visitor.get('/sw.js');
      expect(headers.get('cache-control')).toBe('no-cache');
      expect(body).toContain('registration.unregister()');
      expect(body).not.toMatch(/indexedDB/i);
      expect((await visitor.get('/login')).body).not.toContain('name="service-worker"');
      expect((await world.visitor().get('/login')).body).toContain('<meta name="service-worker" content="/sw.js">');
    } finally {
      await off.close();
    }
    expect(readConfig({ SESSION_SECRET: 'a secret of sixteen', SERVICE_WORKER: 'off' }).serviceWorker).toBe(false);
    expect(readConfig({ SESSION_SECRET: 'a secret of sixteen' }).serviceWorker).toBe(true);
    expect(() => readConfig({ SERVICE_WORKER: 'no' })).toThrow(new ConfigError('SERVICE_WORKER must be on or off.'));
  });
});

describe('for whom a page was drawn', () => {
  it('stands in a header of every answer, and in the forms of the register', async () => {
    const { organization, user } = world.school;
    const bruno = `${organization.id}:${user.bruno!.id}`;
    for (const path of ['/', '/waiting', '/sessions/999999', '/api/auth/me'])
      expect((await world.bruno.get(path)).headers.get('x-binding')).toBe(bruno);
    for (const path of ['/', '/login', '/offline', '/api/auth/me'])
      expect((await world.visitor().get(path)).headers.get('x-binding')).toBe('none');
    const { session } = await world.addRegister(world.school);
    expect((await world.bruno.get(`/sessions/${session.id}`)).body).toContain(`name="binding" value="${bruno}"`);
  });

  it('the offline page holds nobody’s name, even for somebody who is signed in', async () => {
    const page = (await world.bruno.get('/offline')).body;
    expect(page).not.toContain(world.school.user.bruno!.email);
    expect(page).not.toContain('Riverside');
    expect(page.match(/<template data-case="/g)).toHaveLength(9);
  });
});

describe('the manifest', () => {
  it('is linked, opens today’s list, and names icons that exist in their sizes', async () => {
    const [, address] = /rel="manifest" href="([^"]+)"/.exec((await world.visitor().get('/login')).body)!;
    const answer = await world.visitor().get(address!);
    expect(answer.headers.get('content-type')).toMatch(/^application\/manifest\+json/);
    const { start_url, display, icons } = answer.json;
    expect([start_url, display]).toEqual(['/', 'standalone']);
    for (const { src, sizes, type } of icons.filter((each: any) => each.type === 'image/png')) {
      const png = readFileSync(join(statics, src.replace('/static/', '')));
      expect([type, `${png.readUInt32BE(16)}x${png.readUInt32BE(20)}`]).toEqual(['image/png', sizes]);
      expect((await world.visitor().get(src)).status).toBe(200);
    }
    expect(icons.map((each: any) => each.purpose)).toContain('maskable');
  });
});
