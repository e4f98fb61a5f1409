import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { BRUNO, CLARA, Device, json, ofRequest, present, refusal, START, until } from './device.js';
import { asOnlyDrainer } from '../../static/js/sync/one-drainer.js';
import { Store } from '../../static/js/sync/store.js';

const opened = async () => {
  const device = new Device();
  const { engine, binding } = await device.tab();
  return { device, engine, binding };
};
const statuses = async (device: Device, binding: string) => (await device.rows(binding)).map((row) => row.status);

describe('what an answer does to the outbox', () => {
  it('takes each op out for its own final outcome, and keeps it as settled', async () => {
    const { device, engine, binding } = await opened();
    const outcomes = ['applied', 'merged', 'duplicate', 'conflict', 'parked', 'rejected', 'retry', 'nonsense'] as const;
    await engine.capture(
      binding,
      outcomes.map((_, at) => present(at)),
    );
    device.server.judge = (op) => ({ outcome: outcomes[op.seq - 1] as never, revision: op.seq });
    await engine.drain();
    expect(await statuses(device, binding)).toEqual([
      'settled',
      'settled',
      'settled',
      'settled',
      'settled',
      'refused',
      'waiting',
      'waiting',
    ]);
    expect(await engine.state()).toMatchObject({
      waiting: 2,
      refused: 1,
      lastSyncAt: START,
      online: true,
      problem: null,
    });
    const [item] = await engine.list(binding);
    await engine.dismiss(binding, item!.row.op_id);
    expect(await engine.state()).toMatchObject({ waiting: 2, refused: 0 });
  });

  it('keeps an op that the answer does not name', async () => {
    const { device, engine, binding } = await opened();
    await engine.capture(binding, [present(1), present(2)]);
    device.server.rule = ({ envelope }) =>
      envelope
        ? json(200, { ...device.server.answer(envelope), results: device.server.answer(envelope).results.slice(1) })
        : undefined;
    await engine.drain();
    expect(await statuses(device, binding)).toEqual(['waiting', 'settled']);
  });

  it('shows a rejection that came back as a duplicate as what it was', async () => {
    const { device, engine, binding } = await opened();
    device.server.judge = () => ({ outcome: 'rejected', code: 'unknown_target' });
    await engine.capture(binding, [present(1)]);
    device.server.rule = ({ envelope, process }) => {
      if (!envelope) return undefined;
      process();
      device.server.rule = () => undefined;
      throw new TypeError('reply lost');
    };
    await engine.drain();
    expect(await statuses(device, binding)).toEqual(['waiting']);
    await engine.drain();
    expect((await device.rows(binding))[0]).toMatchObject({
      status: 'refused',
      code: 'unknown_target',
      outcome: 'duplicate',
    });
  });

  it('sends again what was answered into the void, and counts it once', async () => {
    const { device, engine, binding } = await opened();
    await engine.capture(binding, [present(1), present(2)]);
    device.server.rule = ({ envelope, process }) => {
      if (!envelope) return undefined;
      process();
      return new Promise(() => {});
    };
    const drained = engine.drain();
    await until(() => device.server.batches.length === 1);
    expect((await engine.state()).sending).toBe(2);
    device.clock.advance(30_000);
    await drained;
    expect(await engine.state()).toMatchObject({ waiting: 2, sending: 0, online: false });
    device.server.rule = () => undefined;
    device.clock.advance(2_000);
    await until(async () => (await engine.state()).waiting === 0);
    expect(device.server.batches[1]!.operations).toEqual(device.server.batches[0]!.operations);
    expect(device.server.kept.size).toBe(2);
    expect(await statuses(device, binding)).toEqual(['settled', 'settled']);
  });
});

/** Everything that is no outcome, with what the person is told. */
const BARRED: [string, () => Response | Promise<Response>, object][] = [
  ['400', () => refusal(400, 'malformed'), { problem: null, online: true }],
  ['401', () => refusal(401, 'login_required'), { problem: 'signed_out', online: true }],
  ['403', () => refusal(403, 'permission_denied'), { problem: 'forbidden', online: true }],
  ['409 wrong_user', () => refusal(409, 'wrong_user'), { problem: 'wrong_user' }],
  ['409 wrong_organization', () => refusal(409, 'wrong_organization'), { problem: 'wrong_user' }],
  ['409 of somebody else', () => refusal(409, 'stale'), { problem: null }],
  ['426', () => refusal(426, 'protocol_too_old'), { problem: 'outdated' }],
  ['500', () => refusal(500, 'internal'), { problem: null }],
  ['502 of a proxy', () => new Response('<h1>Bad gateway</h1>', { status: 502 }), { online: false }],
  ['401 of a proxy', () => new Response('no', { status: 401 }), { problem: null, online: false }],
  ['200 with HTML', () => new Response('<html>', { headers: { 'content-type': 'text/html' } }), { online: false }],
  [
    '200 with broken JSON',
    () => new Response('{"prot', { headers: { 'content-type': 'application/json' } }),
    { online: false },
  ],
  ['200 without protocol', () => json(200, { results: [] }), { online: false }],
  ['200 with an array', () => json(200, []), { online: false }],
  ['a redirect', () => ({ type: 'opaqueredirect', status: 0, headers: new Headers() }) as Response, { online: false }],
  ['no network', () => Promise.reject(new TypeError('failed')), { online: false }],
];

describe('what is no outcome', () => {
  it.each(BARRED)('%s: everything stays, and is sent later', async (_name, answer, told) => {
    const { device, engine, binding } = await opened();
    await engine.capture(binding, [present(1), present(2)]);
    device.server.rule = ({ envelope }) => (envelope ? answer() : undefined);
    await engine.drain();
    expect(await statuses(device, binding)).toEqual(['waiting', 'waiting']);
    expect(await engine.state()).toMatchObject({ waiting: 2, sending: 0, ...told });
    device.server.rule = () => undefined;
    await engine.wake();
    expect(await engine.state()).toMatchObject({ waiting: 0, problem: null, online: true });
  });

  it('believes no answer to another batch', async () => {
    const { device, engine, binding } = await opened();
    await engine.capture(binding, [present(1)]);
    device.server.rule = ({ envelope }) =>
      envelope ? json(200, { ...device.server.answer(envelope), batch_id: 'another' }) : undefined;
    await engine.drain();
    expect(await statuses(device, binding)).toEqual(['waiting']);
  });

  it.each([
    ['seconds', '120', 120_000],
    ['a date', new Date(START + 90_000).toUTCString(), 90_000],
  ])('obeys Retry-After in %s, even when the person comes back', async (_name, told, wait) => {
    const { device, engine, binding } = await opened();
    await engine.capture(binding, [present(1)]);
    device.server.rule = ({ envelope }) => (envelope ? refusal(503, 'busy', { 'retry-after': told }) : undefined);
    await engine.drain();
    device.server.rule = () => undefined;
    device.clock.advance(wait - 1_000);
    await engine.wake();
    expect(device.server.batches).toHaveLength(1);
    device.clock.advance(1_000);
    await until(async () => (await engine.state()).waiting === 0);
  });

  it('waits longer and longer, at most five minutes, and never gives up', async () => {
    const { device, engine, binding } = await opened();
    await engine.capture(binding, [present(1)]);
    device.server.rule = () => Promise.reject(new TypeError('failed'));
    await engine.drain();
    const waits: number[] = [];
    for (let turn = 0; turn < 40; turn++) {
      const wait = device.clock.next()!;
      waits.push(wait);
      const asked = device.server.handshakes;
      device.clock.advance(wait);
      await until(
        () => device.server.handshakes > asked && device.clock.next() !== null && device.clock.next()! < 300_001,
      );
      await until(async () => (await engine.state()).sending === 0);
      await engine.currentBinding();
    }
    // Jitter 0.5: half of 2 s, 4 s, 8 s, ...
    expect(waits.slice(0, 5)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000]);
    expect(Math.max(...waits)).toBe(150_000);
    expect(await statuses(device, binding)).toEqual(['waiting']);
  });

  it('halves a batch that is too large, and keeps the one mark that is', async () => {
    const { device, engine, binding } = await opened();
    await engine.capture(
      binding,
      Array.from({ length: 20 }, (_, at) => present(at)),
    );
    device.server.rule = ({ envelope }) =>
      envelope && (envelope.operations.length > 6 || envelope.operations.some((op) => op.seq === 13))
        ? refusal(413, 'too_large')
        : undefined;
    await engine.drain();
    const rows = await device.rows(binding);
    expect(rows.filter((row) => row.status === 'waiting').map((row) => [row.seq, row.trouble])).toEqual([
      [13, 'too_large'],
    ]);
    expect(device.server.kept.size).toBe(19);
  });
});

describe('the handshake', () => {
  it('is not made again by every page that has nothing to send, but when it is asked for', async () => {
    const { device, engine } = await opened();
    await engine.wake();
    expect(device.server.handshakes).toBe(1);
    const next = await device.tab();
    await next.engine.wake();
    expect(device.server.handshakes).toBe(1);
    // A page that came from the device's own store does not know whether there is network.
    device.server.rule = () => Promise.reject(new TypeError('failed'));
    await next.engine.wake(true);
    expect((await next.engine.state()).online).toBe(false);
    device.server.rule = () => undefined;
    await next.engine.wake();
    expect((await next.engine.state()).online).toBe(true);
    expect(device.server.handshakes).toBe(3);
  });
});

describe('a browser that lost its storage', () => {
  it('numbers after everything that the server was told of, so that what is missing stays missing', async () => {
    const { device, engine, binding } = await opened();
    device.server.seqs = new Set([1, 2]);
    device.server.maxSeq = 5;
    const early = await engine.capture(binding, [present(1)]);
    expect(early[0]!.seq).toBe(1);
    await engine.drain();
    const [next] = await engine.capture(binding, [present(2)]);
    await engine.drain();
    expect(next!.seq).toBe(7);
    expect([...device.server.seqs]).toEqual([1, 2, 6, 7]);
    // No restored server: it acknowledged no less than this browser knows.
    expect(await engine.currentBinding()).toMatchObject({ acknowledged_seq: 7, next_seq: 8 });
  });

  it('goes on as before with a server that does not tell that number', async () => {
    const { device, engine, binding } = await opened();
    device.server.seqs = new Set([1, 2]);
    await engine.capture(binding, [present(1)]);
    await engine.drain();
    expect([...device.server.seqs]).toEqual([1, 2, 3]);
  });
});

describe('batches', () => {
  it('holds at most 100 ops and 256 KiB, in order', async () => {
    const { device, engine, binding } = await opened();
    await engine.capture(
      binding,
      Array.from({ length: 250 }, (_, at) => present(at)),
    );
    await engine.drain();
    expect(device.server.batches.map((batch) => batch.operations.length)).toEqual([100, 100, 50]);
    expect(device.server.batches.flatMap((batch) => batch.operations.map((op) => op.seq))).toEqual(
      Array.from({ length: 250 }, (_, at) => at + 1),
    );
    expect(device.server.batches[0]).toMatchObject({
      max_seq: 250,
      author_id: 7,
      organization_id: 1,
      client_id: 'client-1',
    });
    device.server.batches = [];
    await engine.capture(
      binding,
      Array.from({ length: 100 }, (_, at) => present(at, { note: 'é'.repeat(2_000) })),
    );
    await engine.drain();
    expect(device.server.batches.length).toBeGreaterThan(1);
    for (const batch of device.server.batches)
      expect(Buffer.byteLength(JSON.stringify(batch))).toBeLessThanOrEqual(256 * 1024);
    expect((await engine.state()).waiting).toBe(0);
  });

  it('holds back what builds on an op that stayed, and nothing else', async () => {
    const { device, engine, binding } = await opened();
    await engine.capture(
      binding,
      Array.from({ length: 100 }, (_, at) => present(at)),
    );
    await engine.capture(binding, [present(0), present(200)]);
    device.server.judge = (op) => ({ outcome: op.seq === 1 ? 'retry' : 'applied', revision: 1 });
    await engine.drain();
    const rows = await device.rows(binding);
    expect(rows.filter((row) => row.status === 'waiting').map((row) => row.seq)).toEqual([1, 101]);
    device.server.judge = () => ({ outcome: 'applied', revision: 1 });
    await engine.drain();
    expect(device.server.batches.at(-1)!.operations.map((op) => op.seq)).toEqual([1, 101]);
    expect((await engine.state()).waiting).toBe(0);
  });

  it('sends in the same round what was tapped while it was sending', async () => {
    const { device, engine, binding } = await opened();
    await engine.capture(binding, [present(1)]);
    device.server.rule = ({ envelope, process }) => {
      if (!envelope) return undefined;
      device.server.rule = () => undefined;
      return engine.capture(binding, [present(2)]).then(() => process());
    };
    await engine.drain();
    expect((await engine.state()).waiting).toBe(0);
    expect(device.server.batches).toHaveLength(2);
  });

  it('tells a row that is no operation any more, and goes on with the others', async () => {
    const { device, engine, binding } = await opened();
    await engine.capture(binding, [present(1), present(2), present(3)]);
    const db = await ofRequest(device.indexedDB.open('omnipresence'));
    const store = db.transaction('ops', 'readwrite').objectStore('ops');
    const row = await ofRequest<Record<string, unknown>>(store.get(2));
    await ofRequest(store.put({ ...row, op: 'garbage', left: 'as it is' }));
    db.close();
    await engine.drain();
    expect(await statuses(device, binding)).toEqual(['settled', 'refused', 'settled']);
    expect((await device.rows(binding))[1]).toMatchObject({ code: 'unreadable', op: 'garbage', left: 'as it is' });
    expect(await engine.state()).toMatchObject({ waiting: 0, refused: 1 });
  });
});

describe('a record that the browser itself cannot read', () => {
  const get = Object.getOwnPropertyDescriptor(IDBObjectStore.prototype, 'get')?.value as IDBObjectStore['get'];
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('does not keep the others from being sent, and stays', async () => {
    const { device, engine, binding } = await opened();
    await engine.drain();
    await engine.capture(binding, [present(1), present(2), present(3)]);
    const broken = () => {
      throw new DOMException('Failed to read large IndexedDB value', 'DataError');
    };
    jest.spyOn(IDBIndex.prototype, 'getAll').mockImplementation(broken);
    jest.spyOn(IDBObjectStore.prototype, 'get').mockImplementation(function (this: IDBObjectStore, key) {
      return this.name === 'ops' && key === 2 ? broken() : get.call(this, key);
    });
    await engine.drain();
    expect([...device.server.seqs]).toEqual([1, 3]);
    jest.restoreAllMocks();
    expect(await statuses(device, binding)).toEqual(['settled', 'waiting', 'settled']);
  });
});

describe('one drainer', () => {
  it.each([true, false])('two tabs send everything once (Web Locks: %s)', async (webLocks) => {
    const device = new Device();
    device.webLocks = webLocks;
    const [one, two] = [await device.tab(), await device.tab()];
    await one.engine.capture(
      one.binding,
      Array.from({ length: 150 }, (_, at) => present(at)),
    );
    await Promise.all([one.engine.drain(), two.engine.drain()]);
    await two.engine.capture(one.binding, [present(500)]);
    await Promise.all([one.engine.drain(), two.engine.drain()]);
    await until(async () => (await one.engine.state()).waiting === 0);
    const sent = device.server.batches.flatMap((batch) => batch.operations.map((op) => op.seq));
    expect(sent).toEqual(Array.from({ length: 151 }, (_, at) => at + 1));
  });

  it('takes over the lease of a tab that is gone', async () => {
    const device = new Device();
    device.webLocks = false;
    const { engine, binding } = await device.tab();
    await engine.capture(binding, [present(1)]);
    const hanging = await device.tab(BRUNO, { fetch: () => new Promise(() => {}), timer: () => () => {} });
    void hanging.engine.drain();
    await until(async () => (await engine.state()).waiting === 1);
    for (let turn = 0; turn < 50; turn++) await new Promise((done) => setImmediate(done));
    await engine.drain();
    expect(device.server.batches).toHaveLength(0);
    device.clock.advance(16_000);
    await engine.drain();
    await until(async () => (await engine.state()).waiting === 0);
  });

  it('lets go of a lease that was being renewed when its work ended', async () => {
    const device = new Device();
    device.webLocks = false;
    const env = device.environment();
    const store = new Store(env);
    await store.putMeta('opened_at', 1);
    let end = () => {};
    let begun = false;
    const work = asOnlyDrainer(env, store, () => {
      begun = true;
      return new Promise((done) => (end = done));
    });
    await until(() => begun);
    // The timer of the renewal is due, and the answer of the server comes at the same moment.
    device.clock.advance(5_000);
    end();
    expect(await work).toBe(true);
    for (let turn = 0; turn < 200; turn++) await new Promise((done) => setImmediate(done));
    expect(device.clock.next()).toBe(null);
    expect(await asOnlyDrainer(env, store, async () => {})).toBe(true);
  });

  it('sends what a tab left that was closed while it sent', async () => {
    const device = new Device();
    const [one, two] = [await device.tab(), await device.tab()];
    await Promise.all([one.engine.drain(), two.engine.drain()]);
    // The first tab is closed before anything of it arrives: nothing of it is heard any more.
    const captured = await one.engine.capture(one.binding, [present(1)]);
    one.engine.close();
    await until(() => device.clock.next() !== null);
    device.clock.advance(device.clock.next()!);
    await until(() => device.server.kept.has(captured[0]!.op_id));
  });

  it('tells the other tab what was saved and sent', async () => {
    const device = new Device();
    const [one, two] = [await device.tab(), await device.tab()];
    const heard: number[] = [];
    two.engine.subscribe((state) => heard.push(state.waiting));
    await one.engine.capture(one.binding, [present(1)]);
    await until(() => heard.includes(1));
    await one.engine.drain();
    await until(() => heard.at(-1) === 0);
  });
});

describe('who is signed in', () => {
  it('sends nothing of another user, and tells it', async () => {
    const { device, engine, binding } = await opened();
    await engine.drain();
    await engine.capture(binding, [present(1)]);
    device.server.user = 8;
    const other = await device.tab(CLARA);
    await other.engine.wake();
    await engine.wake();
    expect(device.server.batches).toHaveLength(0);
    expect(await engine.state()).toMatchObject({ waiting: 1, problem: 'wrong_user' });
    expect(await other.engine.state()).toMatchObject({ waiting: 0, problem: null });
    expect(await other.engine.foreign()).toEqual([{ binding, name: null, waiting: 1, people: 0 }]);
    device.server.user = 7;
    const back = await device.tab();
    await back.engine.wake();
    expect(device.server.kept.size).toBe(1);
    expect(device.server.batches[0]!.author_id).toBe(7);
  });

  it('sends nothing when the cookie belongs to somebody else than the page', async () => {
    const { device, engine, binding } = await opened();
    device.server.user = 8;
    await engine.capture(binding, [present(1)]);
    await engine.drain();
    expect(device.server.batches).toHaveLength(0);
    expect((await engine.state()).problem).toBe('wrong_user');
  });

  it('keeps everything at sign-out but the names', async () => {
    const { device, engine, binding } = await opened();
    await engine.capture(binding, [present(1)], [{ kind: 'person', id: 1, name: 'Ada Lovelace' }]);
    expect((await engine.list(binding))[0]).toMatchObject({ person: 'Ada Lovelace' });
    await engine.leave();
    await engine.wake();
    expect(device.server.batches).toHaveLength(0);
    expect((await engine.list(binding))[0]).toMatchObject({ person: null, row: { status: 'waiting' } });
    expect(await engine.state()).toMatchObject({ problem: 'signed_out', waiting: 1 });
  });

  it('forgets names and pages when it was revoked, and captures nothing until somebody signs in; what waits stays', async () => {
    const device = new Device();
    let forgotten = 0;
    const { engine, binding } = await device.tab(BRUNO, { forgetPages: () => Promise.resolve(void forgotten++) });
    await engine.capture(binding, [present(1)], [{ kind: 'person', id: 1, name: 'Ada Lovelace' }]);
    device.server.rule = () => json(401, { revoked: true, errors: [{ code: 'login_required', message: 'x' }] });
    await engine.wake(true);
    await until(async () => (await engine.currentBinding()) === null);
    expect(forgotten).toBe(1);
    expect(await engine.list(binding)).toMatchObject([{ row: { status: 'waiting' }, person: null }]);
    await expect(engine.capture(binding, [present(2)])).rejects.toMatchObject({ reason: 'locked' });
    expect(await engine.state()).toMatchObject({ problem: 'signed_out', waiting: 1 });
    device.server.rule = () => undefined;
    await engine.enter(BRUNO);
    await engine.wake(true);
    await engine.capture(binding, [present(2)]);
    await engine.drain();
    expect(await engine.state()).toMatchObject({ problem: null, waiting: 0 });
  });

  it('lets the server know of every sign-in, however short after the one before', async () => {
    const { device, engine } = await opened();
    await engine.wake();
    await engine.enter(BRUNO);
    await engine.wake();
    expect(device.server.handshakes).toBe(1);
    await engine.leave();
    await engine.enter(BRUNO);
    await engine.wake();
    expect(device.server.handshakes).toBe(2);
    // Clara for a moment, in another tab, and Bruno again.
    device.server.user = 8;
    const other = await device.tab(CLARA);
    await other.engine.wake();
    device.server.user = 7;
    await engine.enter(BRUNO);
    await engine.wake();
    expect(device.server.handshakes).toBe(4);
  });

  it('keeps the names of nobody but whoever entered last', async () => {
    const { device, engine, binding } = await opened();
    await engine.capture(binding, [present(1)], [{ kind: 'person', id: 1, name: 'Ada Lovelace' }]);
    await engine.enter(BRUNO);
    expect((await engine.list(binding))[0]).toMatchObject({ person: 'Ada Lovelace' });
    // Bruno's sign-in expired: nobody signed out.
    const other = await device.tab(CLARA);
    await other.engine.capture(other.binding, [present(2)], [{ kind: 'person', id: 2, name: 'Grace Hopper' }]);
    expect((await engine.list(binding))[0]).toMatchObject({ person: null, row: { status: 'waiting' } });
    expect((await other.engine.list(other.binding))[0]).toMatchObject({ person: 'Grace Hopper' });
  });

  it('captures nothing in a page of somebody who signed out, or whom another followed', async () => {
    const { device, engine, binding } = await opened();
    const second = await device.tab();
    await second.engine.leave();
    expect(await engine.state()).toMatchObject({ away: true, problem: 'signed_out' });
    await expect(engine.capture(binding, [present(1)])).rejects.toMatchObject({ reason: 'locked' });
    const other = await device.tab(CLARA);
    expect(await engine.state()).toMatchObject({ away: true, problem: 'wrong_user' });
    expect(await other.engine.state()).toMatchObject({ away: false });
    await expect(engine.capture(binding, [present(1)])).rejects.toMatchObject({ reason: 'locked' });
    expect(await device.rows(binding)).toEqual([]);
    await device.tab();
    expect(await engine.state()).toMatchObject({ away: false });
    expect(await engine.capture(binding, [present(1)])).toMatchObject([{ seq: 1 }]);
  });

  it('goes on capturing when the sign-in only expired', async () => {
    const { device, engine, binding } = await opened();
    await engine.drain();
    device.server.rule = () => refusal(401, 'login_required');
    await engine.wake(true);
    expect(await engine.state()).toMatchObject({ away: false, problem: 'signed_out' });
    expect(await engine.capture(binding, [present(1)])).toHaveLength(1);
  });

  it('tells at once that an account of which the server never heard cannot be handed in for', async () => {
    const { device, engine, binding } = await opened();
    await engine.capture(binding, [present(1)]);
    device.server.user = 8;
    const admin = await device.tab(CLARA);
    expect(await admin.engine.handInOnBehalf(binding)).toBe('client_unknown');
    expect(device.server.batches).toEqual([]);
    expect(await statuses(device, binding)).toEqual(['waiting']);
  });

  it('hands in on behalf of an account that is gone', async () => {
    const { device, engine, binding } = await opened();
    await engine.drain();
    await engine.capture(binding, [present(1)]);
    device.server.user = 8;
    const admin = await device.tab(CLARA);
    device.server.judge = () => ({ outcome: 'parked', code: 'foreign_author' });
    expect(await admin.engine.handInOnBehalf(binding)).toBe(null);
    expect(device.server.batches[0]).toMatchObject({ on_behalf: true, author_id: 7, client_id: 'client-1' });
    expect(await admin.engine.foreign()).toEqual([]);
  });

  it('discards only for the number that is typed', async () => {
    const { device, engine, binding } = await opened();
    await engine.capture(binding, [present(1), present(2)]);
    expect(await engine.discard(binding, 3)).toBe(false);
    expect((await engine.state()).waiting).toBe(2);
    expect(await engine.discard(binding, 2)).toBe(true);
    expect(await device.rows(binding)).toEqual([]);
    const [next] = await engine.capture(binding, [present(3)]);
    expect(next!.seq).toBe(3);
  });
});

describe('a server that was restored', () => {
  const settled = async () => {
    const all = await opened();
    await all.engine.capture(all.binding, [present(1), present(2), present(3)]);
    await all.engine.drain();
    expect(all.device.server.kept.size).toBe(3);
    return all;
  };
  /** The backup knew only the first so many. */
  const restore = (device: Device, known: number) => {
    device.server.kept = new Map([...device.server.kept].slice(0, known));
    device.server.seqs = new Set([...device.server.seqs].slice(0, known));
  };

  it('is offered again what it acknowledged, because it knows less', async () => {
    const { device, binding } = await settled();
    restore(device, 1);
    const later = await device.tab();
    await later.engine.capture(binding, [present(4)]);
    await later.engine.drain();
    expect(device.server.kept.size).toBe(4);
    expect((await later.engine.state()).waiting).toBe(0);
  });

  it('is offered everything again when its epoch changed, even what it still knows', async () => {
    const { device, engine } = await settled();
    device.server.epoch = 'epoch-2';
    device.server.batches = [];
    device.clock.advance(3_700_000);
    await engine.drain();
    expect(device.server.batches[0]!.operations.map((op) => op.seq)).toEqual([1, 2, 3]);
    expect(device.server.kept.size).toBe(3);
  });

  it('is offered again what it says it never got, even without a word of the restore', async () => {
    const { device, engine, binding } = await settled();
    restore(device, 1);
    const real = device.server.answer.bind(device.server);
    device.server.answer = (envelope) => {
      const answer = real(envelope);
      return { ...answer, missing: [1, 2, 3, 4].filter((seq) => !device.server.seqs.has(seq)) };
    };
    await engine.capture(binding, [present(4)]);
    await engine.drain();
    expect(device.server.kept.size).toBe(4);
    // A server that goes on asking is not offered the same again and again.
    device.server.answer = (envelope) => ({ ...real(envelope), missing: [1, 2, 3] });
    device.server.batches = [];
    const sent = () => device.server.batches.splice(0).flatMap((batch) => batch.operations.map((op) => op.seq));
    await engine.capture(binding, [present(5)]);
    await engine.drain();
    expect(sent()).toEqual([5, 1, 2, 3]);
    await engine.capture(binding, [present(6)]);
    await engine.drain();
    expect(sent()).toEqual([6]);
  });

  it('is offered again what it lost twice, by the same page', async () => {
    const { device, engine, binding } = await settled();
    const real = device.server.answer.bind(device.server);
    device.server.answer = (envelope) => {
      const answer = real(envelope);
      const missing = Array.from({ length: envelope.max_seq }, (_, at) => at + 1);
      return { ...answer, missing: missing.filter((seq) => !device.server.seqs.has(seq)) };
    };
    for (const [number, person] of [4, 5].entries()) {
      restore(device, 1);
      await engine.capture(binding, [present(person)]);
      await engine.drain();
      expect(device.server.kept.size).toBe(4 + number);
    }
  });

  it('is offered again what it lost even if the device could not note it the first time', async () => {
    const { device, engine, binding } = await settled();
    restore(device, 1);
    const real = device.server.answer.bind(device.server);
    device.server.answer = (envelope) => {
      const answer = real(envelope);
      return { ...answer, missing: [2, 3, 4].filter((seq) => !device.server.seqs.has(seq)) };
    };
    await engine.capture(binding, [present(4)]);
    const put = Reflect.get(IDBObjectStore.prototype, 'put') as (...row: unknown[]) => IDBRequest<IDBValidKey>;
    let broken = 0;
    IDBObjectStore.prototype.put = function (this: IDBObjectStore, row: { status?: string }, ...more: []) {
      if (row.status === 'waiting' && broken++ === 0) throw new DOMException('full', 'QuotaExceededError');
      return put.call(this, row, ...more);
    };
    await engine.drain();
    IDBObjectStore.prototype.put = put;
    expect(broken).toBeGreaterThan(0);
    await engine.wake();
    expect(device.server.kept.size).toBe(4);
  });

  it('does not offer what is older than 30 days', async () => {
    const { device, engine, binding } = await settled();
    device.clock.advance(31 * 86_400_000);
    await engine.wake();
    await engine.capture(binding, [present(4)]);
    restore(device, 0);
    device.server.epoch = 'epoch-2';
    device.clock.advance(3_700_000);
    await engine.drain();
    expect([...device.server.seqs]).toEqual([4]);
    expect(await device.rows(binding)).toHaveLength(1);
  });

  it('gets another client when it has forgotten ours, numbered anew', async () => {
    const { device, engine, binding } = await settled();
    restore(device, 0);
    device.server.clientId = 'client-2';
    await engine.capture(binding, [present(4)]);
    await engine.drain();
    expect((await engine.state()).waiting).toBe(0);
    expect(device.server.kept.size).toBe(4);
    expect([...device.server.seqs]).toEqual([1, 2, 3, 4]);
    const [next] = await engine.capture(binding, [present(5)]);
    expect(next!.seq).toBe(5);
  });

  it('is offered again what it lost although nothing waits, when it has forgotten our client', async () => {
    const { device, engine, binding } = await settled();
    restore(device, 0);
    device.server.clientId = 'client-2';
    device.clock.advance(3_700_000);
    await engine.drain();
    expect([device.server.kept.size, [...device.server.seqs]]).toEqual([3, [1, 2, 3]]);
    expect((await device.rows(binding)).map((row) => row.status)).toEqual(['settled', 'settled', 'settled']);
  });

  it('is asked at each handshake with nothing in hand whether it still knows our client, when only the cookie was lost', async () => {
    const { device, engine } = await settled();
    const real = device.server.process.bind(device.server);
    device.server.process = (address, envelope) =>
      envelope
        ? real(address, envelope)
        : json(200, { ...device.server.handshake(), client_id: 'client-9', acknowledged_up_to: 0 });
    device.server.batches = [];
    for (let hour = 0; hour < 3; hour++) {
      device.clock.advance(3_700_000);
      await engine.drain();
    }
    const asked = device.server.batches.map((batch) => [batch.client_id, batch.operations.length]);
    expect(asked).toEqual(asked.map(() => ['client-1', 0]));
    expect(asked.length).toBeGreaterThanOrEqual(3);
  });

  it('tells by a gap what it lost, where an old request that came late hides it', async () => {
    const { device, engine } = await settled();
    const real = device.server.process.bind(device.server);
    const lost = [...device.server.kept.keys()][0]!;
    device.server.kept.delete(lost);
    // A number above it has arrived, so the highest number tells nothing.
    device.server.process = (address, envelope) =>
      envelope?.operations.length === 0
        ? json(200, { ...device.server.answer(envelope), missing: [1] })
        : envelope
          ? real(address, envelope)
          : json(200, { ...device.server.handshake(), received_up_to: 0 });
    device.clock.advance(3_700_000);
    await engine.drain();
    await until(() => device.server.kept.has(lost));
  });

  it('keeps its client when only the cookie was lost', async () => {
    const { device, binding } = await settled();
    const real = device.server.process.bind(device.server);
    // The handshake names a new client, the sync door still takes the old one.
    device.server.process = (address, envelope) =>
      envelope
        ? real(address, envelope)
        : json(200, { ...device.server.handshake(), client_id: 'client-9', acknowledged_up_to: 0 });
    const later = await device.tab();
    device.server.batches = [];
    await later.engine.capture(binding, [present(4)]);
    await later.engine.drain();
    expect(device.server.batches.map((batch) => [batch.client_id, batch.operations.length])).toEqual([['client-1', 1]]);
  });
});
