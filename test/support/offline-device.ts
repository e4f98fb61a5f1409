import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BrowserContext, type CDPSession, type Page } from 'playwright-core';
import { SESSION_COOKIE } from '../../src/auth/login-middleware.js';
import { openProfile } from './browser.js';
import { type Visitor } from './visitor.js';

/** A browser of somebody's own, with a profile that outlives it: what it stored is there when it is opened again. */
export class Device {
  private readonly folder = mkdtempSync(join(tmpdir(), 'omnipresence-device-'));
  private context: BrowserContext | null = null;
  private session: CDPSession | null = null;
  page!: Page;

  private constructor(
    private readonly address: string,
    private readonly args: string[],
  ) {}

  /** @param address what the browser calls the server @param args of the browser's command line */
  static async open(address: string, args: string[] = []): Promise<Device> {
    const device = new Device(address, args);
    await device.start();
    return device;
  }

  async start(): Promise<void> {
    this.context = await openProfile(this.folder, { baseURL: this.address }, this.args);
    this.page = this.context.pages()[0] ?? (await this.context.newPage());
    this.page.setDefaultTimeout(15_000);
  }

  /** Closes the browser; the profile stays. */
  async stop(): Promise<void> {
    await this.context?.close();
    this.context = null;
    this.session = null;
  }

  async dispose(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async newPage(): Promise<Page> {
    const page = await this.context!.newPage();
    page.setDefaultTimeout(15_000);
    return page;
  }

  /** Signs in as somebody who has signed in elsewhere: his cookie, kept over a restart of the browser. */
  async signInAs(visitor: Visitor): Promise<void> {
    const [name, ...value] = visitor.cookieHeader.split('=');
    const expires = Math.floor(Date.now() / 1_000) + 86_400;
    await this.context!.addCookies([
      { name: name!, value: value.join('='), url: this.address, expires, httpOnly: true, sameSite: 'Lax' },
    ]);
  }

  /** The sign-in is gone, as after it expired. */
  async forgetSignIn(): Promise<void> {
    await this.context!.clearCookies({ name: SESSION_COOKIE });
  }

  /** Opens a path and waits until the service worker answers for this page. */
  async goto(path: string): Promise<void> {
    await this.page.goto(path);
    await this.page.waitForFunction(() => !!navigator.serviceWorker.controller);
  }

  /** @returns the paths of the pages that are kept, by cache */
  async kept(): Promise<Record<string, string[]>> {
    await this.script(true);
    return this.page.evaluate(async () => {
      const found: Record<string, string[]> = {};
      for (const name of await caches.keys()) {
        if (!name.startsWith('pages-')) continue;
        // A cache that was deleted a moment ago is opened empty.
        const paths = (await (await caches.open(name)).keys()).map(({ url }) => new URL(url).pathname).sort();
        if (paths.length > 0) found[name] = paths;
      }
      return found;
    });
  }

  /** @returns the rows of one store of the outbox's database */
  async rows<T = any>(store: 'ops' | 'bindings' | 'names' | 'meta'): Promise<T[]> {
    await this.script(true);
    return this.page.evaluate(async (name) => {
      const done = <R>(request: IDBRequest<R>) =>
        new Promise<R>((resolve, reject) => {
          request.onsuccess = () => resolve(request.result);
          request.onerror = () => reject(request.error!);
        });
      const database = await done(indexedDB.open('omnipresence'));
      try {
        return await done(database.transaction(name).objectStore(name).getAll());
      } finally {
        database.close();
      }
    }, store);
  }

  /** Changes a binding as time would have. */
  async changeBinding(change: Record<string, unknown>): Promise<void> {
    await this.page.evaluate(async (values) => {
      const database = await new Promise<IDBDatabase>((resolve) => {
        const request = indexedDB.open('omnipresence');
        request.onsuccess = () => resolve(request.result);
      });
      const store = database.transaction('bindings', 'readwrite').objectStore('bindings');
      await new Promise<void>((resolve) => {
        store.openCursor().onsuccess = (event) => {
          const cursor = (event.target as IDBRequest<IDBCursorWithValue | null>).result;
          if (!cursor) return resolve();
          cursor.update({ ...cursor.value, ...values });
          cursor.continue();
        };
      });
      database.close();
    }, change);
  }

  /** Lets a page count as stored a day ago. @param as under which path, when it is to be another page */
  async age(path: string, as = path): Promise<void> {
    await this.page.evaluate(
      async ([from, to]) => {
        const name = (await caches.keys()).find((each) => each.startsWith('pages-'))!;
        const cache = await caches.open(name);
        const page = (await cache.match(from!))!;
        const headers = new Headers(page.headers);
        headers.set('X-Stored', new Date(Date.now() - 86_400_000).toISOString());
        await cache.put(to!, new Response(await page.text(), { headers }));
      },
      [path, as],
    );
  }

  /** Whether the scripts of pages run, from the next page on. What looks into the browser turns them on again. */
  async script(runs: boolean): Promise<void> {
    await (await this.tools()).send('Emulation.setScriptExecutionDisabled', { value: !runs });
  }

  /** A device that has no room left: IndexedDB refuses to write, in pages and in the worker. `null`: as it was. */
  async room(bytes: number | null): Promise<void> {
    const quota = bytes === null ? {} : { quotaSize: bytes };
    await (await this.tools()).send('Storage.overrideQuotaForOrigin', { origin: this.address, ...quota });
  }

  /** @returns the manifest as the browser read it for this page; '' when the page names none, or it could not be had */
  async manifest(): Promise<{ address: string; errors: string[]; text: string }> {
    const { url, errors, data } = await (await this.tools()).send('Page.getAppManifest');
    return { address: url, errors: errors.map((each) => each.message), text: data ?? '' };
  }

  private async tools(): Promise<CDPSession> {
    return (this.session ??= await this.context!.newCDPSession(this.page));
  }

  /** Waits until this page is kept. */
  async waitUntilKept(path: string): Promise<void> {
    await until(`${path} is kept`, async () => Object.values(await this.kept()).some((paths) => paths.includes(path)));
  }
}

/** Asks again and again until it is so. @throws after so many ms, saying what was waited for */
export async function until(what: string, isSo: () => Promise<boolean>, patience = 45_000): Promise<void> {
  const end = performance.now() + patience;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`waited in vain until ${what}`);
    await sleep(30);
  }
}
