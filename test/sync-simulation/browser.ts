import { gzipSync } from 'node:zlib';
import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import {
  CaptureError,
  type Draft,
  type Engine,
  type Environment,
  openEngine,
  type OpRow,
} from '../../static/js/sync/engine.js';
import { overlay } from '../../static/js/sync/overlay.js';
import { DATABASE } from '../../static/js/sync/store.js';
import { type Network } from './network.js';
import { type Oracle, Violation } from './oracle.js';
import { type Random } from './random.js';
import { type Person } from './server.js';
import { rest, type Time } from './time.js';

/** Somebody on a register as the page shows him. */
export interface Line {
  person: number;
  state: string | null;
  revision: number;
}

/** A page with a register, as the server drew it once. */
export interface Page {
  session: number;
  lines: Line[];
  /** How often the server had been restored when it was drawn: afterwards its numbers may mean somebody else. */
  restores: number;
}

/** A page, or the service worker, with the real engine in it. */
export interface Tab {
  engine: Engine;
  /** '' in the worker, which sends for whoever is current. */
  binding: string;
  user: Person | null;
  page: Page | null;
  dead: boolean;
}

/** A browser profile: one database, one cookie jar, one clock; tabs come and go. */
export class Browser {
  tabs: Tab[] = [];
  worker: Tab | null = null;
  /** The session cookie, and the cookie that names the profile. */
  cookie = '';
  device = '';
  /** Whom the cookie belongs to. */
  user: Person | null = null;
  /** Whose pages were opened last: what opens without network. */
  last: { user: Person; page: Page | null } | null = null;
  /** How far its clock is ahead, ms. */
  ahead = 0;
  /** The next so many-th write to the database fails. */
  failingWrite = 0;
  readonly factory = new IDBFactory();
  private readonly ears: { tab: Tab; hear: (message: unknown) => void }[] = [];
  private readonly held = new Map<string, Tab>();

  constructor(
    readonly number: number,
    readonly webLocks: boolean,
    private readonly time: Time,
    private readonly network: Network,
    private readonly oracle: Oracle,
    private readonly random: Random,
  ) {}

  get now(): number {
    return this.time.now + this.ahead;
  }

  get cookies(): string {
    return [this.cookie, this.device].filter(Boolean).join('; ');
  }

  /* ---- tabs ---- */

  /** Opens a page of this user; null: the service worker. @returns null when the browser had no storage */
  async open(user: Person | null): Promise<Tab | null> {
    const tab: Tab = { engine: null as never, binding: '', user, page: null, dead: false };
    const engine = await this.local(openEngine(this.environment(tab)));
    if (engine instanceof Error) return null;
    tab.engine = engine;
    if (user) {
      const binding = await this.local(engine.enter({ organization: user.organization, user: user.id }));
      if (binding instanceof Error) {
        this.kill(tab);
        return null;
      }
      tab.binding = binding;
      tab.page = this.last?.user.id === user.id ? this.last.page : null;
      this.tabs.push(tab);
      this.last = { user, page: tab.page };
    } else this.worker = tab;
    void engine.wake();
    await this.network.settle();
    return tab;
  }

  /** The page is closed or the browser killed: nothing of it runs any more, whatever it was doing. */
  kill(tab: Tab): void {
    if (tab.dead) return;
    tab.dead = true;
    tab.engine?.close();
    this.tabs = this.tabs.filter((each) => each !== tab);
    if (this.worker === tab) this.worker = null;
    for (const [name, holder] of this.held) if (holder === tab) this.held.delete(name);
    this.ears.splice(0, this.ears.length, ...this.ears.filter((each) => each.tab !== tab));
  }

  killAll(): void {
    for (const tab of [...this.tabs, ...(this.worker ? [this.worker] : [])]) this.kill(tab);
  }

  /** Waits for something that needs nothing but this device. @returns the error that it ended with */
  async local<T>(work: Promise<T>): Promise<T | Error> {
    let ended: T | Error | undefined;
    let over = false;
    work.then(
      (value) => {
        ended = value;
        over = true;
      },
      (error: Error) => {
        ended = error;
        over = true;
      },
    );
    await rest();
    if (!over) throw new Violation('hangs', `device ${this.number} waits for something that needs no network`);
    return ended as T | Error;
  }

  /* ---- what a person does at a page ---- */

  async capture(tab: Tab, drafts: Draft[], more: { forged?: boolean } = {}): Promise<void> {
    const before = this.oracle.shown(tab, drafts);
    const breaks = this.failingWrite > 0;
    const made = await this.local(tab.engine.capture(tab.binding, drafts));
    if (made instanceof CaptureError) {
      if (made.reason === 'storage' && (!breaks || this.failingWrite > 0))
        throw new Violation('refused to capture', String(made.cause));
      return;
    }
    if (made instanceof Error) throw made;
    for (const [at, op] of made.entries()) this.oracle.captured(this, tab, op, drafts[at]!, before[at]!, more);
    await this.showsWhatWasTapped(tab, drafts.at(-1)!);
    void tab.engine.drain();
  }

  /** A tap is painted at once, and a reload paints it again. */
  private async showsWhatWasTapped(tab: Tab, draft: Draft): Promise<void> {
    if (draft.kind !== 'presence' || typeof draft.session_id !== 'number') return;
    const rows = await this.local(tab.engine.opsOfSession(tab.binding, draft.session_id));
    if (rows instanceof Error) return;
    const newest = rows.at(-1);
    const cell = rows.filter(({ person, op }) => person === newest?.person && op.kind === 'presence');
    const face = overlay({ state: draft.shown_state ?? null, revision: draft.shown_revision }, cell);
    if (face.state !== draft.presence_state)
      throw new Violation('not shown', `after a tap on ${draft.presence_state} the screen shows ${face.state}`);
  }

  /** Every op on the device, past the engine. */
  async rows(): Promise<OpRow[]> {
    const ask = <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((done, fail) => {
        request.onsuccess = () => done(request.result);
        request.onerror = () => fail(request.error as Error);
      });
    // Asking for a database that is not there would make it.
    if (!(await this.factory.databases()).some(({ name }) => name === DATABASE)) return [];
    const db = await ask(this.factory.open(DATABASE));
    const rows = await ask<OpRow[]>(db.transaction('ops').objectStore('ops').getAll());
    db.close();
    return rows;
  }

  /* ---- what the engine takes from outside ---- */

  private environment(tab: Tab): Environment {
    return {
      indexedDB: { open: (name: string, version: number) => this.opening(name, version) } as never,
      keyRange: IDBKeyRange,
      fetch: (address, init) => this.network.fetch(this, tab, address, init),
      now: () => this.now,
      random: () => this.random.next(),
      timer: (work, ms) => this.time.timer(() => tab.dead || work(), ms),
      uuid: () => this.random.uuid(),
      locks: this.webLocks
        ? ({
            request: async (name: string, _options: unknown, work: (lock: unknown) => Promise<unknown>) => {
              if (this.held.has(name)) return work(null);
              this.held.set(name, tab);
              try {
                return await work({ name });
              } finally {
                if (this.held.get(name) === tab) this.held.delete(name);
              }
            },
          } as never)
        : null,
      channel: {
        post: (message) => {
          for (const each of this.ears) if (each.tab !== tab && !tab.dead) each.hear(structuredClone(message));
        },
        listen: (hear) => void this.ears.push({ tab, hear }),
      },
      compress: async (text) => new Uint8Array(gzipSync(text)),
    };
  }

  /** The database, with writes that can be made to fail (a full disk, a browser that gives up a transaction). */
  private opening(name: string, version: number): IDBOpenDBRequest {
    const request = this.factory.open(name, version);
    request.addEventListener('success', () => {
      const db = request.result;
      const begin = db.transaction.bind(db);
      db.transaction = (...asked: Parameters<typeof begin>) => {
        const tx = begin(...asked);
        if (asked[1] === 'readwrite' && this.failingWrite > 0 && --this.failingWrite === 0) {
          // After everything was asked for, and before it is on the disk.
          const store = tx.objectStore.bind(tx);
          tx.objectStore = (table: string) => {
            const found = store(table);
            const put = found.put.bind(found);
            found.put = (...row: Parameters<typeof put>) => {
              const putting = put(...row);
              if (table === 'bindings' || table === 'ops')
                putting.addEventListener('success', () => {
                  queueMicrotask(() => {
                    try {
                      tx.abort();
                    } catch {
                      // It is over already.
                    }
                  });
                });
              return putting;
            };
            return found;
          };
        }
        return tx;
      };
    });
    return request;
  }
}
