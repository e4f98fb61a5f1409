/**
 * The database on the device (docs/sync.md, "On the device"). Every write is one transaction with strict durability: when
 * its promise resolves the rows are on the disk, and when it rejects nothing of it is.
 */
import { wrap, type DBSchema, type IDBPDatabase, type IDBPTransaction, type StoreNames } from 'idb';
import type { CurrentMark, FinalOutcome, Op, Ref, SyncCode } from '../../../src/sync/wire.js';
import { type Environment } from './environment.js';

export const DATABASE = 'omnipresence';
const VERSION = 2;
/** A browser that does not answer an open request (seen in Safari) has no storage for us. Milliseconds. */
const OPEN_PATIENCE = 10_000;

/** waiting: no final outcome. settled: the server has it. refused: only the device has it. dismissed: by the person. */
export type Status = 'waiting' | 'settled' | 'refused' | 'dismissed';

/** An organization and a user in this browser. */
export interface BindingRow {
  /** `organization:user` */
  binding: string;
  organization: number;
  user: number;
  client_id: string | null;
  next_seq: number;
  /** The highest seq that came back with a final outcome. */
  acknowledged_seq: number;
  server_epoch: string | null;
  /** Device time until which marks may be captured without a sign-in, ms; null: never asked yet. */
  offline_until: number | null;
  /** Device time of the last handshake, ms. */
  handshake_at: number | null;
  /** Device time of the last answer to a batch or a handshake, ms. */
  last_sync: number | null;
  /** What this account is called, for whoever uses the device after it. */
  name?: string;
}

/** An operation on the device: the frozen op, and beside it what only this device knows. */
export interface OpRow {
  key: number;
  binding: string;
  op_id: string;
  seq: number;
  status: Status;
  op: Op;
  /** Where it is painted: the session that it marks, or in which the person was added; '' for none. */
  session: number | string;
  /** Whom it is about: the id, or the op_id of the participant operation until that has its id. */
  person: number | string;
  /** The state that the person saw when he tapped; what an undo gives back. */
  before: string | null;
  /** The op that this one takes back. */
  undoes?: string;
  captured_at: number;
  /** When it came out of the outbox. */
  closed_at: number | null;
  dismissed_at?: number;
  outcome: FinalOutcome | null;
  /** With `duplicate`: what became of it the first time. */
  first?: FinalOutcome;
  code: SyncCode | 'unreadable' | null;
  revision: number | null;
  participant_id?: number;
  current?: CurrentMark;
  conflict_id?: number | null;
  /** It came back as a conflict, and neither has the person chosen nor the server told that it is over. */
  disputed?: 1;
  /** The person kept the other's mark, or has read that it is parked. */
  seen?: boolean;
  /** Why it still waits although it was sent. */
  trouble?: 'too_large';
}

export interface NameRow {
  binding: string;
  kind: 'person' | 'session';
  id: number | string;
  name: string;
  expires: number;
}

export interface Lease {
  owner: string;
  until: number;
}

interface Tables extends DBSchema {
  bindings: { key: string; value: BindingRow };
  ops: {
    key: number;
    value: OpRow;
    indexes: {
      op: [string, string];
      status: [string, Status, number];
      cell: [string, number | string, number | string];
      number: [string, number];
      disputed: [string, number, number | string, number | string];
    };
  };
  names: { key: [string, string, number | string]; value: NameRow };
  meta: { key: string; value: unknown };
}
type Table = StoreNames<Tables>;
export type Write = IDBPTransaction<Tables, Table[], 'readwrite'>;

export const refKey = (ref: Ref): number | string => (typeof ref === 'number' ? ref : ref.op);
export const bindingKey = (organization: number, user: number) => `${organization}:${user}`;

/** What became of an op, seen through a lost reply: a duplicate counts as what it was the first time. */
export const outcomeOf = (row: OpRow): FinalOutcome | null =>
  row.outcome === 'duplicate' ? (row.first ?? 'duplicate') : row.outcome;

export class Store {
  private opened: Promise<IDBPDatabase<Tables>> | null = null;

  constructor(private readonly env: Environment) {}

  /**
   * Runs the work in one strict transaction. Within the work nothing but requests of this transaction may be awaited.
   * Errors: whatever the work throws, or why the transaction did not commit; in both cases nothing of it is stored.
   */
  async write<T>(work: (tx: Write) => Promise<T>): Promise<T> {
    const tx = await this.begin((db) =>
      db.transaction(['bindings', 'ops', 'names', 'meta'], 'readwrite', { durability: 'strict' }),
    );
    tx.done.catch(() => undefined);
    try {
      const result = await work(tx as Write);
      await tx.done;
      return result;
    } catch (error) {
      try {
        tx.abort();
      } catch {
        // It is over already.
      }
      throw error;
    }
  }

  async binding(key: string): Promise<BindingRow | undefined> {
    return (await this.open()).get('bindings', key);
  }

  async bindings(): Promise<BindingRow[]> {
    return (await this.open()).getAll('bindings');
  }

  async meta<T>(name: string): Promise<T | undefined> {
    return (await this.open()).get('meta', name) as Promise<T | undefined>;
  }

  async putMeta(name: string, value: unknown): Promise<void> {
    await this.write((tx) => tx.objectStore('meta').put(value, name));
  }

  async names(binding: string): Promise<NameRow[]> {
    return (await this.open()).getAll('names', this.within(binding));
  }

  async count(binding: string, status: Status): Promise<number> {
    return (await this.open()).countFromIndex('ops', 'status', this.within(binding, status));
  }

  /** Rows of one status in the order of seq, from a seq on. */
  rows(binding: string, status: Status, after = -1, limit?: number): Promise<OpRow[]> {
    return this.readable(
      'status',
      this.env.keyRange.bound([binding, status, after], [binding, status, []], true),
      limit,
    );
  }

  /** The marks that are disputed. */
  disputed(binding: string): Promise<OpRow[]> {
    return this.readable('disputed', this.within(binding));
  }

  /** Records that the browser itself cannot read are left out; they stay. */
  private async readable(index: 'status' | 'disputed', range: IDBKeyRange, limit?: number): Promise<OpRow[]> {
    const db = await this.open();
    try {
      return await db.getAllFromIndex('ops', index, range, limit);
    } catch {
      // One broken record makes the browser refuse all of them: one by one, then.
      const found: OpRow[] = [];
      for (const key of await db.getAllKeysFromIndex('ops', index, range)) {
        const row = await db.get('ops', key).catch(() => undefined);
        if (row) found.push(row);
        if (found.length === limit) break;
      }
      return found;
    }
  }

  /** Everything that this device knows of a register, in the order of capture. */
  async ofSession(binding: string, session: number | string): Promise<OpRow[]> {
    const found = await (await this.open()).getAllFromIndex('ops', 'cell', this.within(binding, session));
    return found.sort((a, b) => a.key - b.key);
  }

  async byId(binding: string, op_id: string): Promise<OpRow | undefined> {
    return (await this.open()).getFromIndex('ops', 'op', [binding, op_id]);
  }

  /** The range of all compound keys that begin so. */
  within(...head: (string | number)[]): IDBKeyRange {
    return this.env.keyRange.bound(head, [...head, []]);
  }

  close(): void {
    const open = this.opened;
    this.opened = null;
    open?.then(
      (db) => db.close(),
      () => undefined,
    );
  }

  /** A connection that the browser closed under us (site data cleared, another version) is opened again, once. */
  private async begin<T>(work: (db: IDBPDatabase<Tables>) => T): Promise<T> {
    const db = await this.open();
    try {
      return work(db);
    } catch {
      this.opened = null;
      return work(await this.open());
    }
  }

  private open(): Promise<IDBPDatabase<Tables>> {
    const opening = (this.opened ??= this.connect());
    opening.catch(() => (this.opened = null));
    return opening;
  }

  private async connect(): Promise<IDBPDatabase<Tables>> {
    const request = this.env.indexedDB.open(DATABASE, VERSION);
    request.onupgradeneeded = ({ oldVersion }) => {
      if (!oldVersion) build(request.result);
      // Only those that are disputed. Version 1 had no such index.
      request.transaction!.objectStore('ops').createIndex('disputed', ['binding', 'disputed', 'session', 'person']);
    };
    let cancel = () => {};
    const late = new Promise<never>((_, fail) => {
      cancel = this.env.timer(() => fail(new Error('storage')), OPEN_PATIENCE);
    });
    try {
      const db = (await Promise.race([wrap(request), late])) as unknown as IDBPDatabase<Tables>;
      const gone = () => {
        db.close();
        this.opened = null;
      };
      // A newer version of this page wants to change the database: it must not wait for an old tab.
      db.addEventListener('versionchange', gone);
      db.addEventListener('close', gone);
      return db;
    } finally {
      cancel();
    }
  }
}

function build(db: IDBDatabase): void {
  db.createObjectStore('bindings', { keyPath: 'binding' });
  const ops = db.createObjectStore('ops', { keyPath: 'key', autoIncrement: true });
  ops.createIndex('op', ['binding', 'op_id'], { unique: true });
  ops.createIndex('status', ['binding', 'status', 'seq']);
  ops.createIndex('cell', ['binding', 'session', 'person']);
  // Only those who were added on this device, as soon as they have a number.
  ops.createIndex('number', ['binding', 'participant_id']);
  db.createObjectStore('names', { keyPath: ['binding', 'kind', 'id'] });
  db.createObjectStore('meta');
}
