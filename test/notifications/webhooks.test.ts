import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WebhookDelivery } from '../../src/notifications/index.js';
import { isPublic } from '../../src/notifications/webhooks/addresses.js';
import { DeliverJob, PAUSES_S } from '../../src/notifications/webhooks/deliver.job.js';
import {
  DELIVERED_DAYS,
  ForgetDeliveriesJob,
  UNSENT_DAYS,
} from '../../src/notifications/webhooks/forget-deliveries.job.js';
import { signatureOf } from '../../src/notifications/webhooks/send.js';
import { clock } from '../../src/platform/clock.js';
import { Outbox } from '../../src/platform/ledger/outbox.entity.js';
import { Relay } from '../../src/platform/ledger/relay.js';
import { World } from '../world.js';

interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

let world: World;
let receiver: Server;
let address: string;
const received: Received[] = [];
/** What the receiver answers, by path; 200 where nothing is said. */
const answers = new Map<string, number>();
const now = clock.now;

beforeAll(async () => {
  world = await World.open();
  world.config.webhooksToPrivate = true;
  receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => (body += part));
    request.on('end', () => {
      const path = request.url!;
      received.push({ path, headers: request.headers, body });
      response.writeHead(answers.get(path) ?? 200, { location: 'http://127.0.0.1:1/elsewhere' });
      response.end('a word of the receiver');
    });
  });
  await new Promise<void>((done) => receiver.listen(0, '127.0.0.1', done));
  address = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
});
afterAll(async () => {
  receiver.close();
  await world.close();
});

const HOOKS = '/api/admin/webhooks';
let serial = 0;
async function hook(facts = ['presence.recorded', 'presence.corrected', 'session.ended'], visitor = world.ana) {
  const path = `/hook-${++serial}`;
  const { status, json } = await visitor.post(HOOKS, { name: 'Timetable', url: address + path, facts });
  expect(status).toBe(201);
  return { ...json.data, path } as { id: number; secret: string; path: string };
}
/** Hands on and sends what is due, until nothing is. */
async function deliver() {
  await world.app.get(Relay).round();
  while (await world.app.get(DeliverJob).round());
  // The timer of this very process may hold some of them: they are on their way until their claim is given back.
  const claimed = () => world.read(world.school, (em) => em.count(WebhookDelivery, { claimedUntil: { $ne: null } }));
  for (const end = Date.now() + 10_000; (await claimed()) > 0 && Date.now() < end;)
    await new Promise((done) => setTimeout(done, 20));
}
const of = (path: string) => received.filter((each) => each.path === path);
const deliveriesOf = async (id: number) => (await world.ana.get(`${HOOKS}/${id}/deliveries`)).json.data;
/** Delivers as if it were so much later. Milliseconds. Nobody is signed in for so long, so people act at their own time. */
async function deliverLater(ms: number) {
  const then = Date.now() + ms;
  clock.now = () => new Date(then);
  try {
    await deliver();
  } finally {
    clock.now = now;
  }
}
const off = (id: number) => world.ana.delete(`${HOOKS}/${id}`);

describe('a webhook', () => {
  it('is told of marks, corrections and ends, each once, signed so that the receiver can tell', async () => {
    const { id, secret, path } = await hook();
    const { session, participants } = await world.addRegister(world.school, 2);
    const mark = { session_id: session.id, participant_id: participants[0]!.id, presence_state: 'late' };
    const record = (await world.bruno.post('/api/presence', mark)).json.data;
    await world.bruno.put(`/api/presence/${record.id}`, {
      presence_state: 'present',
      reason: 'was there',
      revision: 1,
    });
    await world.bruno.patch(`/api/sessions/${session.id}/end`, {});
    // Said again: nothing happened.
    await world.bruno.patch(`/api/sessions/${session.id}/end`, {});
    await deliver();
    await deliver();
    const told = of(path).map(({ body }) => JSON.parse(body));
    expect(told.map(({ type }) => type)).toEqual(['presence.recorded', 'presence.corrected', 'session.ended']);
    expect(told[0].data).toEqual(record);
    expect(told[1].data).toMatchObject({ id: record.id, presence_state: 'present', revision: 2 });
    expect(told[2].data).toMatchObject({ id: session.id, status: 'ended' });
    for (const { headers, body } of of(path)) {
      const timestamp = Number(headers['webhook-timestamp']);
      expect(Math.abs(Date.now() / 1000 - timestamp)).toBeLessThan(60);
      const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
      const expected = createHmac('sha256', key)
        .update(`${headers['webhook-id']}.${timestamp}.${body}`)
        .digest('base64');
      expect(headers['webhook-signature']).toBe(`v1,${expected}`);
    }
    expect(new Set(of(path).map(({ headers }) => headers['webhook-id'])).size).toBe(3);
    expect(await deliveriesOf(id)).toEqual(
      [3, 2, 1].map(() => expect.objectContaining({ status: 'delivered', attempts: 1, response_status: 200 })),
    );
    await off(id);
  });

  it('is told nothing of an act that was rolled back, of a mark that changed nothing, or of another organization', async () => {
    const { id, path } = await hook();
    const { session, participants } = await world.addRegister(world.school, 1);
    const mark = { session_id: session.id, participant_id: participants[0]!.id, presence_state: 'late' };
    await world.bruno.post('/api/presence', {
      session_id: session.id,
      records: [mark, { ...mark, participant_id: 999_999 }].map(({ session_id: _, ...each }) => each),
    });
    const theirs = await world.addRegister(world.other, 1);
    await world.clara.post('/api/presence', {
      ...mark,
      session_id: theirs.session.id,
      participant_id: theirs.participants[0]!.id,
    });
    await deliver();
    expect(of(path)).toEqual([]);
    await world.bruno.post('/api/presence', mark);
    await world.bruno.post('/api/presence', mark);
    await deliver();
    expect(of(path)).toHaveLength(1);
    await off(id);
  });

  it('hears only what it asked for, and nothing while it is switched off', async () => {
    const { id, path } = await hook(['session.ended']);
    const { session, participants } = await world.addRegister(world.school, 1);
    await world.bruno.post('/api/presence', {
      session_id: session.id,
      participant_id: participants[0]!.id,
      presence_state: 'late',
    });
    await deliver();
    expect(of(path)).toEqual([]);
    await off(id);
    await world.bruno.patch(`/api/sessions/${session.id}/end`, {});
    await deliver();
    expect(of(path)).toEqual([]);
    expect(await deliveriesOf(id)).toEqual([]);
  });

  it('is tried again with pauses that grow, then given up, and sent again by a person under the same id', async () => {
    const { id, path } = await hook(['session.ended']);
    answers.set(path, 503);
    const { session } = await world.addRegister(world.school, 1);
    await world.bruno.patch(`/api/sessions/${session.id}/end`, {});
    await deliver();
    const [first] = await deliveriesOf(id);
    expect(first).toMatchObject({ status: 'waiting', attempts: 1, response_status: 503 });
    expect(first.error).toContain('Answered 503. a word of the receiver');
    const pause = Date.parse(first.next_attempt_at) - Date.parse(first.last_attempt_at);
    expect(pause).toBeGreaterThanOrEqual(PAUSES_S[0]! * 1000);
    expect(pause).toBeLessThanOrEqual(PAUSES_S[0]! * 1200);
    await deliver();
    expect(of(path)).toHaveLength(1);
    let sum = 0;
    for (const seconds of PAUSES_S) await deliverLater((sum += seconds * 1300));
    expect(of(path)).toHaveLength(PAUSES_S.length + 1);
    expect((await deliveriesOf(id))[0].status).toBe('failed');
    await deliverLater(sum * 2);
    expect(of(path)).toHaveLength(PAUSES_S.length + 1);

    answers.delete(path);
    const again = await world.ana.post(`/api/admin/webhook-deliveries/${first.id}/resend`);
    expect(again.status).toBe(202);
    await deliver();
    expect((await deliveriesOf(id))[0]).toMatchObject({ status: 'delivered', event_id: first.event_id });
    expect(new Set(of(path).map(({ headers }) => headers['webhook-id']))).toEqual(new Set([first.event_id]));
    await off(id);
  });

  it('is not led elsewhere by a redirect', async () => {
    const { id, path } = await hook(['session.ended']);
    answers.set(path, 307);
    const { session } = await world.addRegister(world.school, 1);
    await world.bruno.patch(`/api/sessions/${session.id}/end`, {});
    await deliver();
    expect((await deliveriesOf(id))[0]).toMatchObject({ status: 'waiting', response_status: 307 });
    await off(id);
  });

  it('is sent to by one node only, however many look at once', async () => {
    const { id, path } = await hook(['presence.recorded']);
    const { session, participants } = await world.addRegister(world.school, 15);
    const records = participants.map((person) => ({ participant_id: person.id, presence_state: 'present' }));
    await world.bruno.post('/api/presence', { session_id: session.id, records });
    const relays = Array.from({ length: 3 }, () => new Relay(world.orm));
    await Promise.all(relays.map((relay) => relay.round()));
    const jobs = Array.from({ length: 3 }, () => new DeliverJob(world.orm, world.config));
    await Promise.all(jobs.map((job) => job.round()));
    await deliver();
    expect(of(path)).toHaveLength(15);
    await off(id);
  });

  it('is told the rest when one fact cannot be handed on', async () => {
    const { id, path } = await hook(['session.ended']);
    const broken = await world.write(world.school, async (tx) => {
      const fact = { fact: 'session.ended', recordId: 1, payload: 'no JSON', attempts: 0, nextAttemptAt: clock.now() };
      const row = tx.create(Outbox, fact as never);
      await tx.flush();
      return row;
    });
    const { session } = await world.addRegister(world.school, 1);
    await world.bruno.patch(`/api/sessions/${session.id}/end`, {});
    await deliver();
    expect(of(path)).toHaveLength(1);
    await world.write(world.school, async (tx) => {
      const waits = await tx.findOneOrFail(Outbox, { id: broken.id });
      expect(waits.attempts).toBeGreaterThan(0);
      expect(waits.nextAttemptAt.getTime()).toBeGreaterThan(Date.now());
      tx.remove(waits);
    });
    await off(id);
  });

  it('leaves its deliveries to be looked at for a month, and what was not sent for three', async () => {
    const forget = async (days: number) => {
      const then = Date.now() + days * 86_400_000;
      clock.now = () => new Date(then);
      try {
        const job = world.app.get(ForgetDeliveriesJob);
        while ((await job.round()) > 0);
      } finally {
        clock.now = now;
      }
    };
    const [arrived, waits] = [await hook(['session.ended']), await hook(['session.ended'])];
    answers.set(waits.path, 503);
    const { session } = await world.addRegister(world.school, 1);
    await world.bruno.patch(`/api/sessions/${session.id}/end`, {});
    await deliver();
    const left = async () => [(await deliveriesOf(arrived.id)).length, (await deliveriesOf(waits.id)).length];
    await forget(DELIVERED_DAYS - 1);
    expect(await left()).toEqual([1, 1]);
    await forget(DELIVERED_DAYS + 1);
    expect(await left()).toEqual([0, 1]);
    await forget(UNSENT_DAYS + 1);
    expect(await left()).toEqual([0, 0]);
    await off(arrived.id);
    await off(waits.id);
  });

  it('is tested from the page; its key is shown once, and changed on request', async () => {
    const { id, path, secret } = await hook();
    const shown = await world.ana.get(`/settings/webhooks/${id}`);
    expect(shown.body).not.toContain(secret);
    expect((await world.ana.get(`${HOOKS}/${id}`)).json.data.secret).toBe(undefined);
    const rotated = await world.ana.form(`/settings/webhooks/${id}/secret`, {});
    const fresh = /whsec_[A-Za-z0-9+/=]+/.exec(rotated.body.replaceAll('&#x2F;', '/').replaceAll('&#x3D;', '='))![0];
    expect(fresh).not.toBe(secret);
    await world.ana.form(`/settings/webhooks/${id}/test`, {});
    await deliver();
    const [{ headers, body }] = of(path) as [Received];
    const expected = signatureOf(fresh, String(headers['webhook-id']), Number(headers['webhook-timestamp']), body);
    expect(headers['webhook-signature']).toBe(expected);
    expect(JSON.parse(body).type).toBe('webhook.test');
    const rows = await world.read(world.school, (em) => em.find(WebhookDelivery, { webhook: id }));
    expect(rows).toHaveLength(1);
    await off(id);
  });
});

describe('an address', () => {
  it('is kept once when its form is sent again, and the key that was shown stays the one', async () => {
    const input = { name: 'Sent twice', url: 'https://example.org/twice', facts: ['session.ended'] };
    const { id } = (await world.ana.post(HOOKS, input)).json.data;
    const again = await world.ana.post(HOOKS, input);
    expect([again.status, again.json.errors[0]]).toEqual([
      422,
      expect.objectContaining({ field: 'name', code: 'taken' }),
    ]);
    expect((await world.ana.form('/settings/webhooks/new', input as never)).status).toBe(422);
    const all = (await world.ana.get(HOOKS)).json.data as { id: number; name: string }[];
    expect(all.filter(({ name }) => name === 'Sent twice').map((each) => each.id)).toEqual([id]);
    await off(id);
  });

  it.each([
    [{ url: 'ftp://example.org/hook' }, 'url', 'invalid'],
    [{ url: 'example.org' }, 'url', 'invalid'],
    [{ url: 'https://ana:secret@example.org/' }, 'url', 'invalid'],
    [{ facts: [] }, 'facts', 'invalid'],
    [{ facts: ['organization.opened'] }, 'facts', 'invalid'],
    [{ name: '' }, 'name', 'required'],
    [{ secret: 'whsec_mine' }, 'secret', 'unknown_field'],
  ])('with %j is refused by name', async (change, field, code) => {
    const input = { name: 'Timetable', url: 'https://example.org/hook', facts: ['session.ended'], ...change };
    const { status, json } = await world.ana.post(HOOKS, input);
    expect(status).toBe(422);
    expect(json.errors[0]).toMatchObject({ field, code });
  });

  it.each([
    'https://127.0.0.1/',
    'https://[::1]/',
    'https://10.1.2.3/',
    'https://169.254.169.254/latest/meta-data',
    'https://[::ffff:192.168.0.1]/',
    'https://0x7f000001/',
    'https://localhost/',
    'http://example.org/',
  ])('%s is refused unless the installation allows private networks', async (url) => {
    world.config.webhooksToPrivate = false;
    try {
      const { status, json } = await world.ana.post(HOOKS, { name: 'Inside', url, facts: ['session.ended'] });
      expect([status, json.errors[0].field]).toEqual([422, 'url']);
    } finally {
      world.config.webhooksToPrivate = true;
    }
  });

  it('that was allowed once is not sent to when that is over', async () => {
    const { id, path } = await hook(['session.ended']);
    world.config.webhooksToPrivate = false;
    try {
      const { session } = await world.addRegister(world.school, 1);
      await world.bruno.patch(`/api/sessions/${session.id}/end`, {});
      await deliver();
      expect(of(path)).toEqual([]);
      expect((await deliveriesOf(id))[0]).toMatchObject({ status: 'waiting', error: 'The address is not public.' });
    } finally {
      world.config.webhooksToPrivate = true;
      await off(id);
    }
  });

  it.each([
    ['93.184.215.14', true],
    ['2606:2800:21f:cb07::1', true],
    ['100.100.100.100', false],
    ['172.31.255.255', false],
    ['172.32.0.1', true],
    ['fe80::1', false],
    ['fd00::1', false],
    ['::ffff:8.8.8.8', false],
    ['2002:0a00:0001::', false],
    ['64:ff9b::a00:1', false],
    ['not an address', false],
  ])('%s is public: %s', (text, known) => {
    expect(isPublic(text)).toBe(known);
  });
});
