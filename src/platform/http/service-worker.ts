import { type RequestHandler } from 'express';
import { smallest } from './precompressed.js';

/**
 * The kill switch: a worker that takes over at once, drops every page and file that was kept, and leaves. What people
 * marked lies in IndexedDB and is not touched: pages go on sending it.
 */
const LEAVING = `self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => {
  const leave = async () => {
    for (const name of await caches.keys()) await caches.delete(name);
    await self.registration.unregister();
  };
  event.waitUntil(leave());
});
`;

/**
 * Answers /sw.js, the service worker of the whole site, signed in or not. Browsers ask for it again at every page, so
 * it is never kept (`no-cache`), and a new version is found within one page.
 * @param file where the built worker lies
 * @param isOn false: the kill switch
 */
export const serviceWorker =
  (file: string, isOn: boolean): RequestHandler =>
  (request, response, next) => {
    if (request.path !== '/sw.js' || !['GET', 'HEAD'].includes(request.method)) return next();
    response.setHeader('Cache-Control', 'no-cache');
    response.type('text/javascript');
    if (isOn)
      response.sendFile(smallest(request, response, file), { cacheControl: false }, (error) => {
        // Who left meanwhile needs no answer.
        if (error && !response.headersSent) next(error);
      });
    else response.send(LEAVING);
  };
