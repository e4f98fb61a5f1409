import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Place, World } from '../world.js';
import { type Visitor } from '../support/visitor.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const STATES = '/api/admin/presence-states';
const excursion = { code: 'excursion', label: 'Excursion', color: '#6d3fa0', category: 'excused', shortcut: 'x' };

async function fresh(): Promise<{ place: Place; dora: Visitor }> {
  const place = await world.openPlace('Fresh School', 'education', 'Europe/Paris', { dora: 'administrator' });
  return { place, dora: place.visitor.dora! };
}
const codesOf = async (visitor: Visitor) => (await visitor.get(STATES)).json.data.map((state: any) => state.code);
const stateOf = async (visitor: Visitor, code: string) =>
  (await visitor.get(STATES)).json.data.find((state: any) => state.code === code);

describe('presence states', () => {
  it('begin on the page with a colour that no other has', async () => {
    const { dora } = await fresh();
    const offered = async () =>
      /id="f-color" name="color" value="(#\w+)"/.exec((await dora.get('/settings/states/new')).body)![1]!;
    const first = await offered();
    const taken = (await dora.get(STATES)).json.data.map((state: any) => state.color);
    expect(taken).not.toContain(first);
    expect((await dora.post(STATES, { ...excursion, color: first })).status).toBe(201);
    expect([...taken, first]).not.toContain(await offered());
  });

  it('are made, renamed, ordered, and stand last at first', async () => {
    const { dora } = await fresh();
    const made = await dora.post(STATES, excursion);
    expect(made.status).toBe(201);
    expect(made.json.data).toMatchObject({
      ...excursion,
      domain: 'education',
      sort_order: 5,
      is_default: false,
      is_active: true,
    });
    const renamed = await dora.put(`${STATES}/${made.json.data.id}`, { label: 'Trip' });
    expect(renamed.json.data).toMatchObject({ label: 'Trip', code: 'excursion', color: '#6d3fa0' });
    const ids = (await dora.get(STATES)).json.data.map((state: any) => state.id).reverse();
    expect((await dora.put(`${STATES}/order`, { ids })).json.data.map((state: any) => state.id)).toEqual(ids);
    expect((await codesOf(dora))[0]).toBe('excursion');
    expect((await dora.put(`${STATES}/order`, { ids: ids.slice(1) })).status).toBe(422);
  });

  it.each([
    [{ code: 'Late!' }, 'code', 'invalid'],
    [{ code: 'late' }, 'code', 'taken'],
    [{ color: 'red' }, 'color', 'invalid'],
    [{ category: 'away' }, 'category', 'invalid'],
    [{ shortcut: 'l' }, 'shortcut', 'taken'],
    [{ shortcut: '/' }, 'shortcut', 'invalid'],
    [{ label: '' }, 'label', 'required'],
    [{ extra: 1 }, 'extra', 'unknown_field'],
  ])('refuse %j', async (change, field, code) => {
    const { status, json } = await world.ana.post(STATES, { ...excursion, ...change });
    expect(status).toBe(422);
    expect(json.errors[0]).toMatchObject({ field, code });
    expect(await codesOf(world.ana)).toHaveLength(4);
  });

  it('keep one default, one present and one absent, and at most eight in use', async () => {
    const { dora } = await fresh();
    const [present, absent] = [await stateOf(dora, 'present'), await stateOf(dora, 'absent')];
    expect((await dora.put(`${STATES}/${present.id}`, { is_default: false })).json.errors[0].field).toBe('is_default');
    expect((await dora.put(`${STATES}/${present.id}`, { is_active: false })).json.errors[0].field).toBe('is_active');
    expect((await dora.put(`${STATES}/${absent.id}`, { is_active: false })).json.errors[0].field).toBe('is_active');
    expect((await dora.put(`${STATES}/${absent.id}`, { category: 'excused' })).json.errors[0].field).toBe('category');
    for (const at of [1, 2, 3, 4])
      expect((await dora.post(STATES, { ...excursion, code: `more_${at}`, shortcut: String(at) })).status).toBe(201);
    expect((await dora.post(STATES, { ...excursion, code: 'more_5', shortcut: null })).status).toBe(422);
    const first = await stateOf(dora, 'more_1');
    expect((await dora.put(`${STATES}/${first.id}`, { is_default: true })).json.data.is_default).toBe(true);
    expect((await stateOf(dora, 'present')).is_default).toBe(false);
  });

  it('go while nobody was marked with them, and are retired afterwards', async () => {
    const { place, dora } = await fresh();
    const unused = (await dora.post(STATES, excursion)).json.data;
    expect((await dora.delete(`${STATES}/${unused.id}`)).status).toBe(200);
    expect((await dora.get(`${STATES}/${unused.id}`)).status).toBe(404);
    const { session, participants } = await world.addRegister(place, 1);
    const late = await stateOf(dora, 'late');
    const mark = { session_id: session.id, participant_id: participants[0]!.id };
    await dora.post('/api/presence', { ...mark, presence_state: 'late' });
    // Corrected since: it still stands in the history.
    await dora.post('/api/presence', { ...mark, presence_state: 'present' });
    const refused = await dora.delete(`${STATES}/${late.id}`);
    expect(refused.status).toBe(409);
    expect(refused.json.errors[0].code).toBe('in_use');
    expect((await dora.put(`${STATES}/${late.id}`, { is_active: false })).json.data.is_active).toBe(false);
    const again = await dora.post('/api/presence', { ...mark, presence_state: 'late' });
    expect([again.status, again.json.errors[0].code]).toEqual([422, 'state_unknown']);
  });

  it('stand behind the others in the tally when they are retired: the place of a chip gives its colour', async () => {
    const { place, dora } = await fresh();
    const { session, participants } = await world.addRegister(place, 1);
    const late = await stateOf(dora, 'late');
    await dora.post('/api/presence', {
      session_id: session.id,
      participant_id: participants[0]!.id,
      presence_state: 'late',
    });
    await dora.put(`${STATES}/${late.id}`, { is_active: false });
    const { body } = await dora.get(`/sessions/${session.id}`);
    const chips = [...body.matchAll(/data-c="(\w+)"/g)].map(([, code]) => code);
    expect(chips).toEqual(['present', 'absent', 'excused', 'late']);
  });

  it('say which figures another category changes before it is changed', async () => {
    const { place, dora } = await fresh();
    const { session, participants } = await world.addRegister(place, 4);
    for (const [at, code] of ['present', 'present', 'late', 'absent'].entries())
      await dora.post('/api/presence', {
        session_id: session.id,
        participant_id: participants[at]!.id,
        presence_state: code,
      });
    const late = await stateOf(dora, 'late');
    const { data } = (await dora.get(`${STATES}/${late.id}/preview?category=absent`)).json;
    expect(data).toMatchObject({ marks: 1, sessions: 1, participants: 1, rate_before: 0.75, rate_after: 0.5 });

    const fields = { label: 'Late', color: late.color, category: 'absent', shortcut: 'l' };
    const shown = await dora.post(`/settings/states/${late.id}`, new URLSearchParams(fields));
    expect(shown.status).toBe(200);
    expect(shown.body).toContain('75% now, 50% then');
    expect((await stateOf(dora, 'late')).category).toBe('late');
    const done = await dora.post(
      `/settings/states/${late.id}`,
      new URLSearchParams({ ...fields, confirmed: 'absent' }),
    );
    expect(done.status).toBe(303);
    expect((await stateOf(dora, 'late')).category).toBe('absent');
  });

  it('are changed by administrators only, and only their own', async () => {
    const own = await stateOf(world.ana, 'late');
    const foreign = await stateOf(world.clara, 'late');
    expect((await world.bruno.put(`${STATES}/${own.id}`, { label: 'Mine' })).status).toBe(403);
    const answers = await Promise.all(
      [foreign.id, 999_999_999].map((id) => world.ana.put(`${STATES}/${id}`, { label: 'Mine' })),
    );
    expect(answers.map(({ status }) => status)).toEqual([404, 404]);
    expect(answers[0]!.body).toBe(answers[1]!.body);
    const order = await world.ana.put(`${STATES}/order`, { ids: [foreign.id] });
    expect([order.status, order.json.errors[0].code]).toEqual([422, 'unknown']);
  });

  it('keep one default whoever asks at once', async () => {
    const { dora } = await fresh();
    const states = (await dora.get(STATES)).json.data.filter((state: any) => !state.is_default);
    await Promise.all(states.map((state: any) => dora.put(`${STATES}/${state.id}`, { is_default: true })));
    expect((await dora.get(STATES)).json.data.filter((state: any) => state.is_default)).toHaveLength(1);
  });
});
