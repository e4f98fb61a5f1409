import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { User } from '../../src/auth/index.js';
import { AuditLog } from '../../src/platform/ledger/audit-log.entity.js';
import { PresenceRecord, PresenceState } from '../../src/presence/index.js';
import { countStatements } from '../support/count-statements.js';
import { Device } from '../support/device.js';
import { checkAnswers } from '../contract/check-answers.js';
import { World } from '../world.js';

let world: World;
let device: Device;
beforeAll(async () => {
  world = await World.open();
  await checkAnswers(world);
  device = await Device.open(world.bruno);
});
afterAll(() => world.close());

const LIST = '/api/admin/sync-conflicts';
const reason = 'Both were asked';

/** Ana marks everybody late at the desk; Bruno, who has not seen it, brings "present". */
async function conflicts(people = 1, fields: object = {}) {
  const made = await world.addRegister(world.school, people);
  for (const { id } of made.participants)
    await world.ana.post('/api/presence', {
      session_id: made.session.id,
      participant_id: id,
      presence_state: 'late',
      note: 'Bus',
    });
  const ops = made.participants.map(({ id }) => device.mark(made.session.id, id, 'present', fields));
  const { results } = await device.send(ops);
  expect(results.map(({ outcome }) => outcome)).toEqual(ops.map(() => 'conflict'));
  const ids = results.map(({ conflict_id }) => conflict_id!);
  const one = async (at = 0) => (await world.ana.get(`${LIST}/${ids[at]}`)).json.data;
  const resolve = (body: object, at = 0) => world.ana.post(`${LIST}/${ids[at]}/resolve`, { reason, ...body });
  const cell = async (at = 0) => {
    const list = await world.ana.get(
      `/api/presence?session_id=${made.session.id}&participant_id=${made.participants[at]!.id}`,
    );
    return list.json.data[0];
  };
  return { ...made, ops, ids, one, resolve, cell };
}

describe('a conflict', () => {
  it('shows both versions with who, device, both clocks, the corrected time and what each person saw', async () => {
    device.ahead = 300_000;
    const { one, ids, session, participants, ops } = await conflicts(1, {
      recorded_at: device.time(600_000),
      note: 'Sat in the back',
    });
    device.ahead = 0;
    const conflict = await one();
    expect(conflict).toMatchObject({
      id: ids[0],
      session_id: session.id,
      participant_id: participants[0]!.id,
      status: 'open',
      suggestion: 'ask',
      follows: null,
      resolution: null,
    });
    const [server, brought] = conflict.versions;
    expect(server).toMatchObject({
      side: 'server',
      presence_state: 'late',
      note: 'Bus',
      user: { id: world.school.user.ana!.id, name: 'Ana Example' },
      base_revision: null,
      status: null,
    });
    expect(brought).toMatchObject({
      side: 'device',
      op_id: ops[0]!.op_id,
      presence_state: 'present',
      note: 'Sat in the back',
      user: { id: world.school.user.bruno!.id, name: 'Bruno Example' },
      device_id: device.handshake.client_id,
      base_revision: 0,
      saw: null,
      flags: ['clock_suspect'],
      status: 'open',
    });
    // Five minutes fast, ten minutes ago: the corrected time is what the server's clock showed then.
    expect(Math.abs(Date.parse(brought.corrected_at) - (Date.now() - 600_000))).toBeLessThan(60_000);
    expect(Date.parse(brought.recorded_at) - Date.parse(brought.corrected_at)).toBeGreaterThan(290_000);

    const page = (await world.ana.get(`/conflicts/${ids[0]}`)).body;
    for (const text of ['Stands now', 'Late', 'Ana Example', 'Bus', 'Present', 'Bruno Example', 'Sat in the back'])
      expect(page).toContain(text);
    expect(page).toMatch(/5 min(, \d+ sec)? fast/);
    expect(page).toContain('Ask both: the times are too close, or a clock is not to be trusted.');
    expect(page).toContain('The clock was off by more than two minutes');
  });

  it('suggests what was observed later, where the clock can be trusted', async () => {
    const { one, ids } = await conflicts(1, { recorded_at: device.time(600_000) });
    expect((await one()).suggestion).toBe('server');
    const page = (await world.ana.get(`/conflicts/${ids[0]}`)).body;
    expect(page).toContain('Keep the mark of Ana Example: it was observed later.');
    expect(page).toContain('it was right');
    expect(page).toMatch(/Bruno Example saw it 10 min(, \d+ sec)? before Ana Example\./);
  });

  it('says what somebody saw who saw something: the mark of that revision, or his own earlier one', async () => {
    const { session, participants } = await world.addRegister(world.school, 2);
    const [first, second] = participants.map(({ id }) => id);
    for (const id of [first, second])
      await world.ana.post('/api/presence', { session_id: session.id, participant_id: id, presence_state: 'absent' });
    await world.ana.post('/api/presence', { session_id: session.id, participant_id: first, presence_state: 'late' });
    const seen = device.mark(session.id, first!, 'present', { base: { revision: 1 } });
    const own = device.mark(session.id, second!, 'late', { base: { revision: 1 } });
    const { results } = await device.send([seen, own]);
    await world.ana.post('/api/presence', { session_id: session.id, participant_id: second, presence_state: 'absent' });
    const onOwn = await device.one(device.mark(session.id, second!, 'present', { base: { op: own.op_id } }));
    const versions = async (id: number) => (await world.ana.get(`${LIST}/${id}`)).json.data.versions;
    expect((await versions(results[0]!.conflict_id!))[1]).toMatchObject({ base_revision: 1, saw: 'absent' });
    expect((await versions(onOwn.conflict_id!))[1]).toMatchObject({ base_revision: 2, saw: 'late' });
  });

  it('is kept apart by rights: frontline 403, another organization 404 as for an id that nobody has', async () => {
    const { ids } = await conflicts();
    expect((await world.bruno.get(LIST)).status).toBe(403);
    expect((await world.bruno.get('/conflicts')).status).toBe(403);
    expect((await world.mara.post(`${LIST}/${ids[0]}/resolve`, { choice: 'server', reason })).status).toBe(403);
    const foreign = await world.clara.get(`${LIST}/${ids[0]}`);
    const nobodys = await world.clara.get(`${LIST}/987654321`);
    expect([foreign.status, foreign.body]).toEqual([404, nobodys.body]);
    const many = await world.clara.post(`${LIST}/resolve`, { ids: [ids[0], 987654321], choice: 'server', reason });
    expect(many.json.results.map(({ ok, code }: any) => [ok, code])).toEqual([
      [false, 'not_found'],
      [false, 'not_found'],
    ]);
    expect((await world.clara.get(LIST)).json.data).toEqual([]);
  });
});

describe('a resolution', () => {
  it.each([
    ['server', {}, 'late'],
    ['device', {}, 'present'],
    ['other', { presence_state: 'excused' }, 'excused'],
    ['void', {}, null],
  ] as const)(
    '%s: one revision more, with the reason, in the audit; the cell is no longer disputed',
    async (choice, more, state) => {
      const { resolve, cell, one, ops } = await conflicts();
      expect(await cell()).toMatchObject({ presence_state: 'late', revision: 1, disputed: true });
      const answer = await resolve({ choice, ...more });
      expect(answer.status).toBe(200);
      expect(answer.json.data).toMatchObject({
        status: 'resolved',
        resolution: { choice, presence_state: state, reason, by: { name: 'Ana Example' } },
      });
      expect(await cell()).toMatchObject({ presence_state: state, revision: 2, disputed: false, reason });
      const settled = (await one()).versions;
      expect(settled[0]).toMatchObject({ side: 'server', presence_state: 'late' });
      expect(settled[1].status).toBe(choice === 'device' ? 'taken' : 'declined');
      const told = await world.read(world.school, (em) =>
        em.find(
          AuditLog,
          { fact: 'presence.resolved', tableName: 'presence_records' },
          { orderBy: { id: 'desc' }, limit: 1 },
        ),
      );
      expect(told[0]).toMatchObject({ changedBy: world.school.user.ana!.id });
      expect(told[0]!.newValues).toContain(reason);
      expect((await device.one(ops[0])).first).toBe('conflict');
    },
  );

  it('needs a reason and a value that is in use; nothing changes without', async () => {
    const { resolve, cell, one } = await conflicts();
    const refusals = async (body: object) => {
      const answer = await resolve(body);
      return [answer.status, answer.json.errors[0].code, answer.json.errors[0].field];
    };
    expect(await refusals({ choice: 'server', reason: ' ' })).toEqual([422, 'required', 'reason']);
    expect(await refusals({ choice: 'server', reason: undefined })).toEqual([422, 'required', 'reason']);
    expect(await refusals({ choice: 'other' })).toEqual([422, 'required', 'presence_state']);
    expect(await refusals({ choice: 'other', presence_state: 'dancing' })).toEqual([
      422,
      'state_unknown',
      'presence_state',
    ]);
    expect(await refusals({ choice: 'coin' })).toEqual([422, 'invalid', 'choice']);
    expect(await refusals({ choice: 'server', extra: 1 })).toEqual([422, 'unknown_field', 'extra']);
    expect((await one()).status).toBe('open');
    expect((await cell()).revision).toBe(1);
  });

  it('of two administrators at once the second is told 409 stale, with the conflict as it stands', async () => {
    const { ids, cell } = await conflicts();
    const ask = (choice: string) => world.ana.post(`${LIST}/${ids[0]}/resolve`, { choice, reason: `I say ${choice}` });
    const answers = await Promise.all([ask('server'), ask('device')]);
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 409]);
    const lost = answers.find(({ status }) => status === 409)!;
    expect(lost.json.errors[0].code).toBe('stale');
    expect(lost.json.current).toMatchObject({ id: ids[0], status: 'resolved' });
    expect((await cell()).revision).toBe(2);
    expect((await cell()).reason).toBe(lost.json.current.resolution.reason);
  });

  it('is stale when a further version arrived since it was looked at', async () => {
    const { ids, one, session, participants, cell } = await conflicts();
    const { revision } = await one();
    const another = await Device.open(
      await world.visitor().signIn(world.school.user.ana!.email, 'correct horse battery'),
    );
    await another.one(another.mark(session.id, participants[0]!.id, 'absent'));
    const answer = await world.ana.post(`${LIST}/${ids[0]}/resolve`, { choice: 'device', reason, revision });
    expect(answer.status).toBe(409);
    expect(answer.json.current.versions.map(({ presence_state }: any) => presence_state)).toEqual([
      'late',
      'present',
      'absent',
    ]);
    expect((await cell()).revision).toBe(1);
    // Which of several candidates is taken can be said; the other one is declined.
    const [, present] = answer.json.current.versions;
    const taken = await world.ana.post(`${LIST}/${ids[0]}/resolve`, { choice: 'device', op_id: present.op_id, reason });
    expect(taken.json.data.versions.map(({ status }: any) => status)).toEqual([null, 'taken', 'declined']);
    expect((await cell()).presence_state).toBe('present');
  });

  it('a version that had not seen it opens another conflict, which names the earlier one', async () => {
    const { ids, resolve, session, participants } = await conflicts();
    await resolve({ choice: 'server' });
    const late = await device.one(device.mark(session.id, participants[0]!.id, 'excused'));
    expect(late.outcome).toBe('conflict');
    expect(late.conflict_id).not.toBe(ids[0]);
    expect((await world.ana.get(`${LIST}/${late.conflict_id}`)).json.data.follows).toBe(ids[0]);
    const page = (await world.ana.get(`/conflicts/${late.conflict_id}`)).body;
    expect(page).toContain('This was settled before');
    expect(page).toContain(`href="/conflicts/${ids[0]}"`);
    expect((await world.ana.get('/conflicts')).body).toContain('Again');
  });
});

describe('one decision for many', () => {
  it('is previewed without changing anything, then done; what cannot be is told by id', async () => {
    const { ids, resolve, cell } = await conflicts(3);
    await resolve({ choice: 'void' }, 2);
    const asked = { ids: [...ids, 987654321], choice: 'device', reason };
    const preview = await world.ana.post(`${LIST}/resolve`, { ...asked, preview: true });
    expect(preview.status).toBe(200);
    expect(preview.json.results).toEqual([
      { id: ids[0], ok: true, before: 'late', after: 'present', revision: 1 },
      { id: ids[1], ok: true, before: 'late', after: 'present', revision: 1 },
      { id: ids[2], ok: false, code: 'stale' },
      { id: 987654321, ok: false, code: 'not_found' },
    ]);
    expect((await cell(0)).revision).toBe(1);
    // Looked at before something arrived: that one is told, the others are done.
    const stale = await world.ana.post(`${LIST}/resolve`, { ...asked, ids: [ids[0]], revisions: { [ids[0]!]: 7 } });
    expect(stale.json.results).toEqual([{ id: ids[0], ok: false, code: 'stale' }]);
    const done = await world.ana.post(`${LIST}/resolve`, asked);
    expect(done.json.results).toEqual([
      { id: ids[0], ok: true },
      { id: ids[1], ok: true },
      { id: ids[2], ok: false, code: 'stale' },
      { id: 987654321, ok: false, code: 'not_found' },
    ]);
    expect((await cell(0)).presence_state).toBe('present');
    expect((await cell(2)).presence_state).toBe(null);
  });

  it('a value that is not in use is told for every one, and changes none', async () => {
    const { ids, cell } = await conflicts(2);
    await world.write(world.school, async (tx) => {
      (await tx.findOneOrFail(PresenceState, { code: 'excused' })).isActive = false;
    });
    const asked = { ids, choice: 'other', presence_state: 'excused', reason };
    for (const body of [{ ...asked, preview: true }, asked])
      expect((await world.ana.post(`${LIST}/resolve`, body)).json.results).toEqual(
        ids.map((id) => ({ id, ok: false, code: 'state_unknown' })),
      );
    expect((await cell(1)).revision).toBe(1);
    await world.write(world.school, async (tx) => {
      (await tx.findOneOrFail(PresenceState, { code: 'excused' })).isActive = true;
    });
  });

  it('on the page: selected, looked at, done; without a reason the selection and the choice stay', async () => {
    const { ids, participants, cell } = await conflicts(2);
    const all = (await world.ana.get('/conflicts?select=all')).body;
    for (const id of ids) expect(all).toContain(`name="ids" value="${id}" checked`);
    expect((await world.ana.get('/conflicts')).body).not.toContain(' checked>');
    const fields: [string, string][] = [
      ...ids.map((id) => ['ids', String(id)] as [string, string]),
      ['choice', 'device'],
    ];
    const nothing = await world.ana.form('/conflicts/preview', { choice: 'server', reason: 'Both <b>' });
    expect(nothing.status).toBe(422);
    expect(nothing.body).toContain('<li>Select at least one conflict.</li>');
    expect(nothing.body).toContain('Both &lt;b&gt;</textarea>');
    const refused = await world.ana.form('/conflicts/preview', fields);
    expect(refused.status).toBe(422);
    for (const id of ids) expect(refused.body).toContain(`name="ids" value="${id}" checked`);
    expect(refused.body).toContain('name="choice" value="device" checked');
    const preview = await world.ana.form('/conflicts/preview', [...fields, ['quick', 'Both were asked']]);
    expect(preview.status).toBe(200);
    expect(preview.body).toContain(participants[0]!.name);
    expect(preview.body).toContain('Nothing has been changed yet.');
    expect((await cell(0)).revision).toBe(1);
    const revisions = [...preview.body.matchAll(/name="revisions" value="([\d:]+)"/g)].map(([, pair]) => pair!);
    expect(revisions.map((pair) => Number(pair.split(':')[0]))).toEqual(ids);
    // One of them is settled by somebody else between the preview and the deed.
    await world.ana.post(`${LIST}/${ids[1]}/resolve`, { choice: 'server', reason });
    const done = await world.ana.form('/conflicts/resolve', [
      ...fields,
      ['reason', 'Both were asked'],
      ...revisions.map((pair) => ['revisions', pair] as [string, string]),
    ]);
    expect([done.status, done.headers.get('location')]).toEqual([303, '/conflicts?done=many&count=1&left=1']);
    expect((await cell(0)).presence_state).toBe('present');
    expect((await cell(1)).presence_state).toBe('late');
  });
});

describe('the pages of the desk', () => {
  it('go from one conflict to the next, and keep what was typed when refused', async () => {
    const { ids, one } = await conflicts(2);
    const path = `/conflicts/${ids[0]}/resolve`;
    const { revision, versions } = await one();
    const form = { revision: String(revision), seen: 'none', reason: '' };
    const unreasoned = await world.ana.form(path, { ...form, choice: 'other', presence_state: 'excused' });
    expect(unreasoned.status).toBe(422);
    expect(unreasoned.body).toContain('Say why: choose a reason, or write one.');
    expect(unreasoned.body).toContain('value="excused" selected');
    const unchosen = await world.ana.form(path, { ...form, choice: 'other', reason: 'I asked <both>' });
    expect(unchosen.status).toBe(422);
    expect(unchosen.body).toContain('I asked &lt;both&gt;</textarea>');
    expect((await one()).status).toBe('open');
    const done = await world.ana.form(path, {
      ...form,
      choice: `device:${versions[1].op_id}`,
      quick: 'Both were asked',
    });
    expect(done.status).toBe(303);
    expect(done.headers.get('location')).toContain(`/conflicts/${ids[1]}?done=settled`);
    expect((await world.ana.get(done.headers.get('location')!)).body).toContain('is settled.');
    expect((await one()).resolution).toMatchObject({ choice: 'device', reason: 'Both were asked' });
  });

  it('a stale decision says what changed, and keeps what was typed', async () => {
    const { ids, one, resolve } = await conflicts();
    const { revision, versions } = await one();
    await resolve({ choice: 'device', reason: 'Mara knew' });
    const form = { revision: String(revision), seen: versions[0].op_id, reason: 'My own words', choice: 'server' };
    const answer = await world.ana.form(`/conflicts/${ids[0]}/resolve`, form);
    expect(answer.status).toBe(409);
    expect(answer.body).toContain('This conflict changed while you looked at it. Nothing was decided.');
    expect(answer.body).toContain('Mara knew');
    expect(answer.body).not.toContain('name="choice"');
  });

  it('a stale decision on an open conflict names the version that arrived', async () => {
    const { ids, one, session, participants } = await conflicts();
    const { revision, versions } = await one();
    const another = await Device.open(
      await world.visitor().signIn(world.school.user.ana!.email, 'correct horse battery'),
    );
    await another.one(another.mark(session.id, participants[0]!.id, 'absent'));
    const answer = await world.ana.form(`/conflicts/${ids[0]}/resolve`, [
      ['revision', String(revision)],
      ...versions.map(({ op_id }: any) => ['seen', op_id]),
      ['reason', 'My own words'],
      ['choice', 'server'],
    ]);
    expect(answer.status).toBe(409);
    expect(answer.body).toMatch(/A further version arrived:[\s\S]*?Absent[\s\S]*?Ana Example/);
    expect(answer.body).toContain('My own words</textarea>');
    expect((await one()).status).toBe('open');
  });

  it('list what is open and what is settled, page by page', async () => {
    const place = await world.openPlace('Quiet School', 'education', 'Europe/Paris', { quinn: 'administrator' });
    const quiet = place.visitor.quinn!;
    expect((await quiet.get('/conflicts')).body).toContain('both versions wait here');
    expect((await quiet.get('/conflicts/settled')).body).toContain('Nothing was settled yet');
    expect((await quiet.get('/')).body).not.toContain('class="attention"');

    const { ids, participants, resolve } = await conflicts(2);
    await resolve({ choice: 'void', reason: 'Neither was there' });
    const open = (await world.ana.get(LIST)).json;
    expect(open.data.map(({ id }: any) => id)).toContain(ids[1]);
    expect(open.data.map(({ id }: any) => id)).not.toContain(ids[0]);
    expect(open.meta.total).toBe(open.data.length);
    const seen: number[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: any = (await world.ana.get(`${LIST}?per_page=2${cursor ? `&cursor=${cursor}` : ''}`)).json;
      seen.push(...page.data.map(({ id }: any) => id));
      cursor = page.meta.next;
    }
    expect(seen).toEqual(open.data.map(({ id }: any) => id));
    expect((await world.ana.get(`${LIST}?status=resolved`)).json.data.map(({ id }: any) => id)).toContain(ids[0]);
    expect((await world.ana.get(`${LIST}?status=closed`)).status).toBe(422);
    const settled = (await world.ana.get('/conflicts/settled')).body;
    expect(settled).toContain(participants[0]!.name);
    expect(settled).toContain('Neither was there');
    expect((await world.ana.get(`/conflicts/${ids[0]}`)).body).toContain('The mark was taken away.');
  });

  it('send a fixed number of statements, however many conflicts and versions there are', async () => {
    const place = await world.openPlace('Counting School', 'education', 'Europe/Paris', { cora: 'administrator' });
    const cora = place.visitor.cora!;
    const browser = await Device.open(cora);
    const clash = async (people: number) => {
      const { session, participants } = await world.addRegister(place, people);
      for (const { id } of participants)
        await cora.post('/api/presence', { session_id: session.id, participant_id: id, presence_state: 'late' });
      await browser.send(participants.map(({ id }) => browser.mark(session.id, id, 'present')));
    };
    await clash(2);
    const ask = [() => cora.get('/conflicts'), () => cora.get(LIST)];
    const few = [await countStatements(world, ask[0]!), await countStatements(world, ask[1]!)];
    await clash(12);
    expect([await countStatements(world, ask[0]!), await countStatements(world, ask[1]!)]).toEqual(few);
    expect((await cora.get(LIST)).json.meta.total).toBe(14);
  });
});

describe('what a page says of the versions', () => {
  const page = async (id: number) => (await world.ana.get(`/conflicts/${id}`)).body;
  /** What can be pressed to decide, as it is read. */
  const buttons = (body: string) =>
    [...body.matchAll(/<button [^>]*name="choice" value="(?:server|device)[^>]*>([^<]*)</g)].map(([, text]) => text);

  it('names whose each is, in the list, on the buttons and in the suggestion; never only "the device"', async () => {
    const { ids } = await conflicts(1, { recorded_at: device.time(600_000) });
    const body = await page(ids[0]!);
    expect(buttons(body)).toEqual(['Keep Ana Example&#39;s: Late', 'Take Bruno Example&#39;s: Present']);
    const list = (await world.ana.get('/conflicts')).body;
    const line = list.split('<li><label').find((each) => each.includes(`value="${ids[0]}"`))!;
    expect(line).toMatch(/Late[^]*Ana Example <small>stands<[^]*Present[^]*Bruno Example <small>arrived from /);
    expect(line).toContain('Keep Ana Example&#39;s?');
    expect(list.slice(list.indexOf('<main'))).not.toMatch(/the device/i);
  });

  it('tells two marks of one person apart by the device', async () => {
    const { session, participants } = await world.addRegister(world.school, 1);
    const open = async () =>
      Device.open(await world.visitor().signIn(world.school.user.bruno!.email, 'correct horse battery'));
    const [phone, tablet] = [await open(), await open()];
    await phone.one(phone.mark(session.id, participants[0]!.id, 'late'));
    const { conflict_id } = await tablet.one(tablet.mark(session.id, participants[0]!.id, 'absent'));
    const [keep, take] = buttons(await page(conflict_id!));
    const [, kept] = /^Keep Bruno Example&#39;s from .+, ([0-9A-F]{4}): Late$/.exec(keep!)!;
    const [, taken] = /^Take Bruno Example&#39;s from .+, ([0-9A-F]{4}): Absent$/.exec(take!)!;
    expect(kept).not.toBe(taken);
    const devices = (await world.ana.get('/api/admin/devices?per_page=500')).json.data;
    const signOf = ({ handshake }: Device) =>
      devices.find(({ device_id }: any) => device_id === handshake.client_id).short_id;
    expect([kept, taken]).toEqual([signOf(phone), signOf(tablet)]);
  });

  it('shows the newest fifty of what one hand said again and again, and counts the others', async () => {
    const { session, participants, ids, one, resolve } = await conflicts();
    const states = ['absent', 'excused'];
    const more = Array.from({ length: 59 }, (_, at) => device.mark(session.id, participants[0]!.id, states[at % 2]!));
    await device.send(more);
    const { versions, more_versions } = await one();
    expect(versions).toHaveLength(51);
    expect(more_versions).toBe(10);
    // What waits is among them, however old it is; of the rest the newest.
    const open = versions
      .filter(({ status }: any) => status === 'open')
      .map(({ presence_state }: any) => presence_state);
    expect(open).toEqual(['present', 'excused', 'absent']);
    expect(versions.at(-1).op_id).toBe(more.at(-1)!.op_id);
    const body = await page(ids[0]!);
    expect(body.match(/<article /g)).toHaveLength(4);
    expect(body).toContain('Earlier taps (57)');
    expect(body).toContain('10 older ones are not shown here.');
    expect((await world.ana.get(`${LIST}?per_page=500`)).json.data.find(({ id }: any) => id === ids[0])).toMatchObject({
      more_versions: 10,
    });
    // The list shows a few, and how many there are more.
    expect((await world.ana.get('/conflicts')).body).toContain('and 56 older ones');
    expect((await resolve({ choice: 'device' })).json.data.resolution.presence_state).toBe('absent');
    expect((await one()).versions.filter(({ status }: any) => status === 'taken')).toHaveLength(1);
  });

  it('calls a state by its name when it is no longer in use, and by words when nobody knows it', async () => {
    const { ids } = await conflicts(1);
    const use = (isActive: boolean) =>
      world.write(world.school, async (tx) => {
        (await tx.findOneOrFail(PresenceState, { code: 'present' })).isActive = isActive;
      });
    await use(false);
    expect(await page(ids[0]!)).toMatch(/Present <small>\(no longer in use\)/);
    await use(true);
    expect(await page(ids[0]!)).not.toContain('no longer in use');
    const { session, participants } = await world.addRegister(world.school, 1);
    await device.one(device.mark(session.id, participants[0]!.id, 'at_the_doctor'));
    const parked = (await world.ana.get('/parked')).body;
    expect(parked).toContain('at the doctor (unknown here)');
    expect(parked).not.toContain('at_the_doctor');
  });

  it('writes a name with an apostrophe as it is, and no markup of it', async () => {
    const place = await world.openPlace('Irish School', 'education', 'Europe/Paris', {
      ada: 'administrator',
      tim: 'frontline',
    });
    await world.write(place, async (tx) => {
      (await tx.findOneOrFail(User, { id: place.user.tim!.id })).lastName = "O'Brien <b>";
    });
    const { session, participants } = await world.addRegister(place, 1);
    const { ada, tim } = place.visitor as Record<string, typeof world.ana>;
    await ada!.post('/api/presence', {
      session_id: session.id,
      participant_id: participants[0]!.id,
      presence_state: 'late',
    });
    const his = await Device.open(tim!);
    const { conflict_id } = await his.one(his.mark(session.id, participants[0]!.id, 'present'));
    const body = (await ada!.get(`/conflicts/${conflict_id}`)).body;
    expect(buttons(body)[1]).toBe('Take Tim O&#39;Brien &lt;b&gt;&#39;s: Present');
    expect((await ada!.get('/conflicts')).body).toContain('Tim O&#39;Brien &lt;b&gt;');
  });

  it('names in the preview of many what is put aside, and whose it is', async () => {
    const { ids } = await conflicts(1);
    const preview = async (choice: string, more: [string, string][] = []) => {
      const fields: [string, string][] = [['ids', String(ids[0])], ['choice', choice], ['reason', 'Asked'], ...more];
      const { body } = await world.ana.form('/conflicts/preview', fields);
      return body
        .slice(body.indexOf('<main'), body.indexOf('</main>'))
        .replace(/<[^>]+>/g, ' ')
        .replace(/\s+/g, ' ');
    };
    expect(await preview('server')).toContain('Late Ana Example stays Put aside: Present Bruno Example');
    expect(await preview('device')).toMatch(
      /Late Ana Example becomes Present Bruno Example Put aside: Late Ana Example/,
    );
    expect(await preview('void')).toMatch(/becomes not marked Put aside: Late Ana Example Present Bruno Example/);
    expect(await preview('other', [['presence_state', 'present']])).toMatch(
      /becomes Present Put aside: Late Ana Example/,
    );
  });
});

describe('a cell that nobody marked on the server', () => {
  it('is disputed all the same when a device knows more than the server', async () => {
    const { session, participants } = await world.addRegister(world.school, 1);
    const result = await device.one(device.mark(session.id, participants[0]!.id, 'present', { base: { revision: 7 } }));
    expect(result).toMatchObject({ outcome: 'conflict', flags: ['server_behind'] });
    const conflict = (await world.ana.get(`${LIST}/${result.conflict_id}`)).json.data;
    expect(conflict.versions[0]).toMatchObject({ side: 'server', op_id: null, presence_state: null, user: null });
    expect(conflict.versions[1]).toMatchObject({ presence_state: 'present', base_revision: 7, saw: null });
    const page = (await world.ana.get(`/conflicts/${result.conflict_id}`)).body;
    expect(page).toContain('Nobody was marked on the server.');
    expect(page).toContain('was the server restored?');
    expect((await world.ana.post(`${LIST}/${result.conflict_id}/resolve`, { choice: 'device', reason })).status).toBe(
      200,
    );
    const cells = await world.read(world.school, (em) => em.find(PresenceRecord, { session: session.id }));
    expect(cells.map(({ revision, disputed }) => [revision, disputed])).toEqual([[1, false]]);
  });
});

describe('a conflict that is settled after the organization changed its domain', () => {
  it.each(['hospitality', 'corporate'])(
    'keeps the mark in force with the state that it has: %s',
    async (domain_type) => {
      const { resolve, cell, ids } = await conflicts();
      const before = await cell();
      const stateOf = async () =>
        (await world.read(world.school, (em) => em.findOneOrFail(PresenceRecord, { id: before.id }))).presenceState;
      const state = await stateOf();
      expect((await world.ana.put('/api/admin/domain-config', { domain_type })).status).toBe(200);
      try {
        // The device's word is no state of today; the one in force stands.
        expect((await resolve({ choice: 'device' })).status).toBe(422);
        expect((await resolve({ choice: 'server' })).status).toBe(200);
        expect(await cell()).toMatchObject({ presence_state: 'late', category: 'late', note: 'Bus', disputed: false });
        expect(await stateOf()).toBe(state);
        expect((await world.ana.get(`${LIST}/${ids[0]}`)).json.data.status).toBe('resolved');
      } finally {
        await world.ana.put('/api/admin/domain-config', { domain_type: 'education' });
      }
    },
  );
});
