/**
 * One device with the client that browsers run (static/js/sync, on fake-indexeddb) and a bad network before it: captures
 * marks without network, then empties its outbox. Bundled by bench/sync.ts; a process of its own, as a device is.
 *
 * Gets its order as JSON in its argument; prints { ms, settled, requests, up } (ms from the first attempt to send
 * until nothing waits; `up` in bytes, as the bodies are sent).
 */
import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { setTimeout as sleep } from 'node:timers/promises';
import { uuid7 } from '../static/js/sync/browser-environment.js';
import { openEngine, type Environment } from '../static/js/sync/engine.js';
import { Proxy, type Weather } from '../test/support/proxy.js';

export interface DeviceOrder {
  port: number;
  cookie: string;
  organization: number;
  user: number;
  session: number;
  people: number[];
  weather: Weather | null;
}

const order = JSON.parse(process.argv[2]!) as DeviceOrder;
const proxy = await Proxy.open(`http://127.0.0.1:${order.port}`);
proxy.set(order.weather);
const jar = new Map([order.cookie.split('=') as [string, string]]);

const gzip = async (text: string) =>
  new Uint8Array(
    await new Response(new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer(),
  );
let requests = 0;
let up = 0;
const environment: Environment = {
  indexedDB: new IDBFactory(),
  keyRange: IDBKeyRange,
  fetch: async (address, init) => {
    requests++;
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { ...(init.headers as Record<string, string>), cookie };
    up += (init.body as string | Uint8Array | undefined)?.length ?? 0;
    const answer = await fetch(proxy.address + address, { ...init, headers });
    for (const line of answer.headers.getSetCookie()) {
      const [name = '', value = ''] = line.split(';')[0]!.split('=');
      jar.set(name, value);
    }
    return answer;
  },
  now: () => Date.now(),
  random: () => Math.random(),
  timer: (work, ms) => {
    const timer = setTimeout(work, ms);
    return () => clearTimeout(timer);
  },
  uuid: () => uuid7(Date.now(), (bytes) => crypto.getRandomValues(bytes)),
  locks: navigator.locks ?? null,
  channel: null,
  compress: gzip,
};

const engine = await openEngine(environment);
const binding = await engine.enter({ organization: order.organization, user: order.user });
for (const person of order.people)
  await engine.capture(binding, [
    {
      kind: 'presence',
      session_id: order.session,
      participant_id: person,
      presence_state: 'present',
      shown_revision: 0,
    },
  ]);
const started = performance.now();
await engine.drain();
while ((await engine.state()).waiting > 0) {
  if (performance.now() - started > 120_000) throw new Error('the outbox is not empty after two minutes');
  await sleep(5);
}
const ms = performance.now() - started;
const rows = await engine.opsOfSession(binding, order.session);
const settled = rows.filter((row) => row.status === 'settled' && row.outcome === 'applied').length;
console.log(JSON.stringify({ ms, settled, requests, up }));
process.exit(0);
