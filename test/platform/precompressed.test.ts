import { readFileSync, statSync, utimesSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { World } from '../world.js';

const dist = resolve(import.meta.dirname, '..', '..', 'static', 'dist');
let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

describe('scripts and styles', () => {
  const ask = async (path: string, coding: string) => {
    const { headers, body } = await world.visitor().get(path, { 'accept-encoding': coding });
    return {
      coding: headers.get('content-encoding'),
      length: Number(headers.get('content-length')),
      type: headers.get('content-type'),
      cache: headers.get('cache-control'),
      body,
    };
  };

  it.each([
    ['/static/app.js', 'app.js'],
    ['/static/engine.js?v=whatever', 'engine.js'],
    ['/static/app.css', 'app.css'],
    ['/sw.js', 'sw.js'],
  ])('%s comes in its small form to whoever can read it', async (path, name) => {
    const small = await ask(path, 'gzip, br');
    expect(small).toMatchObject({ coding: 'br', length: statSync(join(dist, `${name}.br`)).size });
    expect(small.type).toMatch(name.endsWith('css') ? /^text\/css/ : /^text\/javascript/);
    expect(small.cache).toMatch(name === 'sw.js' ? /no-cache/ : /immutable/);
    const plain = await ask(path, 'identity');
    expect(plain.coding).toBeNull();
    expect(plain.body).toBe(small.body);
    expect(plain.body).toBe(readFileSync(join(dist, name), 'utf8'));
  });

  it('come as they are while the small form is older', async () => {
    const file = join(dist, 'waiting.js.br');
    const { mtime } = statSync(file);
    try {
      utimesSync(file, new Date(0), new Date(0));
      expect((await ask('/static/waiting.js', 'br')).length).not.toBe(statSync(file).size);
    } finally {
      utimesSync(file, mtime, mtime);
    }
  });

  it('hold what a device needs to work alone, in 25 KB with Workbox', () => {
    // What the roll call brought before it worked without network, measured then the same way: app.js, roll-call.js.
    const before = 18_150;
    const sizes = ['app.js', 'engine.js', 'roll-call.js', 'waiting.js', 'sw.js'].map(
      (name) => statSync(join(dist, `${name}.br`)).size,
    );
    expect(sizes.reduce((sum, size) => sum + size, 0) - before).toBeLessThanOrEqual(25 * 1024);
  });
});
