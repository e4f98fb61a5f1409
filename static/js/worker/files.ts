/**
 * Scripts, styles and icons: taken when the worker is installed (Workbox), by the addresses that pages ask for. Their
 * version is part of the address, so a page that was kept goes on with the files of its own version.
 */
import { cacheNames } from 'workbox-core';
import { precacheAndRoute, type PrecacheEntry } from 'workbox-precaching';
import { registerRoute } from 'workbox-routing';

/** Files of the version before: pages of it may still be kept. */
const OLDER = 'files-older';

export function keepFiles(manifest: (PrecacheEntry | string)[]): void {
  precacheAndRoute(manifest, { cleanURLs: false, directoryIndex: '' });
  registerRoute(
    ({ url, sameOrigin }) => sameOrigin && url.pathname.startsWith('/static/'),
    async ({ request }) => {
      try {
        return (await (await caches.open(OLDER)).match(request)) ?? (await fetch(request));
      } catch {
        // No network, and no file of that version: one of another version is better than none.
        return (await caches.match(request, { ignoreSearch: true })) ?? Response.error();
      }
    },
  );
}

/** While a new version is installed: Workbox removes the files of the old one when the new one takes over. */
export async function keepOlderFiles(): Promise<void> {
  const now = await caches.open(cacheNames.precache);
  const files = (await now.keys()).filter(({ url }) => new URL(url).pathname.startsWith('/static/'));
  if (files.length === 0) return;
  await caches.delete(OLDER);
  const older = await caches.open(OLDER);
  for (const file of files) {
    const answer = await now.match(file);
    if (answer) await older.put(file, answer);
  }
}
