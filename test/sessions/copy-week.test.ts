import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ClosingDay, Session } from '../../src/sessions/index.js';
import { type Place, World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const PATH = '/api/sessions/copy-week';
const codes = (answer: any): string[] =>
  answer.json.errors.map((each: any) => `${each.code} ${each.field ?? ''}`.trim());
const textOf = (html: string) => html.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');
/** A school of its own with a week of sessions: Monday at nine twice, Sunday night, and one that is cancelled. */
async function school() {
  const place = await world.openPlace('Copy School', 'education', 'Europe/Paris', {
    cora: 'administrator',
    finn: 'frontline',
  });
  const [one, two] = [await world.addGroup(place, 'One'), await world.addGroup(place, 'Two')];
  const at = (group: typeof one, time: string, more: object = {}) =>
    world.addSession(place, group, { scheduledStartAt: new Date(`${time}:00Z`), name: 'Algebra', ...more });
  await at(one, '2027-03-15T08:00', { location: 'Room 1' });
  await at(two, '2027-03-15T08:00');
  await at(one, '2027-03-21T22:00');
  await at(one, '2027-03-16T08:00', { status: 'cancelled' });
  return { place, cora: place.visitor.cora!, finn: place.visitor.finn!, one, two };
}
const between = (place: Place, from: string, to: string) =>
  world.read(place, async (em) =>
    (
      await em.find(
        Session,
        { scheduledStartAt: { $gte: new Date(from), $lt: new Date(to) }, status: { $ne: 'cancelled' } },
        { orderBy: { scheduledStartAt: 'asc', id: 'asc' } },
      )
    ).map((each) => each.scheduledStartAt.toISOString().slice(0, 16)),
  );

describe('copying a week', () => {
  it('plans its sessions again at the same local time, across a change of the clocks', async () => {
    const { place, cora } = await school();
    const answer = await cora.post(PATH, { from: '2027-03-17', to: ['2027-03-22', '2027-04-01'] });
    expect(answer.status).toBe(201);
    expect(answer.json.data).toEqual({
      created: 6,
      weeks: [
        { week: '2027-03-22', created: 3, closed: 0, there: 0 },
        { week: '2027-03-29', created: 3, closed: 0, there: 0 },
      ],
      dry_run: false,
      copy: expect.any(String),
    });
    expect(await between(place, '2027-03-22T00:00:00Z', '2027-04-06T00:00:00Z')).toEqual([
      '2027-03-22T08:00',
      '2027-03-22T08:00',
      '2027-03-28T21:00',
      '2027-03-29T07:00',
      '2027-03-29T07:00',
      '2027-04-04T21:00',
    ]);
  });

  it('may be done twice: what stands there already is not made again, nor by two at once', async () => {
    const { place, cora } = await school();
    const body = { from: '2027-03-15', to: ['2027-03-22'] };
    const answers = await Promise.all([cora.post(PATH, body), cora.post(PATH, body)]);
    expect(answers.map((each) => each.json.data.created).sort((a, b) => a - b)).toEqual([0, 3]);
    expect((await cora.post(PATH, body)).json.data).toMatchObject({ created: 0, copy: null, weeks: [{ there: 3 }] });
    expect(await between(place, '2027-03-22T00:00:00Z', '2027-03-29T00:00:00Z')).toHaveLength(3);
  });

  it('is undone exactly: those that it made, unless something happened in them', async () => {
    const { place, cora, one } = await school();
    await world.addSession(place, one, { scheduledStartAt: new Date('2027-03-22T10:00:00Z') });
    const { copy } = (await cora.post(PATH, { from: '2027-03-15', to: ['2027-03-22'] })).json.data;
    const made = await world.read(place, (em) => em.find(Session, { id: { $gte: Number(copy.split('.')[0]) } }));
    await cora.patch(`/api/sessions/${made[0]!.id}/start`);
    expect((await cora.post(`${PATH}/undo`, { copy })).json.data).toEqual({ cancelled: 2 });
    expect((await cora.post(`${PATH}/undo`, { copy })).json.data).toEqual({ cancelled: 0 });
    expect(await between(place, '2027-03-22T00:00:00Z', '2027-03-29T00:00:00Z')).toEqual([
      '2027-03-22T08:00',
      '2027-03-22T10:00',
    ]);
    // Nobody else's copy.
    expect((await world.ana.post(`${PATH}/undo`, { copy })).json.data).toEqual({ cancelled: 0 });
  });

  it('leaves closing days out, and keeps to a group when one is named', async () => {
    const { place, cora, one, two } = await school();
    await world.write(place, (tx) => {
      tx.create(ClosingDay, { name: 'Two is away', fromOn: '2027-03-22', toOn: '2027-03-22', group: two.id });
    });
    const dry = await cora.post(PATH, { from: '2027-03-15', to: ['2027-03-22'], dry_run: true });
    expect(dry.json.data).toMatchObject({ created: 2, dry_run: true, copy: null, weeks: [{ closed: 1 }] });
    expect(await between(place, '2027-03-22T00:00:00Z', '2027-03-29T00:00:00Z')).toEqual([]);
    const only = await cora.post(PATH, { from: '2027-03-15', to: ['2027-03-22'], group_id: one.id });
    expect(only.json.data).toMatchObject({ created: 2, weeks: [{ closed: 0 }] });
  });

  it('names the field at fault, and is for those who plan', async () => {
    const { cora, finn } = await school();
    const foreign = await world.addGroup(world.other);
    const body = { from: '2027-03-15', to: ['2027-03-22'] };
    expect(codes(await cora.post(PATH, {}))).toEqual(['required from', 'required to']);
    expect(codes(await cora.post(PATH, { ...body, to: [] }))).toEqual(['invalid to']);
    expect(codes(await cora.post(PATH, { ...body, to: ['2027-03-18'] }))).toEqual(['invalid to']);
    expect(codes(await cora.post(PATH, { ...body, group_id: foreign.id }))).toEqual(['unknown group_id']);
    expect(codes(await cora.post(PATH, { ...body, group_id: foreign.id, dry_run: true }))).toEqual([
      'unknown group_id',
    ]);
    expect(codes(await cora.post(`${PATH}/undo`, { copy: '1; drop table' }))).toEqual(['invalid copy']);
    expect((await finn.post(PATH, body)).status).toBe(403);
    expect((await world.mara.post(PATH, body)).status).toBe(403);
    expect((await world.visitor().post(PATH, body)).status).toBe(401);
  });
});

describe('the page', () => {
  it('shows what would be made, makes it, and takes it back', async () => {
    const { place, cora } = await school();
    const blank = await cora.get('/sessions/copy-week?from=2027-03-17');
    expect(blank.body).toContain('value="2027-03-15"');
    expect(blank.body).toContain('value="2027-03-22"');
    const preview = await cora.get('/sessions/copy-week?from=2027-03-15&to=2027-03-22&weeks=2&group_id=');
    expect(textOf(preview.body)).toContain('6 lessons would be made');
    expect(await between(place, '2027-03-22T00:00:00Z', '2027-04-06T00:00:00Z')).toEqual([]);
    const done = await cora.form('/sessions/copy-week', {
      from: '2027-03-15',
      to: '2027-03-22',
      weeks: '2',
      group_id: '',
    });
    const page = await cora.get(done.headers.get('location')!);
    expect(textOf(page.body)).toContain('6 lessons were made.');
    const copy = /name="copy" value="([^"]+)"/.exec(page.body)![1]!;
    const undone = await cora.form('/sessions/copy-week/undo', { copy });
    expect(textOf((await cora.get(undone.headers.get('location')!)).body)).toContain('6 lessons are cancelled.');
  });

  it('keeps what was typed when it is refused', async () => {
    const refused = await world.ana.get('/sessions/copy-week?from=2027-03-15&to=2027-03-15&weeks=99');
    expect(refused.status).toBe(422);
    expect(refused.body).toContain('id="weeks-error"');
    expect(refused.body).toContain('value="99"');
    expect((await world.ana.form('/sessions/copy-week', { from: 'x', to: '', weeks: '1' })).status).toBe(422);
    expect((await world.ana.get('/sessions/copy-week?from=x')).status).toBe(200);
    expect((await world.bruno.get('/sessions/copy-week')).status).toBe(403);
  });
});
