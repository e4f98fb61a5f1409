import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FINAL_OUTCOMES } from '../../src/sync/wire.js';
import { type Engine } from '../../static/js/sync/engine.js';
import { Device, json, ofRequest, present, refusal, START } from './device.js';

const steps = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('capture' as const),
      people: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      outcomes: fc.array(fc.constantFrom(...FINAL_OUTCOMES, 'retry', 'absent', 'garbage'), {
        minLength: 1,
        maxLength: 6,
      }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('lose' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('refuse' as const),
      status: fc.constantFrom(400, 401, 403, 404, 409, 413, 426, 429, 500, 503, 204),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('html' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restore' as const), known: fc.integer({ min: 0, max: 3 }) }) },
);

describe('the outbox', () => {
  it('loses no op to any sequence of answers: each leaves only for a final outcome of its own', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { maxLength: 25 }), async (list) => {
        const device = new Device();
        let engine: Engine;
        let binding: string;
        const captured: string[] = [];
        /** What reached the device of each op, over all answers. */
        const final = new Map<string, Set<string>>();
        const real = device.server.fetch;
        device.server.fetch = async (address, init) => {
          const response = await real(address, init);
          const body = await response
            .clone()
            .json()
            .catch(() => null);
          for (const { op_id, outcome } of body?.results ?? [])
            final.set(op_id, (final.get(op_id) ?? new Set()).add(outcome));
          return response;
        };
        ({ engine, binding } = await device.tab());
        for (const step of list) {
          device.server.rule = () => undefined;
          device.clock.advance(400_000);
          if (step.do === 'capture') {
            const made = await engine.capture(
              binding,
              step.people.map((id) => present(id)),
            );
            captured.push(...made.map((op) => op.op_id));
            continue;
          }
          if (step.do === 'reopen') {
            engine.close();
            ({ engine, binding } = await device.tab());
            continue;
          }
          if (step.do === 'restore') {
            device.server.kept = new Map([...device.server.kept].slice(0, step.known));
            device.server.seqs = new Set([...device.server.seqs].slice(0, step.known));
            device.server.epoch = `epoch-${device.clock.now}`;
            continue;
          }
          device.server.rule = ({ envelope, process }) => {
            if (!envelope) return undefined;
            if (step.do === 'lose') {
              process();
              throw new TypeError('lost');
            }
            if (step.do === 'html') return new Response('<html>', { headers: { 'content-type': 'text/html' } });
            if (step.do === 'refuse')
              return step.status === 204
                ? new Response(null, { status: 204 })
                : refusal(step.status, step.status === 409 ? 'wrong_user' : 'x');
            const results = envelope.operations.flatMap((op, at) => {
              const outcome = step.outcomes[at % step.outcomes.length]!;
              if (outcome === 'absent') return [];
              const result = {
                op_id: op.op_id,
                outcome,
                revision: 1,
                code: null,
                flags: [],
                conflict_id: null,
              } as never;
              if ((FINAL_OUTCOMES as readonly string[]).includes(outcome)) {
                device.server.kept.set(op.op_id, result);
                device.server.seqs.add(op.seq);
              }
              return [result];
            });
            return json(200, { protocol: 1, batch_id: envelope.batch_id, results });
          };
          await engine.wake();
        }
        const rows = await device.rows(binding);
        expect(rows.map((row) => row.op_id)).toEqual(captured);
        expect(rows.map((row) => row.seq)).toEqual(captured.map((_, at) => at + 1));
        for (const row of rows) {
          if (row.status === 'waiting') expect(row.outcome).toBe(null);
          else expect(final.get(row.op_id)).toContain(row.outcome);
        }
        // And when the network is good again, nothing is left.
        device.server.rule = () => undefined;
        for (let turn = 0; turn < 5; turn++) {
          device.clock.advance(4_000_000);
          await engine.wake();
        }
        expect((await engine.state()).waiting).toBe(0);
        // A refused op stays on the device, where the person reads it; a restored server is not asked about it again.
        for (const { op_id, status } of await device.rows(binding))
          expect(status === 'refused' || device.server.kept.has(op_id)).toBe(true);
        engine.close();
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});

describe('a database of the version before', () => {
  it('is opened with all that waits in it, and an old tab that still has it open is no obstacle', async () => {
    const device = new Device();
    const request = device.indexedDB.open('omnipresence', 1);
    request.onupgradeneeded = () => {
      const db = request.result;
      db.createObjectStore('bindings', { keyPath: 'binding' });
      const ops = db.createObjectStore('ops', { keyPath: 'key', autoIncrement: true });
      ops.createIndex('op', ['binding', 'op_id'], { unique: true });
      ops.createIndex('status', ['binding', 'status', 'seq']);
      ops.createIndex('cell', ['binding', 'session', 'person']);
      ops.createIndex('number', ['binding', 'participant_id']);
      db.createObjectStore('names', { keyPath: ['binding', 'kind', 'id'] });
      db.createObjectStore('meta');
    };
    const old = await ofRequest(request);
    old.onversionchange = () => old.close();
    const op = {
      kind: 'presence',
      op_id: '00000000-0000-7000-8000-0000000000aa',
      seq: 1,
      session_id: 5,
      participant_id: 1,
      base: { revision: 0 },
      presence_state: 'present',
      recorded_at: new Date(START).toISOString(),
    };
    const inCell = { binding: '1:7', op_id: op.op_id, seq: 1, session: 5, person: 1 };
    const write = old.transaction(['ops', 'bindings'], 'readwrite');
    write.objectStore('ops').add({ ...inCell, op, status: 'waiting', captured_at: START });
    write.objectStore('bindings').add({ binding: '1:7', organization: 1, user: 7, next_seq: 2, client_id: '' });
    await new Promise((done) => (write.oncomplete = done));

    const { engine, binding } = await device.tab();
    expect(binding).toBe('1:7');
    expect(await engine.state()).toMatchObject({ waiting: 1, disputed: 0 });
    const [next] = await engine.capture(binding, [present(2)]);
    expect(next).toMatchObject({ seq: 2 });
  });
});
