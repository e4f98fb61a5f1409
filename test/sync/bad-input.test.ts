import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AuditLog } from '../../src/platform/ledger/audit-log.entity.js';
import { PresenceOperation, PresenceRecord, SyncConflict } from '../../src/presence/index.js';
import { Participant } from '../../src/participants/index.js';
import { SyncClient, SyncHistory } from '../../src/sync/index.js';
import { type OpResult } from '../../src/sync/wire.js';
import { Device } from '../support/device.js';
import { World } from '../world.js';

/** Whatever a program may send to the door of devices: an answer of the protocol, nothing half-stored, and never a 500. */
let world: World;
let device: Device;
let session: number;
let group: number;
let people: number[];
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world?.close());
beforeEach(async () => {
  const register = await world.addRegister(world.school, 3);
  session = register.session.id;
  group = register.group.id;
  people = register.participants.map(({ id }) => id);
  device = await Device.open(world.bruno);
  device.seq = device.handshake.acknowledged_up_to;
});

/** How many rows stand in every table that a sync may write. */
const counts = () =>
  world.read(world.school, async (em) => ({
    cells: await em.count(PresenceRecord, {}),
    receipts: await em.count(PresenceOperation, {}),
    conflicts: await em.count(SyncConflict, {}),
    deliveries: await em.count(SyncHistory, {}),
    clients: await em.count(SyncClient, {}),
    people: await em.count(Participant, {}),
    audit: await em.count(AuditLog, {}),
  }));
const receiptOf = (op_id: string) =>
  world.read(world.school, (em) => em.findOne(PresenceOperation, { opId: op_id.toLowerCase() }));
const mark = (fields: object = {}) => device.mark(session, people[0]!, 'present', fields) as any;
const json = { 'content-type': 'application/json' };
const raw = (body: string | Uint8Array, headers: Record<string, string> = json) =>
  fetch(`${world.address}/api/sync`, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie: world.bruno.cookieHeader, ...headers },
    body: body as BodyInit,
  });

async function refuses(send: () => Promise<{ status: number }>, status: number, code?: string): Promise<void> {
  const before = await counts();
  const answer = (await send()) as { status: number; json?: any };
  const told: any = answer instanceof Response ? await answer.json() : answer.json;
  expect({ status: answer.status, code: told?.errors?.[0]?.code }).toEqual({ status, code: code ?? expect.anything() });
  expect(await counts()).toEqual(before);
}

describe('a batch that is none', () => {
  it.each([0, 2, -1, 99])('protocol %s: 426', (protocol) =>
    refuses(() => device.post([mark()], { protocol }), 426, 'protocol_unsupported'),
  );

  it.each(['1', null, undefined, 1.5, [1], {}, true])('protocol %j: 400', (protocol) =>
    refuses(() => device.post([mark()], { protocol }), 400, 'malformed'),
  );

  it('10 MB, 10,000 operations, 101 operations, 256 KiB and one byte: 413', async () => {
    await refuses(() => raw(`{"protocol":1,"x":"${'x'.repeat(10_000_000)}"}`), 413, 'too_large');
    const many = (count: number) => Array.from({ length: count }, () => ({ op_id: crypto.randomUUID() }));
    await refuses(() => device.post(many(10_000)), 413, 'too_large');
    await refuses(() => device.post(many(101)), 413, 'too_large');
    const empty = Buffer.byteLength(JSON.stringify(device.envelope([], { x: '' })));
    await refuses(() => device.post([], { x: 'x'.repeat(256 * 1024 - empty + 1) }), 413, 'too_large');
    expect((await device.post([], { x: 'x'.repeat(256 * 1024 - empty) })).status).toBe(200);
  });

  it.each([
    ['operations not a list', { operations: {} }],
    ['operations as text', { operations: '[]' }],
    ['no operations', { operations: undefined }],
    ['batch_id no UUID', { batch_id: '1' }],
    ['client_id no text', { client_id: 7 }],
    ['author_id no number', { author_id: '7' }],
    ['organization_id broken', { organization_id: 1.5 }],
    ['sent_at without offset', { sent_at: '2026-11-20T09:00:00' }],
    ['sent_at out of reach', { sent_at: '0001-01-01T00:00:00Z' }],
    ['sent_at no time', { sent_at: 'yesterday' }],
    ['max_seq negative', { max_seq: -1 }],
    ['max_seq without end', { max_seq: 1e300 }],
    ['on_behalf no flag', { on_behalf: 'yes' }],
  ])('%s: 400', (_, fields) => refuses(() => device.post([mark()], fields), 400, 'malformed'));

  it.each(['', '[]', '[[]]', '"text"', '1', 'null', '{', '{"protocol":1,}', '\u0000', '{"protocol":1}{}'])(
    'a body of %j: 400',
    (body) => refuses(() => raw(body), 400, 'malformed'),
  );

  it('nested so deeply that no stack holds it: no 500', async () => {
    const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
    for (const depth of [40, 5_000, 100_000, 2_000_000]) {
      const envelope = JSON.stringify(device.envelope([mark()]));
      for (const body of [
        nested(depth),
        envelope.replace('"operations":[', `"more":${nested(depth)},"operations":[`),
        envelope.replace('"kind":', `"more":${nested(depth)},"kind":`),
      ]) {
        const answer = await raw(body);
        // Megabytes of brackets are not even parsed: 2.5 s of everybody's time, measured.
        expect(depth > 1000 ? [400, 413] : [200, 400, 413]).toContain(answer.status);
        if (answer.status === 200) {
          const { results } = (await answer.json()) as { results: OpResult[] };
          for (const result of results) expect(['applied', 'merged', 'rejected', 'parked']).toContain(result.outcome);
        }
      }
    }
  });

  it('compressed: read like any other; broken, a bomb, an unknown coding: refused', async () => {
    const gzip = { ...json, 'content-encoding': 'gzip' };
    const bomb = gzipSync(`{"protocol":1,"x":"${' '.repeat(20_000_000)}"}`);
    expect(bomb.length).toBeLessThan(30_000);
    const op = mark();
    const good = gzipSync(JSON.stringify(device.envelope([op])));
    const answer = await raw(good, gzip);
    expect(answer.status).toBe(200);
    expect(((await answer.json()) as any).results).toMatchObject([{ outcome: 'applied' }]);
    const bytes = Uint8Array.from(good);
    await refuses(() => raw(bytes.slice(0, bytes.length - 20), gzip), 400, 'malformed');
    await refuses(() => raw(bytes.slice(5), gzip), 400, 'malformed');
    await refuses(() => raw('{"protocol":1}', gzip), 400, 'malformed');
    await refuses(() => raw(Uint8Array.from(bomb), gzip), 413, 'too_large');
    await refuses(() => raw(bytes, { ...json, 'content-encoding': 'zip' }), 415, 'unsupported_media_type');
  });

  it('of another kind: 415', async () => {
    const body = JSON.stringify(device.envelope([mark()]));
    await refuses(() => raw(body, { 'content-type': 'text/plain' }), 415, 'unsupported_media_type');
    await refuses(() => raw(body, { 'content-type': 'application/xml' }), 415, 'unsupported_media_type');
    await refuses(
      () => raw(body, { 'content-type': 'multipart/form-data; boundary=x' }),
      415,
      'unsupported_media_type',
    );
    await refuses(
      () => raw(body, { 'content-type': 'application/json; charset=klingon' }),
      415,
      'unsupported_media_type',
    );
    await refuses(() => raw('protocol=1', { 'content-type': 'application/x-www-form-urlencoded' }), 400, 'malformed');
  });

  it('signed out, across sites, by other methods', async () => {
    const body = device.envelope([mark()]);
    await refuses(() => world.visitor().post('/api/sync', body), 401, 'login_required');
    await refuses(() => world.visitor().get('/api/sync/handshake'), 401, 'login_required');
    await refuses(() => raw(JSON.stringify(body), { ...json, 'sec-fetch-site': 'cross-site' }), 403, 'cross_site');
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE'])
      await refuses(() => world.bruno.send(method, '/api/sync', method === 'GET' ? undefined : body), 404, 'not_found');
  });

  it('of somebody else: 409, 403', async () => {
    const body = (fields: object) => () => device.post([mark()], fields);
    await refuses(body({ organization_id: world.other.organization.id }), 409, 'wrong_organization');
    await refuses(body({ organization_id: 999_999_999 }), 409, 'wrong_organization');
    await refuses(body({ author_id: world.school.user.ana!.id }), 409, 'wrong_user');
    await refuses(body({ author_id: world.other.user.clara!.id }), 409, 'wrong_user');
    await refuses(body({ author_id: world.school.user.ana!.id, on_behalf: true }), 403, 'permission_denied');
    await refuses(body({ client_id: crypto.randomUUID() }), 409, 'client_unknown');
    for (const client_id of ['\u0000', '\ud800', '%', "' or 1=1 --", '😀'.repeat(18)])
      await refuses(body({ client_id }), 409, 'client_unknown');
    // A client of somebody else, and an author of another organization, are as unknown as any.
    const ana = await Device.open(world.ana);
    await refuses(body({ client_id: ana.handshake.client_id }), 409, 'client_unknown');
    const forged = ana.envelope([], { on_behalf: true, author_id: world.other.user.clara!.id });
    await refuses(() => world.ana.post('/api/sync', forged), 409, 'client_unknown');
  });
});

describe('an operation that is none, among others', () => {
  const broken: [string, (op: any) => unknown][] = [
    ['null', () => null],
    ['a text', () => 'mark'],
    ['a list', (op) => [op]],
    ['a number', () => 7],
    ['op_id no UUID', (op) => ({ ...op, op_id: 'x' })],
    ['op_id missing', ({ op_id: _, ...op }) => op],
    ['seq negative', (op) => ({ ...op, seq: -5 })],
    ['seq zero', (op) => ({ ...op, seq: 0 })],
    ['seq a fraction', (op) => ({ ...op, seq: 1.5 })],
    ['seq without end', (op) => ({ ...op, seq: Number.MAX_SAFE_INTEGER })],
    ['seq text', (op) => ({ ...op, seq: '7' })],
    ['an unknown kind', (op) => ({ ...op, kind: 'session' })],
    ['no base', ({ base: _, ...op }) => op],
    ['a base below zero', (op) => ({ ...op, base: { revision: -1 } })],
    ['a base without end', (op) => ({ ...op, base: { revision: 1e15 } })],
    ['a person of both kinds', (op) => ({ ...op, participant_id: [people[0]] })],
    ['a person below zero', (op) => ({ ...op, participant_id: -1 })],
    ['recorded_at missing', ({ recorded_at: _, ...op }) => op],
    ['recorded_at out of reach', (op) => ({ ...op, recorded_at: '0000-01-01T00:00:00Z' })],
    ['arrived_at no time', (op) => ({ ...op, arrived_at: '9 am' })],
    ['a note of 100 KB', (op) => ({ ...op, note: 'n'.repeat(100_000) })],
    ['a note with NUL', (op) => ({ ...op, note: 'a\u0000b' })],
    ['half a character in the note', (op) => ({ ...op, note: 'a\ud83d' })],
    ['half a character in a name', (op) => ({ ...op, ['x\udc00']: 1 })],
    ['a state that is no text', (op) => ({ ...op, presence_state: 1 })],
    ['an empty state', (op) => ({ ...op, presence_state: ' ' })],
    ['a field of 100 KB that nobody knows', (op) => ({ ...op, more: 'x'.repeat(100_000) })],
  ];

  it.each(broken)('%s: rejected, and the others go on', async (_, breaks) => {
    const op = mark();
    const bad = breaks(op) as any;
    const good = [device.mark(session, people[1]!, 'late') as any, device.mark(session, people[2]!, 'absent') as any];
    const { results } = await device.send([good[0], bad, good[1]]);
    expect(results).toMatchObject([
      { op_id: good[0].op_id, outcome: 'applied' },
      { outcome: 'rejected', code: 'invalid', revision: null },
      { op_id: good[1].op_id, outcome: 'applied' },
    ]);
    // Its receipt, where it can have one, holds nothing of what it said, and answers when it comes again.
    const receipt = await receiptOf(op.op_id);
    if (bad?.op_id === op.op_id) {
      expect(receipt).toMatchObject({ outcome: 'rejected', body: '', session: null, participant: null });
      expect((await device.send([bad])).results).toMatchObject([{ outcome: 'duplicate', first: 'rejected' }]);
    } else expect(receipt).toBeNull();
    expect(await world.read(world.school, (em) => em.count(PresenceRecord, { session }))).toBe(2);
  });

  it('numbers that JSON can write and nobody can read', async () => {
    for (const number of ['1e999', '-1e999']) {
      const op = mark();
      const body = JSON.stringify(device.envelope([{ ...op, more: 'NUMBER' }])).replace('"NUMBER"', number);
      const answer = await raw(body);
      expect(answer.status).toBe(200);
      expect(((await answer.json()) as any).results[0]).toMatchObject({ op_id: op.op_id, outcome: 'rejected' });
    }
  });

  it('the same number twice, with different ids: both judged, both flagged', async () => {
    const one = mark();
    const two = { ...(device.mark(session, people[1]!, 'late') as any), seq: one.seq };
    const { results } = await device.send([one, two]);
    expect(results).toMatchObject([
      { outcome: 'applied', flags: ['seq_reuse'] },
      { outcome: 'applied', flags: ['seq_reuse'] },
    ]);
    const three = { ...(device.mark(session, people[2]!, 'late') as any), seq: one.seq };
    expect(await device.one(three)).toMatchObject({ outcome: 'applied', flags: ['seq_reuse'] });
  });

  it('the same operation twice in one batch: once', async () => {
    const op = mark();
    const { results } = await device.send([op, op, { ...op, op_id: op.op_id.toUpperCase() }]);
    expect(results).toMatchObject([{ outcome: 'applied' }, { outcome: 'duplicate' }, { outcome: 'duplicate' }]);
  });

  it('a state that does not exist is parked, in any writing', async () => {
    for (const state of ['levitating', 'PRESENT', "present' --", 'présent', '😀'])
      expect(await device.one(mark({ presence_state: state }))).toMatchObject({
        outcome: 'parked',
        code: 'state_unknown',
      });
  });

  it('operations that stand on themselves or on each other wait, and hold up nothing', async () => {
    const self = mark();
    self.base = { op: self.op_id };
    const [one, two] = [mark(), mark()];
    one.base = { op: two.op_id };
    two.base = { op: one.op_id };
    const { results } = await device.send([self, one, two]);
    expect(results.map(({ outcome, code }) => `${outcome} ${code}`)).toEqual(Array(3).fill('parked missing_base'));
    expect(await device.one(device.mark(session, people[0]!, 'late'))).toMatchObject({ outcome: 'applied' });
  });

  it('a clock in 1970 and one in 2099 refuse nothing', async () => {
    for (const [at, year] of [1970, 2099].entries()) {
      const time = `${year}-01-02T00:00:00Z`;
      const op = device.mark(session, people[at]!, 'present', { recorded_at: time });
      const { results } = await device.send([op], { sent_at: time });
      expect(results).toMatchObject([{ outcome: 'applied', flags: ['clock_invalid'] }]);
    }
  });

  it('a person with an impossible name or day: rejected; nobody is added', async () => {
    const before = await world.read(world.school, (em) => em.count(Participant, {}));
    for (const fields of [
      { first_name: '' },
      { first_name: 'n'.repeat(101) },
      { first_name: 7 },
      { first_name: '\u202e\u200b' },
      { joined_on: '2026-02-30' },
      { joined_on: '0001-01-01' },
      { group_id: 'x' },
      { group_id: 999_999_999 },
    ]) {
      const op = device.person(group, 'New', 'Here', fields);
      expect(await device.one(op)).toMatchObject({ op_id: op.op_id, outcome: 'rejected' });
    }
    expect(await world.read(world.school, (em) => em.count(Participant, {}))).toBe(before);
  });
});

describe('anything at all', () => {
  /** Values that programs send by mistake, and those that somebody sends on purpose. */
  const odd = fc.oneof(
    fc.constantFrom<unknown>(null, true, '', '\u0000', '\ud800', 0, -1, 1.5, 1e308, -0, [], {}, [null], { op: 'x' }),
    fc.constantFrom<unknown>({ op: crypto.randomUUID() }, '__proto__', 'constructor', Number.MAX_SAFE_INTEGER, 2 ** 53),
    fc.constantFrom<unknown>('1970-01-01T00:00:00Z', '9998-12-31T23:59:59+14:00', '2026-11-20T25:00:00Z'),
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.integer(),
    fc.jsonValue(),
  );
  const change = fc.record({ op: fc.nat(3), field: fc.nat(20), value: odd, drop: fc.boolean() });

  it('is answered, and never with a 500; what was answered for good is known when it comes again', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), fc.boolean(), async (changes, around) => {
        const first = mark();
        const ops: any[] = [
          first,
          device.mark(session, people[1]!, 'late', {
            note: 'a note',
            arrived_at: device.time(),
            act_id: crypto.randomUUID(),
          }),
          device.person(group, 'New', 'Here', { identifier: crypto.randomUUID(), joined_on: '2026-11-20' }),
          device.mark(session, people[0]!, 'late', { base: { op: first.op_id } }),
        ];
        const envelope: any = device.envelope(ops);
        for (const { op, field, value, drop } of changes) {
          const target = around ? envelope : ops[op];
          const name = [...Object.keys(target), '__proto__', 'more'][field % (Object.keys(target).length + 2)]!;
          if (drop) delete target[name];
          else Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
        }
        const answer = await world.bruno.post('/api/sync', envelope);
        expect([200, 400, 409, 413, 426, 403]).toContain(answer.status);
        if (answer.status !== 200) return expect(answer.json.errors).toHaveLength(1);
        const results = answer.json.results as OpResult[];
        expect(results).toHaveLength(envelope.operations.length);
        expect(results.map(({ outcome }) => outcome)).not.toContain('retry');
        const again = await world.bruno.post('/api/sync', envelope);
        for (const [at, result] of (again.json.results as OpResult[]).entries())
          if (result.op_id) expect([result.op_id, result.outcome]).toEqual([results[at]!.op_id, 'duplicate']);
      }),
      { numRuns: Number(process.env.FUZZ_RUNS ?? 150), interruptAfterTimeLimit: 20_000 },
    );
  }, 60_000);
});
