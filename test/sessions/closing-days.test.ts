import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Group } from '../../src/participants/index.js';
import { PresenceState } from '../../src/presence/index.js';
import { ClosingDay, Session } from '../../src/sessions/index.js';
import { World } from '../world.js';

let world: World;
let group: Group;
beforeAll(async () => {
  world = await World.open();
  group = await world.addGroup(world.school, 'Class 3');
});
afterAll(() => world.close());

const PATH = '/api/admin/closing-days';
const codes = (answer: any): string[] =>
  answer.json.errors.map((each: any) => `${each.code} ${each.field ?? ''}`.trim());
const textOf = (html: string) => html.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');
/** A session at this moment, UTC. */
const at = (time: string, of = group) =>
  world.addSession(world.school, of, { scheduledStartAt: new Date(`${time}:00Z`), name: 'Algebra' });
const find = (id: number) => world.read(world.school, (em) => em.findOneOrFail(Session, { id }));
const mark = async (session: number) => {
  const [person] = await world.addParticipants(world.school, ['Ada Lovelace'], group);
  const state = await world.read(world.school, (em) => em.findOneOrFail(PresenceState, { isDefault: true }));
  const body = { session_id: session, participant_id: person!.id, presence_state: state.code };
  expect((await world.ana.post('/api/presence', body)).status).toBe(201);
};
const create = async (more: object = {}) =>
  (await world.ana.post(PATH, { name: 'Holiday', from_on: '2030-05-01', ...more })).json;

describe('closing days for programs', () => {
  it('are written down, listed, changed and removed', async () => {
    const made = await create({ to_on: '2030-05-03', group_id: group.id });
    expect(made.data).toMatchObject({
      id: expect.any(Number),
      name: 'Holiday',
      from_on: '2030-05-01',
      to_on: '2030-05-03',
      group_id: group.id,
    });
    expect(made.meta).toEqual({ cancelled: 0, revived: 0, left_alone: 0 });
    const path = `${PATH}/${made.data.id}`;
    const changed = await world.ana.put(path, { name: 'May', group_id: null });
    expect(changed.json.data).toMatchObject({ name: 'May', from_on: '2030-05-01', group_id: null });
    expect(
      (await world.bruno.get(`${PATH}?from=2030-05-03&to=2030-06-01`)).json.data.map((each: any) => each.name),
    ).toEqual(['May']);
    expect((await world.mara.get(`${PATH}?from=2030-05-04`)).json.data).toEqual([]);
    expect((await world.ana.delete(path)).json.data.name).toBe('May');
    expect((await world.ana.delete(path)).status).toBe(404);
  });

  it('go on after a cursor', async () => {
    for (const name of ['A', 'B', 'C']) await create({ name, from_on: '2040-01-01' });
    const first = (await world.ana.get(`${PATH}?from=2040-01-01&per_page=2`)).json;
    const second = (await world.ana.get(`${PATH}?from=2040-01-01&per_page=2&cursor=${first.meta.next}`)).json;
    expect([...first.data, ...second.data].map((each: any) => each.name)).toEqual(['A', 'B', 'C']);
    expect(first.meta.total).toBe(3);
  });

  it('name the field at fault', async () => {
    expect(codes(await world.ana.post(PATH, {}))).toEqual(['required name', 'required from_on']);
    const refused = async (more: object) =>
      codes(await world.ana.post(PATH, { name: 'x', from_on: '2030-05-01', ...more }));
    expect(await refused({ from_on: '2030-02-30' })).toEqual(['invalid from_on']);
    expect(await refused({ to_on: '2030-04-30' })).toEqual(['invalid to_on']);
    expect(await refused({ to_on: '2033-04-30' })).toEqual(['invalid to_on']);
    expect(await refused({ group_id: 999999999 })).toEqual(['unknown group_id']);
    const foreign = await world.addGroup(world.other);
    expect(await refused({ group_id: foreign.id })).toEqual(['unknown group_id']);
    expect(await refused({ colour: 'red' })).toEqual(['unknown_field colour']);
  });

  it('are for those who plan, and unknown to another organization', async () => {
    const { data } = await create({ from_on: '2041-01-01' });
    for (const visitor of [world.bruno, world.mara, world.emil]) {
      expect((await visitor.post(PATH, { name: 'x', from_on: '2041-01-01' })).status).toBe(403);
      expect((await visitor.put(`${PATH}/${data.id}`, { name: 'x' })).status).toBe(403);
      expect((await visitor.delete(`${PATH}/${data.id}`)).status).toBe(403);
    }
    expect((await world.emil.get(PATH)).status).toBe(403);
    expect((await world.visitor().get(PATH)).status).toBe(401);
    for (const method of ['PUT', 'DELETE'])
      expect(
        (await world.clara.send(method, `${PATH}/${data.id}`, method === 'PUT' ? { name: 'x' } : undefined)).body,
      ).toBe((await world.clara.send(method, `${PATH}/999999999`, method === 'PUT' ? { name: 'x' } : undefined)).body);
    expect((await world.clara.get(`${PATH}?from=2041-01-01&to=2041-01-01`)).json.data).toEqual([]);
  });
});

describe('sessions on a closing day', () => {
  it('are cancelled on request, by local days, but never where somebody was marked', async () => {
    // In Paris the day begins at 22:00 UTC.
    const before = await at('2030-06-09T21:59');
    const first = await at('2030-06-09T22:00');
    const last = await at('2030-06-10T21:59');
    const after = await at('2030-06-10T22:00');
    const marked = await at('2030-06-10T08:00');
    const started = await at('2030-06-10T08:00');
    await mark(marked.id);
    await world.ana.patch(`/api/sessions/${started.id}/start`);
    const quiet = await create({ from_on: '2030-06-10' });
    expect((await find(first.id)).status).toBe('scheduled');
    const { meta } = (await world.ana.put(`${PATH}/${quiet.data.id}`, { cancel_sessions: true })).json;
    expect(meta).toEqual({ cancelled: 2, revived: 0, left_alone: 1 });
    const status = async (session: Session) => (await find(session.id)).status;
    expect([await status(before), await status(first), await status(last), await status(after)]).toEqual([
      'scheduled',
      'cancelled',
      'cancelled',
      'scheduled',
    ]);
    expect([await status(marked), await status(started)]).toEqual(['scheduled', 'running']);
    expect((await find(first.id)).extraData).toEqual({ closed_by: quiet.data.id });
  });

  it('come back with the removal: exactly those that were cancelled for it', async () => {
    const own = await at('2030-07-01T08:00');
    const mine = await at('2030-07-01T09:00');
    await world.ana.delete(`/api/sessions/${own.id}`);
    const { data, meta } = await create({ from_on: '2030-07-01', cancel_sessions: true });
    expect(meta.cancelled).toBe(1);
    const gone = await world.ana.delete(`${PATH}/${data.id}?revive_sessions=true`);
    expect(gone.json.meta.revived).toBe(1);
    expect(await find(mine.id)).toMatchObject({ status: 'scheduled', extraData: {} });
    expect((await find(own.id)).status).toBe('cancelled');
  });

  it('stay cancelled when it is removed without a word', async () => {
    const session = await at('2030-07-02T08:00');
    const { data } = await create({ from_on: '2030-07-02', cancel_sessions: true });
    await world.ana.delete(`${PATH}/${data.id}`);
    expect((await find(session.id)).status).toBe('cancelled');
  });

  it('come back on request when its days move away from them', async () => {
    const [stays, returns] = [await at('2030-07-09T08:00'), await at('2030-07-08T08:00')];
    const { data } = await create({ from_on: '2030-07-08', to_on: '2030-07-09', cancel_sessions: true });
    const moved = await world.ana.put(`${PATH}/${data.id}`, { from_on: '2030-07-09', revive_sessions: true });
    expect(moved.json.meta.revived).toBe(1);
    expect([(await find(stays.id)).status, (await find(returns.id)).status]).toEqual(['cancelled', 'scheduled']);
  });

  it('are those of a group and of the groups below it, when it is for a group', async () => {
    const top = await world.addGroup(world.school, 'Lower school');
    const own = await world.addGroup(world.school, 'Class 2', { parent: top.id });
    const [inside, below, outside] = [
      await at('2030-08-01T08:00', top),
      await at('2030-08-01T08:00', own),
      await at('2030-08-01T08:00'),
    ];
    await create({ from_on: '2030-08-01', group_id: top.id, cancel_sessions: true });
    expect((await find(inside.id)).status).toBe('cancelled');
    expect((await find(below.id)).status).toBe('cancelled');
    expect((await find(outside.id)).status).toBe('scheduled');
  });
});

describe('the pages of closing days', () => {
  it('show what falls on a new one before anything is cancelled, and bring it back', async () => {
    const session = await at('2030-09-02T08:00');
    const answer = await world.ana.form('/settings/closing-days', {
      name: 'Fair <day>',
      from_on: '2030-09-02',
      to_on: '',
      group_id: '',
    });
    expect(answer.status).toBe(303);
    const path = answer.headers.get('location')!.split('?')[0]!;
    const page = await world.ana.get(path);
    expect(textOf(page.body)).toContain('1 lesson falls on these days');
    expect(page.body).toContain('Fair &lt;day&gt;');
    expect(page.body).toContain(`href="/sessions/${session.id}"`);
    expect((await find(session.id)).status).toBe('scheduled');
    const done = await world.ana.form(`${path}/cancel-sessions`, {});
    expect(textOf((await world.ana.get(done.headers.get('location')!)).body)).toContain('1 lesson is cancelled.');
    const moved = { name: 'Fair', from_on: '2030-09-03', to_on: '2030-09-03', group_id: '' };
    expect((await world.ana.form(path, moved)).status).toBe(303);
    expect(textOf((await world.ana.get(path)).body)).toContain('is not on its days any more');
    await world.ana.form(`${path}/revive-sessions`, {});
    expect((await find(session.id)).status).toBe('scheduled');
    await world.ana.form(`${path}/remove`, { revive: 'yes' });
    expect((await world.ana.get(path)).status).toBe(404);
  });

  it('keep what was typed when it is refused', async () => {
    const refused = await world.ana.form('/settings/closing-days', { name: 'Kept', from_on: '', to_on: '2030-01-01' });
    expect(refused.status).toBe(422);
    expect(refused.body).toContain('value="Kept"');
    expect(refused.body).toContain('id="from_on-error"');
    const { data } = await create({ from_on: '2042-01-01' });
    const again = await world.ana.form(`/settings/closing-days/${data.id}`, {
      name: 'Later',
      from_on: '2042-01-02',
      to_on: '2042-01-01',
    });
    expect(again.status).toBe(422);
    expect(again.body).toContain('value="Later"');
    expect(again.body).toContain('id="to_on-error"');
  });

  it('list those ahead and those that are over', async () => {
    await create({ name: 'Long ago', from_on: '2001-01-01' });
    expect(textOf((await world.ana.get('/settings/closing-days')).body)).not.toContain('Long ago');
    expect(textOf((await world.ana.get('/settings/closing-days?past=yes')).body)).toContain('Long ago');
    expect((await world.bruno.get('/settings/closing-days')).status).toBe(403);
    const foreign = await world.write(world.other, (tx) =>
      tx.create(ClosingDay, { name: 'Theirs', fromOn: '2030-01-01', toOn: '2030-01-01' }),
    );
    expect((await world.ana.get(`/settings/closing-days/${foreign.id}`)).status).toBe(404);
  });
});

describe('holidays from a calendar file', () => {
  const send = (text: string, who = world.ana) => {
    const form = new FormData();
    form.append('file', new Blob([text]), 'holidays.ics');
    return who.post('/settings/closing-days/import', form);
  };
  const calendar = (...events: string[][]) =>
    [
      'BEGIN:VCALENDAR',
      'VERSION:2.0',
      ...events.flatMap((lines, at) => ['BEGIN:VEVENT', `UID:${at}`, ...lines, 'END:VEVENT']),
      'END:VCALENDAR',
      '',
    ].join('\r\n');
  const year = new Date().getFullYear() + 1;

  it('become closing days, once, with their last day as people mean it', async () => {
    const text = calendar(
      [`DTSTART;VALUE=DATE:${year}0405`, `DTEND;VALUE=DATE:${year}0417`, 'SUMMARY:Spring break'],
      [`DTSTART;VALUE=DATE:${year}0501`, 'SUMMARY:May Day'],
      ['DTSTART;VALUE=DATE:20100714', 'RRULE:FREQ=YEARLY', 'SUMMARY:Bastille Day'],
      ['DTSTART;VALUE=DATE:20100102', 'SUMMARY:Long over'],
      [`DTSTART:${year}0601T090000Z`, `DTEND:${year}0601T100000Z`, 'SUMMARY:No whole day'],
    );
    const done = await send(text);
    expect(done.status).toBe(303);
    const list = async () =>
      (await world.ana.get(`${PATH}?from=${year}-04-01&to=${year}-07-31`)).json.data.map((each: any) => [
        each.name,
        each.from_on,
        each.to_on,
      ]);
    const expected = [
      ['Spring break', `${year}-04-05`, `${year}-04-16`],
      ['May Day', `${year}-05-01`, `${year}-05-01`],
      ['Bastille Day', `${year}-07-14`, `${year}-07-14`],
    ];
    expect(await list()).toEqual(expect.arrayContaining(expected));
    const again = await send(text);
    expect(textOf((await world.ana.get(again.headers.get('location')!)).body)).toContain('0 closing days were added');
    expect(await list()).toHaveLength(3);
  });

  it('are refused with a sentence when there are none', async () => {
    for (const text of ['hello', calendar([`DTSTART:${year}0601T090000Z`, 'SUMMARY:x']), '']) {
      const refused = await send(text);
      expect(refused.status).toBe(422);
      expect(refused.body).toContain('id="file-error"');
    }
    expect((await send(calendar(), world.bruno)).status).toBe(403);
  });
});
