/** A device without a browser: its own database, a clock that stands until it is moved, and a server that answers by rule. */
import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import type { Envelope, Handshake, Op, OpResult, SyncAnswer } from '../../src/sync/wire.js';
import { openEngine, type Engine, type Environment, type OpRow } from '../../static/js/sync/engine.js';

export const START = Date.parse('2026-11-20T08:00:00Z');
export const BRUNO = { organization: 1, user: 7 };
export const CLARA = { organization: 1, user: 8 };

export class Clock {
  now = START;
  private timers: { at: number; work: () => void }[] = [];

  timer(work: () => void, ms: number): () => void {
    const entry = { at: this.now + ms, work };
    this.timers.push(entry);
    return () => (this.timers = this.timers.filter((each) => each !== entry));
  }

  /** When the next timer is due, in ms from now; null: none. */
  next(): number | null {
    return this.timers.length ? Math.min(...this.timers.map((each) => each.at)) - this.now : null;
  }

  advance(ms: number): void {
    this.now += ms;
    const due = this.timers.filter((each) => each.at <= this.now);
    this.timers = this.timers.filter((each) => each.at > this.now);
    for (const { work } of due) work();
  }
}

export const json = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } });
export const refusal = (status: number, code: string, headers?: Record<string, string>) =>
  json(status, { errors: [{ code, message: code }] }, headers);

/** Answers as ours does, unless a rule is put before it. It remembers what it was sent. */
export class FakeServer {
  user = 7;
  organization = 1;
  clientId = 'client-1';
  epoch = 'epoch-1';
  minProtocol = 1;
  offlineHours = 72;
  /** What a handshake tells of the numbers that were given out. */
  maxSeq: number | undefined;
  /** op_id -> the first result: what the server has for good. */
  kept = new Map<string, OpResult>();
  seqs = new Set<number>();
  batches: Envelope[] = [];
  handshakes = 0;
  /** The outcome of an op that is new. */
  judge: (op: Op, envelope: Envelope) => Partial<OpResult> = () => ({ outcome: 'applied', revision: 1 });
  /** Comes before everything else; undefined: go on as usual. `process` makes the server do its work all the same. */
  rule: (request: {
    address: string;
    envelope: Envelope | null;
    process: () => Response;
  }) => Response | Promise<Response> | undefined = () => undefined;

  constructor(private readonly clock: Clock) {}

  fetch = async (address: string, init: RequestInit): Promise<Response> => {
    const envelope = address === '/api/sync' ? (JSON.parse(init.body as string) as Envelope) : null;
    if (envelope) this.batches.push(envelope);
    else if (address.includes('handshake')) this.handshakes++;
    if (init.redirect !== 'manual') throw new Error('A redirect would be followed.');
    const answer = this.rule({ address, envelope, process: () => this.process(address, envelope) });
    if (!answer) return this.process(address, envelope);
    return Promise.race([
      answer,
      new Promise<never>((_, fail) => init.signal?.addEventListener('abort', () => fail(new Error('aborted')))),
    ]);
  };

  process(address: string, envelope: Envelope | null): Response {
    if (!envelope) return address.includes('handshake') ? json(200, this.handshake()) : json(200, {});
    if (envelope.author_id !== this.user && !envelope.on_behalf) return refusal(409, 'wrong_user');
    if (envelope.client_id !== this.clientId) return refusal(409, 'client_unknown');
    return json(200, this.answer(envelope));
  }

  answer(envelope: Envelope): SyncAnswer {
    return {
      protocol: 1,
      batch_id: envelope.batch_id,
      server_time: new Date(this.clock.now).toISOString(),
      results: envelope.operations.map((op) => this.result(op, envelope)),
      received_up_to: 0,
      missing: [],
    };
  }

  private result(op: Op, envelope: Envelope): OpResult {
    const first = this.kept.get(op.op_id);
    if (first) return { ...first, outcome: 'duplicate', first: first.outcome as never };
    const result: OpResult = {
      op_id: op.op_id,
      outcome: 'applied',
      revision: null,
      code: null,
      flags: [],
      conflict_id: null,
      ...this.judge(op, envelope),
    };
    if (result.outcome !== 'retry') {
      this.kept.set(op.op_id, result);
      this.seqs.add(op.seq);
    }
    return result;
  }

  handshake(): Handshake {
    return {
      user: { id: this.user, email: 'x@example.org', permissions: [] },
      organization: { id: this.organization, slug: 's' },
      client_id: this.clientId,
      acknowledged_up_to: Math.max(0, ...this.seqs),
      ...(this.maxSeq !== undefined && { max_seq: this.maxSeq }),
      server_time: new Date(this.clock.now).toISOString(),
      server_epoch: this.epoch,
      min_protocol: this.minProtocol,
      offline_until: new Date(this.clock.now + this.offlineHours * 3_600_000).toISOString(),
    };
  }
}

/** Tabs of one browser hear each other, not themselves. */
class Channel {
  private ears: ((message: unknown) => void)[] = [];
  end(): NonNullable<Environment['channel']> {
    const mine: ((message: unknown) => void)[] = [];
    this.ears.push((message) => mine.forEach((hear) => hear(message)));
    const self = this.ears.at(-1)!;
    return {
      post: (message) => this.ears.filter((ear) => ear !== self).forEach((ear) => ear(structuredClone(message))),
      listen: (hear) => void mine.push(hear),
    };
  }
}

/** Web Locks of one browser, as far as `ifAvailable` goes. */
class Locks {
  private held = new Set<string>();
  request = async (name: string, _options: unknown, work: (lock: unknown) => Promise<unknown>): Promise<unknown> => {
    if (this.held.has(name)) return work(null);
    this.held.add(name);
    try {
      return await work({ name });
    } finally {
      this.held.delete(name);
    }
  };
}

let counter = 0;
/** One browser profile: a database, a clock, a server; as many engines (tabs) as are opened on it. */
export class Device {
  clock = new Clock();
  server = new FakeServer(this.clock);
  indexedDB = new IDBFactory();
  webLocks = true;
  private channel = new Channel();
  private locks = new Locks();

  environment(change: Partial<Environment> = {}): Environment {
    return {
      indexedDB: this.indexedDB,
      keyRange: IDBKeyRange,
      fetch: this.server.fetch,
      now: () => this.clock.now,
      random: () => 0.5,
      timer: (work, ms) => this.clock.timer(work, ms),
      uuid: () => `00000000-0000-7000-8000-${String(++counter).padStart(12, '0')}`,
      locks: this.webLocks ? (this.locks as never) : null,
      channel: this.channel.end(),
      compress: null,
      ...change,
    };
  }

  async tab(who = BRUNO, change: Partial<Environment> = {}): Promise<{ engine: Engine; binding: string }> {
    const engine = await openEngine(this.environment(change));
    return { engine, binding: await engine.enter(who) };
  }

  /** Every op row of a binding, past the engine, in one look. */
  async rows(binding: string): Promise<OpRow[]> {
    const db = await ofRequest(this.indexedDB.open('omnipresence'));
    const rows = await ofRequest<OpRow[]>(db.transaction('ops').objectStore('ops').getAll());
    db.close();
    return rows.filter((row) => row.binding === binding);
  }
}

export const ofRequest = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((done, fail) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => fail(request.error ?? new Error('failed'));
  });

/** Person 1, 2, ... is marked present in session 5. */
export const present = (participant_id: number, more: object = {}) => ({
  kind: 'presence' as const,
  session_id: 5,
  participant_id,
  presence_state: 'present',
  shown_revision: 0,
  ...more,
});

/** Lets the database and the engine come to rest, then tells. */
export async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 2_000; turn++) {
    if (await what()) return;
    await new Promise((done) => setImmediate(done));
  }
  throw new Error(`Never came true: ${what.toString()}`);
}
