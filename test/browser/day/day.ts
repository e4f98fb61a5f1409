import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MikroORM } from '@mikro-orm/core';
import { expect } from '@jest/globals';
import { type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';
import { SetupAddress } from '../../../src/auth/index.js';
import { ImportJobs } from '../../../src/participants/index.js';
import { clock } from '../../../src/platform/clock.js';
import { LockSessionsJob } from '../../../src/sessions/lock/lock-sessions.job.js';
import { Organization } from '../../../src/tenancy/index.js';
import { seriousProblems } from '../../support/browser.js';
import { ownDatabase } from '../../support/databases.js';
import { ledgerDifferences } from '../../support/ledger-replay.js';
import { startApp } from '../../world.js';

export const PASSWORD = 'a long sentence about nothing';
const now = clock.now;
/** The pages that axe has read: it is slow, and the page of another domain differs in its words only. */
const seen = new Set<string>();

/**
 * A server as a new customer has it: empty, on a database of its own, at a time that the test says. People come to it
 * with browsers of their own, and their devices show the same time.
 */
export class Day {
  private constructor(
    readonly browser: Browser,
    readonly zone: string,
    private readonly app: Awaited<ReturnType<typeof startApp>>['app'],
    private readonly address: string,
    private readonly database: ReturnType<typeof ownDatabase>,
  ) {}

  private readonly contexts: BrowserContext[] = [];
  private readonly folder = mkdtempSync(join(tmpdir(), 'omnipresence-day-'));
  private offset = 0;

  static async open(browser: Browser, zone: string): Promise<Day> {
    const database = ownDatabase();
    // Days pass in a moment here: nobody is signed out by that. What opens without network has tests of its own.
    const { app } = await startApp(database.url, {
      sessionIdleMinutes: 1_000_000,
      sessionMaxHours: 100_000,
      serviceWorker: false,
    });
    await app.listen(0, '127.0.0.1');
    return new Day(browser, zone, app, (await app.getUrl()).replace('[::1]', '127.0.0.1'), database);
  }

  /** It is this time by the wall clock of the place, for the server and for every device. It goes on from there. */
  async at(local: string): Promise<void> {
    const instant = Temporal.PlainDateTime.from(local).toZonedDateTime(this.zone).epochMilliseconds;
    this.offset = instant - Date.now();
    clock.now = () => new Date(Date.now() + this.offset);
    for (const context of this.contexts) await this.tell(context);
  }

  private async tell(context: BrowserContext): Promise<void> {
    await context.addInitScript((offset) => {
      const device = globalThis as { shift?: number };
      if (device.shift === undefined) {
        const Real = Date;
        globalThis.Date = class extends Real {
          constructor(...given: []) {
            if (given.length > 0) super(...given);
            else super(Real.now() + device.shift!);
          }
          static override now() {
            return Real.now() + device.shift!;
          }
        } as DateConstructor;
      }
      device.shift = offset;
    }, this.offset);
  }

  /** A person with a device. */
  async arrive(options: BrowserContextOptions): Promise<Page> {
    const context = await this.browser.newContext({ baseURL: this.address, locale: 'en-US', ...options });
    this.contexts.push(context);
    await this.tell(context);
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    return page;
  }

  /** The address that the server prints at its first start. */
  get setupAddress(): string {
    return this.app.get(SetupAddress).open();
  }

  /** @returns the path of a file on the person's own computer */
  file(name: string, content: string | Buffer): string {
    const path = join(this.folder, name);
    writeFileSync(path, content);
    return path;
  }

  /** What the server does by itself every minute. */
  async locks(): Promise<void> {
    await this.app.get(LockSessionsJob).lock();
  }

  /** Until every import has ended. */
  async imported(): Promise<void> {
    await this.app.get(ImportJobs).idle();
  }

  /**
   * Looks at a page as it stands: nothing that axe calls serious, nothing wider than the screen. With SCREENSHOTS=folder
   * it is kept as a picture: small and wide, light and dark.
   */
  async look(page: Page, name: string): Promise<void> {
    const kind = name.replace(/^\w+-/, '');
    if (!seen.has(kind)) expect([name, await seriousProblems(page)]).toEqual([name, []]);
    seen.add(kind);
    const wider = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect([name, Math.max(0, wider)]).toEqual([name, 0]);
    const shots = process.env.SCREENSHOTS;
    if (!shots) return;
    const size = page.viewportSize()!;
    for (const width of [360, 1280])
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.setViewportSize({ width, height: 800 });
        await page.emulateMedia({ colorScheme });
        await page.screenshot({ path: join(shots, `${name}-${width}-${colorScheme}.png`), fullPage: true });
      }
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme: 'light' });
  }

  /** Closes everything; first proves that the ledger tells the whole truth of the day. */
  async close(): Promise<void> {
    for (const context of this.contexts) await context.close();
    const orm = this.app.get<any>(MikroORM);
    const all = await orm.em.fork({ disableContextResolution: true }).find(Organization, {}, { filters: false });
    const differences: string[] = [];
    for (const { id } of all) differences.push(...(await ledgerDifferences(orm, id)));
    await this.app.close();
    await this.database.drop();
    clock.now = now;
    expect(differences).toEqual([]);
  }
}
