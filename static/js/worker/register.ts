/**
 * The page's side of the service worker: registers it, tells whether it is there (`data-worker` on the document and the
 * event `omnipresence:worker`), and asks it to keep today's pages. All of it is optional: without a worker pages need the
 * network, and marks are still kept on the device.
 */
import { type Message } from './messages.js';

/** none: no worker is possible here. off: switched off by the operator. update: a new version waits. */
export type WorkerState = 'none' | 'off' | 'ready' | 'update';

const REFRESH = 10 * 60_000;
/** How often a page that stays open asks for a new version. */
const LOOK_FOR_UPDATE = 3_600_000;

const address = document.querySelector<HTMLMetaElement>('meta[name=service-worker]')?.content;
let registration: ServiceWorkerRegistration | undefined;

function tell(state: WorkerState): void {
  document.documentElement.dataset.worker = state;
  document.dispatchEvent(new CustomEvent('omnipresence:worker', { detail: { state } }));
}

const post = (worker: ServiceWorker | null | undefined, message: Message) => worker?.postMessage(message);

/** The person asks for the new version: it takes over, and the page is loaded anew. */
export function takeOver(): void {
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
  post(registration?.active, { type: 'make-way' });
  post(registration?.waiting, { type: 'take-over', asked: true });
}

/** Takes today's list and its registers, and lets a new version take over if nothing waits to be sent. */
export function warm(): void {
  post(registration?.active, { type: 'warm', path: location.pathname });
  post(registration?.waiting, { type: 'take-over', asked: false });
}

/** Asks the browser to wake the worker when there is network again, where it can do that. */
export function wake(): void {
  const { sync } = (registration ?? {}) as { sync?: { register(tag: string): Promise<void> } };
  sync?.register('drain').catch(() => undefined);
}

/** A new version was installed. Unasked it takes over only if it may: else it is told. */
function installed(found: ServiceWorkerRegistration): void {
  if (!found.waiting || !navigator.serviceWorker.controller) return;
  found.waiting.addEventListener('statechange', () => tell('ready'), { once: true });
  post(found.waiting, { type: 'take-over', asked: false });
  tell('update');
}

async function register(scriptAddress: string): Promise<void> {
  const found = await navigator.serviceWorker.register(scriptAddress, { scope: '/', updateViaCache: 'imports' });
  registration = found;
  found.addEventListener('updatefound', () => {
    found.installing?.addEventListener('statechange', () => installed(found));
  });
  await navigator.serviceWorker.ready;
  tell('ready');
  installed(found);
  warm();
  setInterval(warm, REFRESH);
  setInterval(() => void found.update().catch(() => undefined), LOOK_FOR_UPDATE);
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) warm();
  });
}

if (!('serviceWorker' in navigator)) tell('none');
else if (address) register(address).catch(() => tell('none'));
else {
  tell('off');
  void switchOff().catch(() => undefined);
}

/** The switch itself: the worker that is here finds its last version, which drops what was kept and leaves. */
async function switchOff(): Promise<void> {
  await (await navigator.serviceWorker.getRegistration('/'))?.update();
  // The version before it may have been keeping something at that very moment: looked after, once at once and once later.
  for (const wait of [0, 3_000]) {
    await new Promise((done) => setTimeout(done, wait));
    for (const name of await caches.keys()) await caches.delete(name);
  }
}
