import { describe, expect, it } from '@jest/globals';
import { BRUNO, Device, present, until } from './device.js';
import { CaptureError } from '../../static/js/sync/engine.js';

describe('capture', () => {
  it('gives out seqs without a gap and in order, whoever captures at the same time', async () => {
    const device = new Device();
    const [one, two] = [await device.tab(), await device.tab()];
    const made = await Promise.all(
      Array.from({ length: 40 }, (_, at) =>
        (at % 2 ? one : two).engine.capture(one.binding, [present(at), present(100 + at)]),
      ),
    );
    expect(made.flat()).toHaveLength(80);
    const rows = await device.rows(one.binding);
    expect(rows.map((row) => row.seq)).toEqual(Array.from({ length: 80 }, (_, at) => at + 1));
    // Both ops of one act stand together.
    for (const [first, second] of made) expect(second!.seq).toBe(first!.seq + 1);
    expect(new Set(rows.map((row) => row.op_id)).size).toBe(80);
  });

  it('says nothing is saved when the transaction does not commit, and gives the seq out again', async () => {
    const device = new Device();
    let failing = false;
    const factory = device.indexedDB;
    const open = factory.open.bind(factory);
    // A disk that is full: the transaction aborts after its requests succeeded.
    factory.open = (...args: Parameters<typeof open>) => {
      const request = open(...args);
      request.addEventListener('success', () => {
        const db = request.result;
        const begin = db.transaction.bind(db);
        db.transaction = ((...list: Parameters<typeof begin>) => {
          const tx = begin(...list);
          if (failing && list[1] === 'readwrite') {
            const store = tx.objectStore.bind(tx);
            tx.objectStore = (name: string) => {
              const ops = store(name);
              const add = ops.add.bind(ops);
              ops.add = (value) => {
                const added = add(value);
                added.addEventListener('success', () => tx.abort());
                return added;
              };
              return ops;
            };
          }
          return tx;
        }) as typeof db.transaction;
      });
      return request;
    };
    const { engine, binding } = await device.tab();
    await engine.capture(binding, [present(1)]);
    failing = true;
    await expect(engine.capture(binding, [present(2)])).rejects.toMatchObject({ reason: 'storage' });
    expect((await engine.state()).problem).toBe('storage');
    failing = false;
    const [op] = await engine.capture(binding, [present(3)]);
    expect(op!.seq).toBe(2);
    expect((await engine.state()).problem).toBe(null);
    expect((await device.rows(binding)).map((row) => row.person)).toEqual([1, 3]);
  });

  it('cannot be opened where nothing can be written', async () => {
    const device = new Device();
    const broken = {
      open: () => {
        throw new DOMException('no', 'SecurityError');
      },
    } as unknown as IDBFactory;
    await expect(device.tab(BRUNO, { indexedDB: broken })).rejects.toThrow('no');
    const silent = {
      open: () => new (IDBOpenDBRequest as unknown as new () => IDBOpenDBRequest)(),
    } as unknown as IDBFactory;
    const opening = device.tab(BRUNO, { indexedDB: silent }).catch((error: Error) => error.message);
    await until(() => device.clock.next() !== null);
    device.clock.advance(10_000);
    expect(await opening).toBe('storage');
  });

  it('bases a mark on the own waiting one, else on the highest revision that is known', async () => {
    const device = new Device();
    const { engine, binding } = await device.tab();
    let revision = 4;
    device.server.judge = () => ({ outcome: 'applied', revision: ++revision });
    const [first] = await engine.capture(binding, [present(1, { shown_revision: 4 })]);
    const [second] = await engine.capture(binding, [present(1, { shown_revision: 4 })]);
    const [other] = await engine.capture(binding, [present(2, { shown_revision: 9 })]);
    expect(first).toMatchObject({ base: { revision: 4 } });
    expect(second).toMatchObject({ base: { op: first!.op_id } });
    expect(other).toMatchObject({ base: { revision: 9 } });
    await engine.drain();
    const [third] = await engine.capture(binding, [present(1, { shown_revision: 4 })]);
    expect(third).toMatchObject({ base: { revision: 6 } });
    const [shown] = await engine.capture(binding, [present(2, { shown_revision: 12 })]);
    expect(shown).toMatchObject({ base: { revision: 12 } });
  });

  it('does not take a conflict for seen: the page says what it shows', async () => {
    const device = new Device();
    const { engine, binding } = await device.tab();
    device.server.judge = () => ({ outcome: 'conflict', revision: 8 });
    await engine.capture(binding, [present(1)]);
    await engine.drain();
    const [blind] = await engine.capture(binding, [present(1, { shown_revision: 0 })]);
    expect(blind).toMatchObject({ base: { revision: 0 } });
  });

  it('freezes the op: what is sent is what was captured', async () => {
    const device = new Device();
    const { engine, binding } = await device.tab();
    const made = await engine.capture(binding, [
      present(1, { note: 'bus', act_id: 'a', shown_state: 'late' }),
      { kind: 'participant', session_id: 5, first_name: 'Emil', last_name: '', group_id: 3, joined_on: '2026-11-20' },
    ]);
    device.clock.advance(3_600_000);
    await engine.drain();
    expect(device.server.batches[0]!.operations).toEqual(made);
    expect(made[0]).toEqual({
      op_id: made[0]!.op_id,
      seq: 1,
      kind: 'presence',
      session_id: 5,
      participant_id: 1,
      base: { revision: 0 },
      presence_state: 'present',
      note: 'bus',
      act_id: 'a',
      recorded_at: '2026-11-20T08:00:00.000Z',
    });
    expect(made[1]).not.toHaveProperty('session_id');
  });

  it('keeps a person who was added here under one key, before and after he has a number', async () => {
    const device = new Device();
    const { engine, binding } = await device.tab();
    device.server.judge = (op) => (op.kind === 'participant' ? { participant_id: 44 } : { revision: 1 });
    const [made] = await engine.capture(binding, [
      { kind: 'participant', session_id: 5, first_name: 'Emil', last_name: 'K', group_id: 3 },
    ]);
    const ref = { op: made!.op_id };
    const [mark] = await engine.capture(binding, [{ ...present(0), participant_id: ref }]);
    expect(mark).toMatchObject({ participant_id: ref });
    await engine.drain();
    expect((await engine.opsOfSession(binding, 5)).map((row) => row.person)).toEqual([44, 44]);
    // By his number, as a page calls him that the server drew meanwhile: still named by the operation, on what was settled.
    const [again] = await engine.capture(binding, [present(44)]);
    expect(again).toMatchObject({ participant_id: ref, base: { revision: 1 } });
  });

  it('names whoever was added here by that operation in every register', async () => {
    const device = new Device();
    const { engine, binding } = await device.tab();
    device.server.judge = (op) => (op.kind === 'participant' ? { participant_id: 77 } : { revision: 1 });
    const [made] = await engine.capture(binding, [
      { kind: 'participant', session_id: 5, first_name: 'Ann', last_name: 'K', group_id: 3 },
    ]);
    await engine.drain();
    const [mark] = await engine.capture(binding, [present(77, { session_id: 6 })]);
    expect(mark).toMatchObject({ session_id: 6, participant_id: { op: made!.op_id }, base: { revision: 0 } });
    expect((await engine.opsOfSession(binding, 6)).map((row) => row.person)).toEqual([77]);
    const [other] = await engine.capture(binding, [present(78, { session_id: 6 })]);
    expect(other).toMatchObject({ participant_id: 78 });
  });

  it('gives his number up when a restored server gave it to somebody else', async () => {
    const device = new Device();
    const { engine, binding } = await device.tab();
    const add = (first_name: string) =>
      engine.capture(binding, [{ kind: 'participant', session_id: 5, first_name, last_name: 'K', group_id: 3 }]);
    let number = 77;
    device.server.judge = (op) => (op.kind === 'participant' ? { participant_id: number } : { revision: 1 });
    const [ann] = await add('Ann');
    await engine.drain();
    // Marked as the page of the other register calls her; 76 was marked there as well.
    const [mark] = await engine.capture(binding, [present(77, { session_id: 6 })]);
    await engine.capture(binding, [present(76, { session_id: 6 })]);
    device.server.kept.clear();
    device.server.seqs.clear();
    device.server.epoch = 'epoch-2';
    number = 78;
    await engine.wake(true);
    expect(mark).toMatchObject({ participant_id: { op: ann!.op_id } });
    expect((await engine.opsOfSession(binding, 6)).map((row) => row.person)).toEqual([78, 76]);
    // 77 is whom the server calls so now.
    const [later] = await engine.capture(binding, [present(77, { session_id: 6 })]);
    expect(later).toMatchObject({ participant_id: 77 });
    expect(await engine.capture(binding, [present(78)])).toMatchObject([{ participant_id: { op: ann!.op_id } }]);
    // Somebody who is offered again moves nobody but himself.
    number = 79;
    device.server.kept.clear();
    device.server.epoch = 'epoch-3';
    await engine.wake(true);
    expect((await engine.opsOfSession(binding, 6)).map((row) => row.person)).toEqual([79, 76, 77]);
  });

  it('takes a person whose act came twice once', async () => {
    const device = new Device();
    const { engine, binding } = await device.tab();
    const op_id = '00000000-0000-8000-8000-0000000000aa';
    const person = { kind: 'participant' as const, session_id: 5, first_name: 'Ann', last_name: 'K', group_id: 3 };
    const [first] = await engine.capture(binding, [{ ...person, op_id }]);
    expect(first).toMatchObject({ op_id, seq: 1 });
    expect(await engine.capture(binding, [{ ...person, op_id }])).toEqual([first]);
    await engine.drain();
    expect(await engine.capture(binding, [{ ...person, op_id }])).toEqual([first]);
    const [next] = await engine.capture(binding, [person]);
    expect(next!.seq).toBe(2);
    expect(await device.rows(binding)).toHaveLength(2);
    // Refused under its id, it would be refused again: the act is a new one.
    device.server.judge = () => ({ outcome: 'rejected', code: 'unknown_target' });
    const refused = { ...person, op_id: '00000000-0000-8000-8000-0000000000bb' };
    await engine.capture(binding, [refused]);
    await engine.drain();
    const [fresh] = await engine.capture(binding, [refused]);
    expect(fresh!.op_id).not.toBe(refused.op_id);
    expect(fresh!.seq).toBe(4);
  });

  it('locks when nobody signed in for too long, and opens again by a handshake', async () => {
    const device = new Device();
    const { engine, binding } = await device.tab();
    await engine.drain();
    device.clock.advance(73 * 3_600_000);
    expect((await engine.state()).problem).toBe('locked');
    const refused = await engine.capture(binding, [present(1)]).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(CaptureError);
    expect(refused).toMatchObject({ reason: 'locked' });
    await engine.wake();
    await engine.capture(binding, [present(1)]);
    expect((await engine.state()).problem).toBe(null);
  });

  it('measures the lock by its own clock, however wrong that is', async () => {
    const device = new Device();
    const { engine, binding } = await device.tab(BRUNO, { now: () => device.clock.now - 40 * 86_400_000 });
    await engine.drain();
    device.clock.advance(71 * 3_600_000);
    await engine.capture(binding, [present(1)]);
    device.clock.advance(2 * 3_600_000);
    await expect(engine.capture(binding, [present(1)])).rejects.toMatchObject({ reason: 'locked' });
  });
});
