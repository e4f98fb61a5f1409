/** What the person is told of this device: counts, disputes, the next try, other accounts. */
import { describe, expect, it, jest } from '@jest/globals';
import { newestOf } from '../../static/js/sync/count.js';
import { BRUNO, CLARA, Device, present, refusal, until } from './device.js';

async function opened() {
  const device = new Device();
  const { engine, binding } = await device.tab();
  return { device, engine, binding };
}
const NORA = { kind: 'participant' as const, session_id: 5, first_name: 'Nora', last_name: 'Guest', group_id: 2 };

describe('what is counted', () => {
  it('is marks, however often each was tapped, and people who were added', async () => {
    const { engine, binding } = await opened();
    const [nora] = await engine.capture(binding, [NORA]);
    await engine.capture(binding, [present(1), present(2), present(3, { session_id: 6 })]);
    await engine.capture(binding, [present(1, { presence_state: null }), present(2, { presence_state: 'late' })]);
    await engine.capture(binding, [
      present(1, { presence_state: 'absent' }),
      present(0, { participant_id: { op: nora!.op_id } }),
    ]);
    const state = await engine.state();
    expect(state).toMatchObject({ waiting: 5, people: 1 });
    expect([...state.inSession]).toEqual([
      [5, { waiting: 4, people: 1 }],
      [6, { waiting: 1, people: 0 }],
    ]);
    expect(await engine.waiting()).toBe(5);
    const items = await engine.list(binding);
    expect(items.map(({ row, person }) => ('presence_state' in row.op ? row.op.presence_state : person))).toEqual([
      'Nora Guest',
      'absent',
      'late',
      'present',
      'present',
    ]);
  });

  it('is what has to be typed to delete it, and all taps go', async () => {
    const { device, engine, binding } = await opened();
    for (const presence_state of ['present', null, 'late'])
      await engine.capture(binding, [present(1, { presence_state })]);
    expect(await engine.discard(binding, 3)).toBe(false);
    expect(await engine.discard(binding, 1)).toBe(true);
    expect(await device.rows(binding)).toEqual([]);
  });

  it('is one refused mark for several taps of a cell, which leaves the list as a whole', async () => {
    const { device, engine, binding } = await opened();
    device.server.judge = () => ({ outcome: 'rejected', code: 'unknown_target' });
    await engine.capture(binding, [present(1)]);
    await engine.drain();
    await engine.capture(binding, [present(1, { presence_state: 'late' }), present(2)]);
    await engine.drain();
    expect(await engine.state()).toMatchObject({ waiting: 0, refused: 2 });
    const [first] = await engine.list(binding);
    await engine.dismiss(binding, first!.row.op_id);
    expect((await device.rows(binding)).map((row) => row.status)).toEqual(['dismissed', 'dismissed', 'refused']);
    expect(await engine.state()).toMatchObject({ refused: 1 });
  });

  it('holds what cannot be read apart', () => {
    const broken = (key: number) => ({ key, op: null }) as never;
    expect(newestOf([broken(1), broken(2)])).toHaveLength(2);
  });
});

describe('what needs a decision', () => {
  const current = {
    presence_state: 'late',
    revision: 5,
    note: null,
    recorded_by: 'Ana',
    received_at: '',
    disputed: true,
  };

  async function clashed() {
    const made = await opened();
    made.device.server.judge = () => ({ outcome: 'conflict', revision: 5, conflict_id: 3, current });
    await made.engine.capture(made.binding, [present(1), present(2)]);
    await made.engine.capture(made.binding, [present(1, { presence_state: 'absent' })]);
    await made.engine.drain();
    return made;
  }
  const disputed = async ({ engine }: Awaited<ReturnType<typeof clashed>>) => (await engine.state()).disputed;
  const cell = (participant_id: number, revision: number, more = {}) => ({
    session_id: 5,
    participant_id,
    revision,
    disputed: false,
    ...more,
  });

  it('is told outside the register: how many, whom it is about, and what the other one marked', async () => {
    const made = await clashed();
    expect(await disputed(made)).toBe(2);
    const items = (await made.engine.list(made.binding)).filter(({ row }) => row.status === 'settled');
    expect(items.map(({ row }) => [row.person, 'presence_state' in row.op && row.op.presence_state])).toEqual([
      [2, 'present'],
      [1, 'absent'],
    ]);
    expect(items[0]!.row.current).toEqual(current);
  });

  it('is told no more when the person chose, either way', async () => {
    const made = await clashed();
    await made.engine.withdraw(made.binding, (await made.engine.list(made.binding))[0]!.row.op_id);
    expect(await disputed(made)).toBe(1);
    made.device.server.judge = () => ({ outcome: 'applied', revision: 6 });
    await made.engine.capture(made.binding, [present(1, { shown_revision: 5 })]);
    expect(await disputed(made)).toBe(0);
    await made.engine.drain();
    expect(await disputed(made)).toBe(0);
  });

  it('is told no more when somebody else decided, as soon as the server tells the cell', async () => {
    const made = await clashed();
    // An answer from before the dispute, and one that says that it goes on.
    const before = made.device.clock.now - 1;
    await made.engine.heard(made.binding, [cell(1, 5), cell(2, 6, { disputed: true }), cell(3, 9)], before);
    expect(await disputed(made)).toBe(2);
    await made.engine.heard(made.binding, [cell(1, 6)], before);
    expect(await disputed(made)).toBe(1);
    expect((await made.engine.list(made.binding)).map(({ row }) => row.person)).toEqual([2]);
  });

  it('is told no more when it was withdrawn on another device, which makes no revision', async () => {
    const made = await clashed();
    const after = made.device.clock.now + 1;
    // It goes on, or it is the server of a backup that tells it.
    await made.engine.heard(made.binding, [cell(1, 5, { disputed: true }), cell(2, 4)], after);
    expect(await disputed(made)).toBe(2);
    await made.engine.heard(made.binding, [cell(1, 5)], after);
    expect((await made.engine.list(made.binding)).map(({ row }) => row.person)).toEqual([2]);
  });

  it('is all of it, however much clashed at once, and what was settled takes no room', async () => {
    const { device, engine, binding } = await opened();
    device.server.judge = () => ({ outcome: 'conflict', revision: 5, conflict_id: 3, current });
    await engine.capture(
      binding,
      Array.from({ length: 300 }, (_, person) => present(person + 1)),
    );
    await engine.drain();
    expect((await engine.state()).disputed).toBe(300);
    device.server.judge = () => ({ outcome: 'applied', revision: 6 });
    await engine.capture(
      binding,
      Array.from({ length: 250 }, (_, person) => present(person + 1, { shown_revision: 5 })),
    );
    await engine.drain();
    expect((await engine.state()).disputed).toBe(50);
    expect((await device.rows(binding)).filter((row) => row.disputed)).toHaveLength(50);
  });

  it('is told again when the mark that was to settle it is deleted before it was sent', async () => {
    const made = await clashed();
    made.device.server.rule = () => refusal(503, 'unavailable');
    await made.engine.capture(made.binding, [present(1, { shown_revision: 5 })]);
    expect(await disputed(made)).toBe(1);
    await made.engine.discard(made.binding, 1);
    expect(await disputed(made)).toBe(2);
  });
});

describe('who hears of a change', () => {
  it('is everybody, also after one who failed', async () => {
    const { engine, binding } = await opened();
    jest.spyOn(console, 'error').mockReturnValue();
    const end = engine.subscribe(() => {
      throw new RangeError('Invalid time zone specified: Europe/Kyiv');
    });
    const heard: number[] = [];
    engine.subscribe(({ waiting }) => heard.push(waiting));
    await engine.capture(binding, [present(1)]);
    await until(() => heard.at(-1) === 1);
    end();
    jest.restoreAllMocks();
  });

  it('hears what is so now once for many changes, and never too few', async () => {
    const { engine, binding } = await opened();
    const heard: number[] = [];
    engine.subscribe(({ waiting }) => heard.push(waiting));
    await until(() => heard.length > 0);
    await Promise.all(Array.from({ length: 50 }, (_, person) => engine.capture(binding, [present(person + 1)])));
    await until(() => heard.at(-1) === 50);
    expect(heard.length).toBeLessThan(40);
  });
});

describe('what the worker counts', () => {
  it('is of whoever is asked for, whoever it entered itself', async () => {
    const device = new Device();
    const worker = await device.tab(BRUNO);
    await worker.engine.capture(worker.binding, [present(1), present(2), present(3)]);
    const page = await device.tab(CLARA);
    await page.engine.capture(page.binding, [present(1)]);
    const current = await worker.engine.currentBinding();
    expect(await worker.engine.waiting(current!.binding)).toBe(1);
    expect(await worker.engine.waiting()).toBe(4);
  });
});

describe('the next try without network', () => {
  /** The waits of 12 attempts that fail, with the longest jitter. */
  async function waits(visible: boolean, answer: () => Promise<Response> | Response): Promise<number[]> {
    const device = new Device();
    const { engine, binding } = await device.tab(BRUNO, { visible: () => visible, random: () => 1 });
    await engine.drain();
    await engine.capture(binding, [present(1)]);
    device.server.rule = answer;
    await engine.drain();
    const found: number[] = [];
    for (let turn = 0; turn < 12; turn++) {
      const wait = device.clock.next()!;
      found.push(wait);
      expect((await engine.state()).nextTryAt).toBe(device.clock.now + wait);
      const sent = device.server.batches.length + device.server.handshakes;
      device.clock.advance(wait);
      await until(() => device.server.batches.length + device.server.handshakes > sent && device.clock.next() !== null);
      await until(async () => ((await engine.state()).nextTryAt ?? 0) > device.clock.now);
    }
    return found;
  }
  const gone = () => Promise.reject<Response>(new TypeError('failed'));

  it('comes after 15 seconds at most while somebody looks, because no browser need tell that the network is back', async () => {
    expect(Math.max(...(await waits(true, gone)))).toBe(15_000);
  });

  it('comes later where nobody looks, and where the server itself said no', async () => {
    expect(Math.max(...(await waits(false, gone)))).toBe(300_000);
    expect(Math.max(...(await waits(true, () => refusal(503, 'unavailable'))))).toBe(300_000);
    const page = () => new Response('<h1>Bad gateway</h1>', { status: 502, headers: { 'content-type': 'text/html' } });
    expect(Math.max(...(await waits(true, page)))).toBe(300_000);
  });

  it('is told no more when something has been sent, or when nothing can be sent by this page any more', async () => {
    for (const answer of [undefined, () => refusal(426, 'protocol')]) {
      const { device, engine, binding } = await opened();
      await engine.drain();
      await engine.capture(binding, [present(1)]);
      device.server.rule = gone;
      await engine.drain();
      expect((await engine.state()).nextTryAt).toBeGreaterThan(device.clock.now);
      device.server.rule = answer ?? (() => undefined);
      await engine.wake();
      expect(await engine.state()).toMatchObject({ nextTryAt: null, waiting: answer ? 1 : 0 });
    }
  });
});

it('calls another account by its name, as its last page did, and tells nothing else of it', async () => {
  const device = new Device();
  const { engine, binding } = await device.tab();
  await engine.enter({ ...BRUNO, name: 'Bruno' });
  await engine.enter({ ...BRUNO, name: 'Bruno Brandt' });
  await engine.enter(BRUNO);
  await engine.capture(binding, [NORA, present(1)]);
  await engine.capture(binding, [present(1, { presence_state: 'late' })]);
  const other = await device.tab(CLARA);
  expect(await other.engine.foreign()).toEqual([{ binding, name: 'Bruno Brandt', waiting: 2, people: 1 }]);
});
