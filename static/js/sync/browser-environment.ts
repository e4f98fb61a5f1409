import { type Environment } from './environment.js';

/** A UUID of version 7: the time in milliseconds, then chance. */
export function uuid7(now: number, chance: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>): string {
  const bytes = chance(new Uint8Array(16));
  for (let at = 0; at < 6; at++) bytes[at] = Math.floor(now / 256 ** (5 - at)) % 256;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})/, '$1-$2-7$3-8$4-');
}

async function gzip(text: string): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    return null;
  }
}

/**
 * The environment of a page or a service worker.
 * Errors: SecurityError where the browser forbids storage even to be named.
 */
export function browserEnvironment(): Environment {
  const talk = 'BroadcastChannel' in globalThis ? new BroadcastChannel('omnipresence') : null;
  return {
    indexedDB: globalThis.indexedDB,
    keyRange: globalThis.IDBKeyRange,
    fetch: (address, init) => fetch(address, init),
    now: () => Date.now(),
    random: () => Math.random(),
    timer: (work, ms) => {
      const id = setTimeout(work, ms);
      return () => clearTimeout(id);
    },
    uuid: () => uuid7(Date.now(), (bytes) => crypto.getRandomValues(bytes)),
    locks: (navigator as { locks?: LockManager }).locks ?? null,
    channel: talk && {
      post: (message) => talk.postMessage(message),
      listen: (hear) => talk.addEventListener('message', (event) => hear(event.data)),
    },
    compress: 'CompressionStream' in globalThis ? gzip : null,
    visible: () => (globalThis as { document?: { hidden: boolean } }).document?.hidden === false,
    async forgetPages() {
      for (const name of (await globalThis.caches?.keys()) ?? [])
        if (name.startsWith('pages-')) await caches.delete(name);
    },
  };
}
