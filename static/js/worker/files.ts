/**
 * Scripts, styles and icons: taken when the worker is installed (Workbox), by the addresses that pages ask for. Their
 * version is part of the address, so a page that was kept goes on with the files of its own version.
 */
import { cacheNames } from 'workbox-core';
import { type PrecacheEntry } from 'workbox-precaching';
import { PrecacheController } from 'workbox-precaching/PrecacheController.js';

/** Files of the version before: pages of it may still be kept. */
const OLDER = 'files-older';

const files = new PrecacheController();

/** Takes them when the worker is installed, and removes those of the old version when it takes over. */
export const keepFiles = (manifest: PrecacheEntry[]): void => files.precache(manifest);

export const keptFile = (address: string): Promise<Response | undefined> => files.matchPrecache(address);

export async function file(request: Request): Promise<Response> {
  try {
    const kept = (await keptFile(request.url)) ?? (await (await caches.open(OLDER)).match(request));
    return kept ?? (await fetch(request));
  } catch {
    // No network, and no file of that version: one of another version is better than none.
    return (await caches.match(request, { ignoreSearch: true })) ?? Response.error();
  }
}

/** While a new version is installed: Workbox removes the files of the old one when the new one takes over. */
export async function keepOlderFiles(): Promise<void> {
  const now = await caches.open(cacheNames.precache);
  const addresses = (await now.keys()).filter(({ url }) => new URL(url).pathname.startsWith('/static/'));
  if (addresses.length === 0) return;
  await caches.delete(OLDER);
  const older = await caches.open(OLDER);
  for (const address of addresses) {
    const answer = await now.match(address);
    if (answer) await older.put(address, answer);
  }
}
