/**
 * Empties the outbox of whoever is signed in, in the order of capture. It takes an op out only for a final outcome of its
 * own; whatever else happens, the op stays and is sent again.
 */
import {
  BATCH_BYTES,
  BATCH_OPERATIONS,
  PROTOCOL,
  REMEMBERED_DAYS,
  type Envelope,
  type Handshake,
  type OpResult,
} from '../../../src/sync/wire.js';
import { type Environment } from './environment.js';
import { asOnlyDrainer } from './one-drainer.js';
import { deliver, handshake, type Answer, type Delivered, type Refusal } from './server.js';
import { outcomeOf, type BindingRow, type OpRow, type Store, type Write } from './store.js';

const DAY = 86_400_000;
const FIRST_CEILING = 2_000;
const LAST_CEILING = 300_000;
/** While somebody looks at the page and there is no network: not every browser tells when it is back. Milliseconds. */
const LOOKED_AT_CEILING = 15_000;
/** Somebody else is draining: look again so much later whether it was done. Milliseconds. */
const LOOK_AGAIN = 1_000;
/** With an empty outbox the server is asked who we are once in so long; with marks to send, at every start. Milliseconds. */
const HANDSHAKE_IDLE = 600_000;
const HANDSHAKE_LATEST = 3_600_000;
/** Somebody else said that he sends: if he is gone by then, it is done here. Milliseconds. */
const OTHERS = 40_000;
/** Room for what stands around the operations. Bytes. */
const ENVELOPE = 2_048;

/** How it stands with the server, as far as this browser knows. Tabs and worker tell each other. */
export interface Link {
  online: boolean;
  sending: number;
  problem: Refusal | 'storage' | null;
  /** Device time of the next try after one that failed, ms; it may be over. */
  nextTryAt: number | null;
}

type Barred = Exclude<Answer<unknown>, { kind: 'answer' }>;
/** How a way through the outbox ended; barred without an answer: it has been told already. */
type Way = { kind: 'through'; left: boolean } | { kind: 'barred'; answer: Barred | null };

export class Drainer {
  link: Link = { online: true, sending: 0, problem: null, nextTryAt: null };
  private running: Promise<void> | null = null;
  private again = false;
  private ask = false;
  private attempt = 0;
  /** The server asked to be left alone until then. */
  private notBefore = 0;
  private cancel = () => {};
  private stopped = false;
  private isTimed = false;
  private readonly offered = new Set<string>();
  /** The binding that the server has confirmed since this engine was opened. */
  private greeted = '';

  constructor(
    private readonly env: Environment,
    private readonly store: Store,
    private readonly changed: () => void,
  ) {}

  /** Something new is in the outbox: whoever drains goes round once more. */
  more(): void {
    this.again = true;
  }

  /** Another tab or the worker told something: it may be closed before it has sent what it told of. */
  watch(): void {
    if (!this.running && !this.isTimed) this.later(OTHERS);
  }

  /** The network, the page or the person came back: no waiting for the back-off. */
  async wake(ask = false): Promise<void> {
    this.attempt = 0;
    this.ask ||= ask;
    await this.drain();
  }

  /** Resolves when a round has ended, whatever came of it; a timer takes care of what is left. Never rejects. */
  drain(): Promise<void> {
    this.again = true;
    return (this.running ??= this.rounds().finally(() => {
      this.running = null;
      // Asked for just when the last round had ended.
      if (this.again && !this.isTimed && !this.stopped) void this.drain();
    }));
  }

  /** What is on its way ends by itself; nothing new begins. */
  stop(): void {
    this.stopped = true;
    this.cancel();
  }

  private async rounds(): Promise<void> {
    this.unlater();
    try {
      let whole = true;
      while (this.again && whole && !this.stopped) {
        this.again = false;
        const wait = this.notBefore - this.env.now();
        if (wait > 0) return this.later(wait);
        const mine = await asOnlyDrainer(this.env, this.store, async () => {
          whole = await this.round();
        });
        if (!mine) {
          const current = await this.current();
          if (current && (await this.store.count(current.binding, 'waiting'))) this.later(LOOK_AGAIN);
          return;
        }
      }
    } catch {
      // The device's own storage failed: nothing was taken out, and what is left is tried again.
      this.tell({ problem: 'storage', sending: 0 });
      this.backOff();
    }
  }

  /** One way through the outbox. @returns false when something is left, or the way is barred */
  private async round(): Promise<boolean> {
    this.tell({ nextTryAt: null });
    const binding = await this.current();
    if (!binding) return true;
    if ((await this.greetingDue(binding)) && !(await this.greet(binding, false))) return false;
    const way = await this.through(binding.binding, false);
    await this.prune();
    this.tell({ sending: 0 });
    if (way.kind === 'barred') {
      if (way.answer) this.barred(way.answer);
      return false;
    }
    if (way.left) {
      this.backOff();
      return false;
    }
    this.attempt = 0;
    return true;
  }

  /**
   * An administrator hands in what another account left on this device.
   * @returns null when everything was answered, else why not; `busy`: another tab is sending
   */
  async handIn(key: string): Promise<Refusal | 'busy' | 'offline' | 'client_unknown' | 'left' | null> {
    // A page of that account was opened, but the server never heard of it: it has no client to take this for.
    if (!(await this.store.binding(key))?.client_id) return 'client_unknown';
    let way: Way | undefined;
    for (let tries = 0; !way && tries < 20; tries++) {
      const mine = await asOnlyDrainer(this.env, this.store, async () => {
        way = await this.through(key, true);
      });
      if (!mine) await new Promise<void>((done) => this.env.timer(done, 500));
    }
    this.tell({ sending: 0 });
    if (!way) return 'busy';
    if (way.kind === 'through') return way.left ? 'left' : null;
    if (way.answer?.kind === 'client_unknown') return 'client_unknown';
    return (way.answer?.kind === 'refused' && way.answer.refusal) || 'offline';
  }

  /** Sends what waits under this binding, batch after batch. */
  private async through(key: string, onBehalf: boolean): Promise<Way> {
    // Tried on this way and still waiting: what builds on these is held back with them.
    const held = new Set<string>();
    let after = -1;
    let limit = BATCH_OPERATIONS;
    let adopted = false;
    for (;;) {
      const binding = onBehalf ? await this.store.binding(key) : await this.current();
      if (binding?.binding !== key) return { kind: 'through', left: false };
      const rows = await this.store.rows(key, 'waiting', after, limit);
      if (!rows.length) return { kind: 'through', left: held.size > 0 };
      const { batch, last } = batchOf(await this.readable(rows), held, rows.at(-1)!.seq);
      if (!batch.length) {
        after = last;
        continue;
      }
      this.tell({ sending: batch.length });
      const answer = await deliver(this.env, this.envelope(binding, batch, onBehalf));
      if (answer.kind === 'too_large' && batch.length > 1) {
        limit = Math.ceil(batch.length / 2);
        continue;
      }
      if (answer.kind === 'client_unknown' && !onBehalf && !adopted) {
        adopted = true;
        if (!(await this.greet(binding, true))) return { kind: 'barred', answer: null };
        after = -1;
        continue;
      }
      if (answer.kind === 'answer') {
        await this.settle(binding, batch, answer.body);
        if (answer.body.results.size) this.attempt = 0;
        limit = Math.min(limit * 2, BATCH_OPERATIONS);
        this.tell({ online: true, ...(!onBehalf && { problem: null }) });
      } else if (answer.kind === 'too_large') await this.change(batch[0]!, { trouble: 'too_large' });
      else return { kind: 'barred', answer };
      for (const row of batch) if (answer.kind !== 'answer' || !answer.body.results.has(row.op_id)) held.add(row.op_id);
      after = last;
    }
  }

  /** A row that is no operation any more cannot be sent and must stop nothing: it is kept as it is, and told. */
  private async readable(rows: OpRow[]): Promise<OpRow[]> {
    const good = rows.filter((row) => isOperation(row));
    for (const row of rows)
      if (!good.includes(row))
        await this.change(row, { status: 'refused', code: 'unreadable', closed_at: this.env.now() });
    return good;
  }

  private envelope(binding: BindingRow, batch: OpRow[], onBehalf: boolean): Envelope {
    return {
      protocol: PROTOCOL,
      batch_id: this.env.uuid(),
      client_id: binding.client_id ?? '',
      organization_id: binding.organization,
      author_id: binding.user,
      sent_at: new Date(this.env.now()).toISOString(),
      max_seq: binding.next_seq - 1,
      ...(onBehalf && { on_behalf: true }),
      operations: batch.map((row) => ({ ...row.op, seq: row.seq })),
    };
  }

  private async change(row: OpRow, change: Partial<OpRow>): Promise<void> {
    await this.store.write(async (tx) => {
      const now = await tx.objectStore('ops').get(row.key);
      if (now?.status === 'waiting') await tx.objectStore('ops').put({ ...now, ...change });
    });
    this.changed();
  }

  /* ---- outcomes ---- */

  private async settle(binding: BindingRow, batch: OpRow[], { results, missing }: Delivered): Promise<void> {
    const now = this.env.now();
    const offered: string[] = [];
    /** Disputed marks of cells of which the server took in a newer one: it ends the dispute, or goes on with it. */
    const over: number[] = [];
    await this.store.write(async (tx) => {
      const ops = tx.objectStore('ops');
      const owner = await tx.objectStore('bindings').get(binding.binding);
      if (!owner) return;
      for (const { key, op_id } of batch) {
        const result = results.get(op_id);
        const row = result && (await ops.get(key));
        if (!result || row?.status !== 'waiting') continue;
        close(row, result, now);
        await ops.put(row);
        owner.acknowledged_seq = Math.max(owner.acknowledged_seq, row.seq);
        if (outcomeOf(row) !== 'rejected') {
          const cell = this.store.within(row.binding, 1, row.session, row.person);
          over.push(...(await ops.index('disputed').getAllKeys(cell)).filter((earlier) => earlier < key));
        }
        if (row.participant_id !== undefined) await rename(tx, this.store, row, row.participant_id);
      }
      owner.last_sync = now;
      await tx.objectStore('bindings').put(owner);
      // What the server acknowledged and now says it never got was lost by a restore: it is offered again.
      for (const seq of missing) {
        const row = await ops.index('status').get([binding.binding, 'settled', seq]);
        if (!row || this.offered.has(row.op_id)) continue;
        offered.push(row.op_id);
        await ops.put(offeredAgain(row));
      }
    });
    // Apart: that one of them cannot be read is no reason to send anything again.
    if (over.length) await this.store.write((tx) => endDisputes(tx, over)).catch(() => undefined);
    // Only once to a server that has it (under another number) and goes on asking; a server that had lost it may lose it again.
    for (const [op_id, { outcome }] of results) if (outcome !== 'duplicate') this.offered.delete(op_id);
    for (const op_id of offered) this.offered.add(op_id);
    if (offered.length) this.again = true;
    this.changed();
  }

  /* ---- who we are ---- */

  private async current(): Promise<BindingRow | undefined> {
    const key = await this.store.meta<string | null>('current');
    return key ? this.store.binding(key) : undefined;
  }

  private async greetingDue(binding: BindingRow): Promise<boolean> {
    if (!binding.client_id || !binding.handshake_at || this.link.problem || this.ask) return true;
    const age = Math.abs(this.env.now() - binding.handshake_at);
    if (age > HANDSHAKE_LATEST) return true;
    if (this.greeted === binding.binding) return false;
    return age > HANDSHAKE_IDLE || (await this.store.count(binding.binding, 'waiting')) > 0;
  }

  /** @returns true when the server knows us as this binding, and marks may go */
  private async greet(binding: BindingRow, adopt: boolean): Promise<boolean> {
    const answer = await handshake(this.env);
    if (answer.kind !== 'answer') {
      this.barred(answer);
      return false;
    }
    const hello = answer.body;
    this.ask = false;
    const same = hello.user.id === binding.user && hello.organization.id === binding.organization;
    if (!same || hello.min_protocol > PROTOCOL) {
      this.barred({ kind: 'refused', refusal: same ? 'outdated' : 'wrong_user', wait: 0 });
      return false;
    }
    const lost = adopt ? true : await this.isForgotten(binding, hello);
    if (lost === null) return false;
    const known = await this.store.write((tx) => this.remember(tx, binding.binding, hello, lost));
    if (!known) {
      this.barred({ kind: 'refused', refusal: null, wait: 0 });
      return false;
    }
    this.greeted = binding.binding;
    this.tell({ online: true, problem: null });
    return true;
  }

  /**
   * A handshake that names another client than ours: the browser lost its cookie, or a backup was restored that is older
   * than our client; or one that has a gap below what was acknowledged. What waits would show it; where nothing waits, an
   * empty batch asks, and what its answer misses is offered again.
   * @returns whether the server does not know our client_id any more; null when it did not say
   */
  private async isForgotten(binding: BindingRow, hello: Handshake): Promise<boolean | null> {
    const { client_id, acknowledged_seq } = binding;
    const isOurs = client_id === hello.client_id && !(hello.received_up_to! < acknowledged_seq);
    if (!client_id || isOurs) return false;
    if (await this.store.count(binding.binding, 'waiting')) return false;
    const answer = await deliver(this.env, this.envelope(binding, [], false));
    if (answer.kind === 'client_unknown') return true;
    if (answer.kind === 'answer') {
      await this.settle(binding, [], answer.body);
      return false;
    }
    this.barred(answer);
    return null;
  }

  /**
   * Keeps what the handshake told. A server that knows less than it has acknowledged, or that says so by another epoch, was
   * restored from a backup: what it acknowledged in the last days is offered to it again.
   * @returns false when the server refuses our client_id and gives out no other
   */
  private async remember(tx: Write, key: string, hello: Handshake, adopt: boolean): Promise<boolean> {
    const row = await tx.objectStore('bindings').get(key);
    if (!row) return false;
    const now = this.env.now();
    const offset = now - Date.parse(hello.server_time);
    // A browser that lost its cookie gets another client_id, but the server goes on knowing the old one: it stays.
    const takes = row.client_id === null || (adopt && row.client_id !== hello.client_id);
    if (adopt && !takes) return false;
    const sameClient = row.client_id === hello.client_id;
    const restored =
      (row.server_epoch !== null && row.server_epoch !== hello.server_epoch) ||
      (sameClient && hello.acknowledged_up_to < row.acknowledged_seq) ||
      (takes && row.client_id !== null);
    if (restored) await this.offerAgain(tx, key);
    if (takes) {
      // Another client numbers anew, after everything that the server knows of it: also what it was told of and never got,
      // or the marks that are missing would seem to have arrived.
      let seq = Math.max(hello.acknowledged_up_to, hello.max_seq ?? 0);
      for (const op of await tx.objectStore('ops').index('status').getAll(this.store.within(key, 'waiting')))
        await tx.objectStore('ops').put({ ...op, seq: ++seq });
      row.client_id = hello.client_id;
      row.next_seq = seq + 1;
      row.acknowledged_seq = hello.acknowledged_up_to;
    } else if (sameClient && restored) row.acknowledged_seq = Math.min(row.acknowledged_seq, hello.acknowledged_up_to);
    row.server_epoch = hello.server_epoch;
    const until = Date.parse(hello.offline_until);
    row.offline_until = Number.isNaN(until) ? null : until + (Number.isNaN(offset) ? 0 : offset);
    row.handshake_at = now;
    row.last_sync = now;
    await tx.objectStore('bindings').put(row);
    return true;
  }

  private async offerAgain(tx: Write, key: string): Promise<void> {
    const oldest = this.env.now() - REMEMBERED_DAYS * DAY;
    for (const row of await tx.objectStore('ops').index('status').getAll(this.store.within(key, 'settled'))) {
      if ((row.closed_at ?? 0) < oldest) continue;
      await tx.objectStore('ops').put(offeredAgain(row));
    }
  }

  /* ---- what goes wrong ---- */

  private barred(answer: Barred): void {
    if (answer.kind === 'nothing') this.tell({ online: false, sending: 0 });
    else {
      const refusal = answer.kind === 'refused' ? answer.refusal : null;
      if (refusal) this.greeted = '';
      if (answer.kind === 'refused' && answer.revoked) void this.forget().catch(() => undefined);
      if (answer.kind === 'refused' && answer.wait) this.notBefore = this.env.now() + answer.wait;
      this.tell({ online: true, sending: 0, ...(refusal && { problem: refusal }) });
      // Only a new version of this page can speak with this server.
      if (refusal === 'outdated') return;
    }
    this.backOff(answer.kind === 'nothing' && answer.isGone);
  }

  /**
   * The device was taken out of use: names and pages go, and nothing is captured any more until somebody signs in. What
   * waits stays: it can be brought then, or handed in by an administrator.
   */
  private async forget(): Promise<void> {
    await this.store.write(async (tx) => {
      await tx.objectStore('names').clear();
      const bindings = tx.objectStore('bindings');
      for (const row of await bindings.getAll()) await bindings.put({ ...row, offline_until: 0 });
      await tx.objectStore('meta').put(null, 'current');
    });
    await this.env.forgetPages?.();
    this.changed();
  }

  /** @param isGone nobody answered: only then asking often does a server no harm */
  private backOff(isGone = false): void {
    const last = isGone && this.env.visible?.() ? LOOKED_AT_CEILING : LAST_CEILING;
    const ceiling = Math.min(FIRST_CEILING * 2 ** this.attempt++, last);
    // Full jitter, but never at once: a server that fails fast must not be asked in a tight loop.
    const wait = Math.max(this.env.random() * ceiling, 100, this.notBefore - this.env.now());
    this.later(wait);
    this.tell({ nextTryAt: this.env.now() + wait });
  }

  private later(ms: number): void {
    this.unlater();
    if (this.stopped) return;
    this.isTimed = true;
    this.cancel = this.env.timer(() => void this.drain(), ms);
  }

  private unlater(): void {
    this.cancel();
    this.isTimed = false;
  }

  private tell(change: Partial<Link>): void {
    const before = JSON.stringify(this.link);
    this.link = { ...this.link, ...change };
    if (JSON.stringify(this.link) !== before) this.changed();
  }

  /** Once a day: what was acknowledged more than 30 days ago is forgotten, and what was dismissed as long ago. */
  private async prune(): Promise<void> {
    const now = this.env.now();
    const last = (await this.store.meta<number>('pruned_at')) ?? 0;
    if (Math.abs(now - last) < DAY) return;
    const oldest = now - REMEMBERED_DAYS * DAY;
    await this.store.write(async (tx) => {
      for (const { binding } of await tx.objectStore('bindings').getAll())
        for (const [status, when] of [
          ['settled', 'closed_at'],
          ['dismissed', 'dismissed_at'],
        ] as const)
          for (const row of await tx.objectStore('ops').index('status').getAll(this.store.within(binding, status)))
            if ((row[when] ?? now) < oldest) await tx.objectStore('ops').delete(row.key);
      for (const name of await tx.objectStore('names').getAll())
        if (name.expires < now) await tx.objectStore('names').delete([name.binding, name.kind, name.id]);
      await tx.objectStore('meta').put(now, 'pruned_at');
    });
  }
}

async function endDisputes(tx: Write, keys: number[]): Promise<void> {
  const ops = tx.objectStore('ops');
  for (const key of keys) {
    const row = await ops.get(key);
    if (row) await ops.put({ ...row, disputed: undefined });
  }
}

const offeredAgain = (row: OpRow): OpRow => ({
  ...row,
  status: 'waiting',
  closed_at: null,
  outcome: null,
  code: null,
  revision: null,
  first: undefined,
  current: undefined,
  disputed: undefined,
});

/** Puts the outcome on the row. */
function close(row: OpRow, result: OpResult, now: number): void {
  row.outcome = result.outcome as OpRow['outcome'];
  if (result.first) row.first = result.first;
  row.code = result.code ?? null;
  row.revision = result.revision ?? null;
  // What the person has read or chosen holds for what the server only repeats.
  if (result.outcome !== 'duplicate' || row.conflict_id !== (result.conflict_id ?? null)) delete row.seen;
  row.conflict_id = result.conflict_id ?? null;
  row.closed_at = now;
  if (result.current) row.current = result.current;
  if (typeof result.participant_id === 'number' && row.op.kind === 'participant')
    row.participant_id = result.participant_id;
  delete row.trouble;
  row.status = outcomeOf(row) === 'rejected' ? 'refused' : 'settled';
  if (outcomeOf(row) === 'conflict' && !row.seen) row.disputed = 1;
}

/** From now on everything on this device that names this new person stands under his number. */
async function rename(tx: Write, store: Store, made: OpRow, id: number): Promise<void> {
  if (made.person === id) return;
  for (const status of ['waiting', 'settled', 'refused', 'dismissed'] as const)
    for (const row of await tx.objectStore('ops').index('status').getAll(store.within(made.binding, status)))
      if (row.op_id === made.op_id || buildsOn(row).includes(made.op_id))
        await tx.objectStore('ops').put({ ...row, person: id });
}

/** What goes together, and the seq up to which the outbox has been gone through. */
function batchOf(rows: OpRow[], held: Set<string>, end: number): { batch: OpRow[]; last: number } {
  const batch: OpRow[] = [];
  let bytes = ENVELOPE;
  let last = -1;
  for (const row of rows) {
    bytes += new TextEncoder().encode(JSON.stringify(row.op)).length + 1;
    if (bytes > BATCH_BYTES && batch.length) return { batch, last };
    last = row.seq;
    if (buildsOn(row).some((id) => held.has(id))) held.add(row.op_id);
    else batch.push(row);
  }
  return { batch, last: end };
}

function buildsOn({ op }: OpRow): string[] {
  if (op?.kind !== 'presence') return [];
  return [op.base, op.participant_id, op.session_id].flatMap((ref) =>
    typeof ref === 'object' && 'op' in ref ? [ref.op] : [],
  );
}

function isOperation({ op, op_id, seq }: OpRow): boolean {
  if (!Number.isInteger(seq)) return false;
  if (typeof op !== 'object' || op === null || op.op_id !== op_id) return false;
  return op.kind === 'participant' || (op.kind === 'presence' && typeof op.base === 'object' && op.base !== null);
}
