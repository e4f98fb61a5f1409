/** This page's place in the device engine: opened once, for whom the page was drawn, and woken when there is reason. */
import type {} from './engine.js';
import { type Engine, type State } from './sync/engine.js';
import { wake as wakeWorker, warm } from './worker/register.js';

export interface Device {
  engine: Engine;
  /** `organization:user` of whoever this page was drawn for. */
  binding: string;
  /** Something was put into the outbox: sends it, and asks the browser to keep it well. */
  captured: () => void;
}

declare global {
  interface Window {
    /** null: nothing can be kept on this device. */
    device?: Promise<Device | null>;
  }
}

/** A mark that waited longer had no network. Milliseconds. */
const LONG = 10_000;

async function open(who: string): Promise<Device | null> {
  const { deviceEngine } = globalThis;
  if (!deviceEngine) return null;
  try {
    const engine = await deviceEngine.openEngine(deviceEngine.browserEnvironment());
    const [organization, user] = who.split(':').map(Number) as [number, number];
    const name = document.querySelector('.account-name')?.textContent ?? '';
    const binding = await engine.enter({ organization, user, name });
    let asked = false;
    const captured = () => {
      void engine.drain().then(async () => {
        if ((await engine.state()).waiting) wakeWorker();
      });
      if (asked) return;
      asked = true;
      // Otherwise a browser that is short of room may throw away what waits here.
      void navigator.storage?.persist?.().catch(() => false);
    };
    let before: State | null = null;
    engine.subscribe((state) => {
      // What had waited for the network is to be on the pages that are kept for later, too. A mark that went at once need
      // not: the outbox is laid over those pages.
      if (before?.oldestWaitingAt && !state.waiting && Date.now() - before.oldestWaitingAt > LONG) warm();
      before = state;
    });
    addEventListener('online', () => void engine.wake());
    addEventListener('pageshow', (event) => event.persisted && void engine.wake());
    document.addEventListener('visibilitychange', () => document.hidden || void engine.wake());
    // A page that came from the device's own store does not know whether there is network: it asks.
    void engine.wake('stored' in document.body.dataset);
    return { engine, binding, captured };
  } catch {
    return null;
  }
}

const who = document.body.dataset.binding;
export const device = who ? open(who) : null;
if (device) window.device = device;
