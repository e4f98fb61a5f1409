import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BrowserContext, type Page } from 'playwright-core';
import { openProfile } from './browser.js';
import { type Visitor } from './visitor.js';

/** A browser of somebody's own, with a profile that outlives it: what it stored is there when it is opened again. */
export class Device {
  private readonly folder = mkdtempSync(join(tmpdir(), 'omnipresence-device-'));
  private context: BrowserContext | null = null;
  page!: Page;

  private constructor(private readonly address: string) {}

  /** @param address what the browser calls the server */
  static async open(address: string): Promise<Device> {
    const device = new Device(address);
    await device.start();
    return device;
  }

  async start(): Promise<void> {
    this.context = await openProfile(this.folder, { baseURL: this.address });
    this.page = this.context.pages()[0] ?? (await this.context.newPage());
    this.page.setDefaultTimeout(15_000);
  }

  /** Closes the browser; the profile stays. */
  async stop(): Promise<void> {
    await this.context?.close();
    this.context = null;
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
    await this.context!.clearCookies();
  }

  /** Opens a path and waits until the service worker answers for this page. */
  async goto(path: string): Promise<void> {
    await this.page.goto(path);
    await this.page.waitForFunction(() => !!navigator.serviceWorker.controller);
  }

  /** @returns the paths of the pages that are kept, by cache */
  kept(): Promise<Record<string, string[]>> {
    return this.page.evaluate(async () => {
      const found: Record<string, string[]> = {};
      for (const name of await caches.keys())
        if (name.startsWith('pages-'))
          found[name] = (await (await caches.open(name)).keys()).map(({ url }) => new URL(url).pathname).sort();
      return found;
    });
  }

  /** Waits until this page is kept. */
  async waitUntilKept(path: string): Promise<void> {
    await until(`${path} is kept`, async () => Object.values(await this.kept()).some((paths) => paths.includes(path)));
  }
}

/** Asks again and again until it is so. @throws after so many ms, saying what was waited for */
export async function until(what: string, isSo: () => Promise<boolean>, patience = 15_000): Promise<void> {
  const end = performance.now() + patience;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`waited in vain until ${what}`);
    await sleep(30);
  }
}
