/**
 * The service worker. It keeps the files and pages that open without network, and it is the safety net for plain forms. It
 * never sends again a request that it was handed.
 */
import { type PrecacheEntry } from 'workbox-precaching';
import { drain, waiting } from './device.js';
import { file, keepFiles, keepOlderFiles } from './files.js';
import { FORM, plainForm } from './forms.js';
import { type Message } from './messages.js';
import { navigate } from './navigate.js';
import { escapeHtml, offlinePage } from './offline-page.js';
import { keptPath } from './pages.js';
import { signOut } from './sign-out.js';
import { stopWarming, warm } from './warm.js';

declare const self: ServiceWorkerGlobalScope;

const manifest = self.__WB_MANIFEST as PrecacheEntry[];
/** Another version, another set of files. */
const version = manifest.map(({ url, revision }) => revision ?? url).join('|');

keepFiles(manifest);

self.addEventListener('fetch', (event) => {
  const answer = answerTo(event, event.request, new URL(event.request.url));
  if (answer) event.respondWith(answer);
});

/** A form that nothing is kept of: where the network is gone the person is told so, by a page that leads back. */
const otherForm = (request: Request): Promise<Response> =>
  fetch(request).catch(() => {
    const back = new URL(request.referrer);
    // What was typed is put back there (unsent-form.ts). Not a fragment: this answer may stand at the same address. What
    // opens without network is found by its own address.
    if (!keptPath(back)) back.searchParams.set('unsent', 'yes');
    return offlinePage('network', { back: escapeHtml(back.href) });
  });

/**
 * Back to what answered a form: the browser kept no copy of it, and nothing may be sent twice. So the page opens anew that
 * the form was on. (A redirect would be looked for among the copies of the browser, too.)
 */
const theFormAgain = ({ referrer }: Request): Response =>
  new Response(`<!doctype html><meta http-equiv="refresh" content="0;url=${escapeHtml(referrer)}">`, {
    headers: { 'content-type': 'text/html; charset=utf-8' },
  });

/** @returns null for what passes untouched */
function answerTo(event: FetchEvent, request: Request, url: URL): Promise<Response> | null {
  if (url.origin !== location.origin) return null;
  const isPage = request.mode === 'navigate';
  if (request.method === 'GET') {
    if (isPage) return navigate(request, url, event);
    return url.pathname.startsWith('/static/') ? file(request) : null;
  }
  // What another site sent would be our own as soon as the worker sent it anew, and the server could not refuse it. Where a
  // browser tells no referrer nothing is proven: it sends the form itself.
  if (request.method !== 'POST' || !request.referrer.startsWith(`${location.origin}/`)) return null;
  if (isPage && request.cache === 'only-if-cached') return Promise.resolve(theFormAgain(request));
  if (isPage && FORM.test(url.pathname)) return plainForm(request, url);
  if (url.pathname === '/logout') return signOut(request);
  return isPage ? otherForm(request) : null;
}

self.addEventListener('install', (event) => event.waitUntil(keepOlderFiles()));
// From the first visit on, without a reload.
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('message', (event) => {
  const message = event.data as Message;
  if (message.type === 'warm') event.waitUntil(warm(message.path, version));
  if (message.type === 'make-way') stopWarming();
  if (message.type === 'take-over')
    event.waitUntil(
      (async () => {
        if (message.asked || (await waiting()) === 0) await self.skipWaiting();
      })(),
    );
});

// The browser says that there is network again, also when no page is open.
self.addEventListener('sync' as 'message', (event) =>
  event.waitUntil(
    (async () => {
      await drain();
      // It asks again later when this fails.
      if ((await waiting()) > 0) throw new Error('waiting');
    })(),
  ),
);
