/** The outbox of this device, as the service worker uses it. It is opened when it is first asked for. */
import type { Changes } from '../../../src/sync/wire.js';
import type {} from '../engine.js';
import { type Draft, type Engine, type Name } from '../sync/engine.js';

/** The address of the file that pages load, too, with its version: put in by the build. */
declare const ENGINE: string;

declare const self: ServiceWorkerGlobalScope;

// The browser keeps it with this version of the worker.
importScripts(ENGINE);

let opening: Promise<Engine> | null = null;
function engine(): Promise<Engine> {
  if (opening) return opening;
  // In a function, because a browser may refuse even to name its storage. What failed now may succeed at the next attempt.
  opening = (async () => deviceEngine!.openEngine(deviceEngine!.browserEnvironment()))();
  opening.catch(() => (opening = null));
  return opening;
}

/** Who showed pages here last, and until when they may be shown without a new sign-in (ms; null: never told). */
export async function binding(): Promise<{ binding: string; until: number | null } | null> {
  try {
    const row = await (await engine()).currentBinding();
    return row && { binding: row.binding, until: row.offline_until };
  } catch {
    return null;
  }
}

/** Pages are drawn for somebody else now. Without storage there is nothing to remember him by. */
export async function enter(key: string): Promise<void> {
  const [organization, user] = key.split(':').map(Number) as [number, number];
  await engine().then(
    (device) => device.enter({ organization, user }),
    () => undefined,
  );
}

export async function leave(): Promise<void> {
  await engine().then(
    (device) => device.leave(),
    () => undefined,
  );
}

/** Keeps operations, and asks the browser to wake the worker when there is network. Errors: nothing was stored. */
export async function capture(owner: string, drafts: Draft[], names: Name[]): Promise<void> {
  await (await engine()).capture(owner, drafts, names);
  const { sync } = self.registration as { sync?: { register(tag: string): Promise<void> } };
  sync?.register('drain').catch(() => undefined);
}

/** Never rejects. Without storage nothing waits. */
export async function drain(): Promise<void> {
  await engine().then(
    (device) => device.drain(),
    () => undefined,
  );
}

/** The server told how cells stand now. Never rejects. */
export async function heard(owner: string, cells: Changes['cells'], askedAt: number): Promise<void> {
  await engine().then(
    (device) => device.heard(owner, cells, askedAt),
    () => undefined,
  );
}

/** @returns how many marks and people wait to be sent: of whoever is signed in, and where nobody is, of everybody */
export async function waiting(): Promise<number> {
  try {
    const device = await engine();
    // Not of whom this worker entered: a page may have entered somebody else since.
    return await device.waiting((await device.currentBinding())?.binding);
  } catch {
    return 0;
  }
}
