/**
 * The device engine: what a page, the service worker and the simulation do with the outbox. docs/sync.md tells the protocol.
 */
import type { Op } from '../../../src/sync/wire.js';
import { capture, CaptureError, type Draft, type Name } from './capture.js';
import { countOf, newestOf, plus, type Count } from './count.js';
import { Drainer, type Link } from './drainer.js';
import { type Environment } from './environment.js';
import { exportOutbox } from './export.js';
import { withdraw, type Refusal } from './server.js';
import { bindingKey, refKey, Store, type BindingRow, type OpRow } from './store.js';

export { CaptureError, type Draft, type Name, type ParticipantDraft, type PresenceDraft } from './capture.js';
export { type Environment } from './environment.js';
export { type BindingRow, type OpRow } from './store.js';

/** What the person can be told of this device. */
export interface State extends Count {
  /** A guess: the last attempt reached the server. */
  online: boolean;
  /** How many of what waits is drawn in which register. */
  inSession: Map<OpRow['session'], Count>;
  sending: number;
  refused: number;
  /** Marks that clashed, about which this person can still decide. */
  disputed: number;
  /** Device times, ms. */
  lastSyncAt: number | null;
  oldestWaitingAt: number | null;
  nextTryAt: number | null;
  problem: null | Refusal | 'storage' | 'locked';
  /** Whoever this page was drawn for signed out, or somebody else came after him: nothing is captured here. */
  away: boolean;
}

/** One line of the list of marks that wait, were refused or are disputed: a cell, as it was marked last. */
export interface Item {
  row: OpRow;
  person: string | null;
  session: string | null;
}

export interface Engine {
  /** Makes or loads the binding of whoever the page belongs to, and makes it the one that this browser sends for. */
  enter(who: { organization: number; user: number; name?: string }): Promise<string>;
  /** Sign-out: nobody is sent for any more, and names and pages are forgotten. The ops stay. */
  leave(): Promise<void>;
  currentBinding(): Promise<BindingRow | null>;
  /** Resolves with the frozen ops after the commit. Errors: CaptureError; then nothing is stored. */
  capture(binding: string, drafts: Draft[], names?: Name[]): Promise<Op[]>;
  /** Sends now, unless another tab is sending or the server asked to be left alone. Never rejects. */
  drain(): Promise<void>;
  /**
   * The same, and forgets how often it failed: for `online`, page visible, app start.
   * @param ask speaks with the server even when nothing waits
   */
  wake(ask?: boolean): Promise<void>;
  state(): Promise<State>;
  /** Called after every change in this tab, another tab or the worker. @returns what ends it */
  subscribe(hear: (state: State) => void): () => void;
  /** Refused, waiting and disputed (settled) marks, oldest first; earlier taps of a cell are left out. */
  list(binding: string): Promise<Item[]>;
  /** Everything that this device knows of a register, for overlay(), in the order of capture. */
  opsOfSession(binding: string, session: number): Promise<OpRow[]>;
  /** A refused mark leaves the list; a parked or disputed one is told no more. So do earlier ones of the cell. */
  dismiss(binding: string, op_id: string): Promise<void>;
  /** Keeps the other's mark. @returns false when the server could not be asked */
  withdraw(binding: string, op_id: string): Promise<boolean>;
  /**
   * The server tells how cells stand now: what is disputed here and was decided meanwhile is told no more.
   * @param askedAt device time at which it was asked, ms
   */
  heard(
    binding: string,
    cells: { session_id: number; participant_id: number; revision: number; disputed: boolean }[],
    askedAt: number,
  ): Promise<void>;
  /** Marks of other accounts on this device: their number, never their content. */
  foreign(): Promise<({ binding: string; name: string | null } & Count)[]>;
  /** How many marks and people wait on this device: of one account, or whoever made them. */
  waiting(binding?: string): Promise<number>;
  /** Deletes what waits and what was refused, if the person typed how many wait. @returns false for another number */
  discard(binding: string, typed: number): Promise<boolean>;
  exportOutbox(binding: string): Promise<string>;
  /** @returns null when everything was handed in, else why not */
  handInOnBehalf(binding: string): ReturnType<Drainer['handIn']>;
  close(): void;
}

/** Errors: whatever keeps the database from being opened or written; then marks must go another way. */
export async function openEngine(env: Environment): Promise<Engine> {
  const store = new Store(env);
  // A database that opens but does not write (some private windows, a full disk) is no place for a mark.
  await store.putMeta('opened_at', env.now());
  const listeners = new Set<(state: State) => void>();
  let own = '';
  let storageFailed = false;
  let reading: Promise<unknown> = Promise.resolve();
  let next: Promise<State> | null = null;
  let told: Promise<State> | null = null;

  const current = async () => (await store.meta<string | null>('current')) ?? null;

  /** One reading after the other, so that nobody hears of an older state after a newer one; who asks meanwhile shares the next. */
  function state(): Promise<State> {
    if (!next) {
      next = reading.then(() => {
        next = null;
        return readState();
      });
      reading = next.catch(() => undefined);
    }
    return next;
  }

  async function readState(): Promise<State> {
    const now = await current();
    // Of nobody nothing is found.
    const binding = own || now || '';
    const row = await store.binding(binding);
    const { rows, waiting, refused, disputed } = await openOf(binding);
    const inSession: State['inSession'] = new Map();
    for (const each of waiting) inSession.set(each.session, plus(inSession.get(each.session) ?? countOf([]), each));
    const { online, sending, problem, nextTryAt } = drainer.link;
    const away = own !== '' && own !== now;
    const locked = row?.offline_until != null && env.now() > row.offline_until;
    return {
      online,
      sending,
      ...countOf(waiting),
      inSession,
      refused: refused.length,
      disputed: disputed.length,
      lastSyncAt: row?.last_sync ?? null,
      oldestWaitingAt: rows[0]?.captured_at ?? null,
      nextTryAt,
      problem: storageFailed
        ? 'storage'
        : away
          ? now
            ? 'wrong_user'
            : 'signed_out'
          : (problem ?? (locked ? 'locked' : null)),
      away,
    };
  }

  /** What a person is told of, by cells. A dispute is not told while a newer mark of its cell is. */
  async function openOf(binding: string) {
    const rows = await store.rows(binding, 'waiting');
    const waiting = newestOf(rows);
    const refused = newestOf(await store.rows(binding, 'refused'));
    const disputed = await store.disputed(binding);
    const all = newestOf([...disputed, ...refused, ...waiting].sort((a, b) => a.key - b.key));
    return { rows, waiting, refused, disputed: all.filter((row) => row.disputed) };
  }

  const countWaiting = async (binding: string) => countOf(newestOf(await store.rows(binding, 'waiting')));

  function tell(): void {
    const now = listeners.size ? state() : told;
    if (now === told) return;
    told = now;
    now?.then(
      (state) => {
        // An error of one is no reason that the others do not hear of it.
        for (const hear of listeners) (async () => hear(state))().catch(console.error);
      },
      () => undefined,
    );
  }

  function changed(): void {
    env.channel?.post({ what: 'changed', link: drainer.link });
    tell();
  }

  const drainer = new Drainer(env, store, changed);
  env.channel?.listen((message) => {
    const { what, link } = message as { what?: string; link?: Link };
    if (what === 'captured') drainer.more();
    if (link) {
      drainer.link = link;
      drainer.watch();
    }
    if (what) tell();
  });

  async function dismiss(binding: string, op_id: string): Promise<void> {
    await store.write(async (tx) => {
      const ops = tx.objectStore('ops');
      const row = await ops.index('op').get([binding, op_id]);
      if (!row) return;
      // Earlier marks of the same cell were replaced by this one: nothing of them is left to tell or to choose.
      const cell = row.op?.kind
        ? await ops.index('cell').getAll(store.within(binding, row.session, row.person))
        : [row];
      for (const each of cell) {
        if (each.key > row.key || each.status !== row.status || each.op?.kind !== row.op?.kind) continue;
        if (each.status === 'refused') await ops.put({ ...each, status: 'dismissed', dismissed_at: env.now() });
        if (each.status === 'settled') await ops.put({ ...each, seen: true, disputed: undefined });
      }
    });
    changed();
  }

  return {
    async enter({ organization, user, name }) {
      const binding = bindingKey(organization, user);
      await store.write(async (tx) => {
        const bindings = tx.objectStore('bindings');
        const row = await bindings.get(binding);
        if (row && name) row.name = name;
        if ((await tx.objectStore('meta').get('current')) !== binding) {
          // Another person, another sign-in: the server is to hear of it, and the names of others go.
          if (row) row.handshake_at = null;
          const names = tx.objectStore('names');
          for (const each of await names.getAll())
            if (each.binding !== binding) await names.delete([each.binding, each.kind, each.id]);
        }
        await bindings.put(
          row ?? {
            binding,
            organization,
            user,
            client_id: null,
            next_seq: 1,
            acknowledged_seq: 0,
            server_epoch: null,
            offline_until: null,
            handshake_at: null,
            last_sync: null,
            ...(name && { name }),
          },
        );
        await tx.objectStore('meta').put(binding, 'current');
      });
      own = binding;
      changed();
      return binding;
    },

    async leave() {
      await store.write(async (tx) => {
        const meta = tx.objectStore('meta');
        const binding = (await meta.get('current')) as string | null;
        if (binding) await tx.objectStore('names').delete(store.within(binding));
        await meta.put(null, 'current');
      });
      await env.forgetPages?.();
      changed();
    },

    async currentBinding() {
      const key = await current();
      return (key && (await store.binding(key))) || null;
    },

    async capture(binding, drafts, names) {
      try {
        const made = await capture(store, env, binding, drafts, names);
        storageFailed = false;
        env.channel?.post({ what: 'captured' });
        changed();
        return made;
      } catch (error) {
        storageFailed = error instanceof CaptureError && error.reason === 'storage';
        changed();
        throw error;
      }
    },

    drain: () => drainer.drain(),
    wake: (ask) => drainer.wake(ask),
    state,

    subscribe(hear) {
      listeners.add(hear);
      tell();
      return () => void listeners.delete(hear);
    },

    async list(binding) {
      const { refused, waiting, disputed } = await openOf(binding);
      const names = new Map((await store.names(binding)).map(({ kind, id, name }) => [kind + id, name]));
      const nameOf = (kind: Name['kind'], id: number | string) => names.get(kind + id) ?? null;
      return [...refused, ...waiting, ...disputed].map((row) => ({
        row,
        person:
          row.op.kind === 'participant'
            ? `${row.op.first_name} ${row.op.last_name}`.trim()
            : (nameOf('person', row.person) ?? nameOf('person', refKey(row.op.participant_id))),
        session: nameOf('session', row.session),
      }));
    },

    opsOfSession: (binding, session) => store.ofSession(binding, session),

    dismiss,

    async withdraw(binding, op_id) {
      if (!(await withdraw(env, op_id))) return false;
      await dismiss(binding, op_id);
      return true;
    },

    async heard(binding, cells, askedAt) {
      for (const { session, person, op_id, revision, closed_at } of await store.disputed(binding)) {
        const now = cells.find((cell) => cell.session_id === session && cell.participant_id === person);
        if (!now || now.disputed) continue;
        // An answer that is older than the dispute tells no higher revision; a withdrawal makes none, so the same one counts
        // where it was asked for afterwards.
        const newer = now.revision - (revision ?? 0);
        if (newer > 0 || (newer === 0 && askedAt > closed_at!)) await dismiss(binding, op_id);
      }
    },

    async foreign() {
      const mine = own || (await current());
      const found = [];
      for (const { binding, name = null } of await store.bindings()) {
        if (binding === mine) continue;
        const count = await countWaiting(binding);
        if (count.waiting) found.push({ binding, name, ...count });
      }
      return found;
    },

    async waiting(only) {
      let sum = 0;
      for (const { binding } of await store.bindings())
        if (!only || only === binding) sum += (await countWaiting(binding)).waiting;
      return sum;
    },

    async discard(binding, typed) {
      const done = await store.write(async (tx) => {
        const ops = tx.objectStore('ops');
        const index = ops.index('status');
        if (newestOf(await index.getAll(store.within(binding, 'waiting'))).length !== typed) return false;
        for (const status of ['waiting', 'refused'] as const)
          for (const key of await index.getAllKeys(store.within(binding, status))) await ops.delete(key);
        return true;
      });
      changed();
      return done;
    },

    exportOutbox: (binding) => exportOutbox(store, binding, env.now()),
    handInOnBehalf: (binding) => drainer.handIn(binding),

    close() {
      drainer.stop();
      store.close();
    },
  };
}
