import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Group } from '../../src/participants/index.js';
import { ClosingDay, Session, SessionSeries } from '../../src/sessions/index.js';
import { World } from '../world.js';

let world: World;
let group: Group;
beforeAll(async () => {
  world = await World.open();
  group = await world.addGroup(world.school, 'Class 5E');
});
afterAll(() => world.close());

const textOf = (html: string) =>
  html
    .replace(/<(script|style)[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ');
/** What a browser would send: hidden fields, texts, the checked boxes and the chosen options of the form with this action. */
function formOf(html: string, action: string): [string, string][] {
  const form = html.split(`action="${action}"`)[1]!.split('</form>')[0]!;
  const unescape = (text: string) =>
    text
      .replaceAll('&quot;', '"')
      .replaceAll('&#39;', "'")
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&amp;', '&');
  const fields: [string, string][] = [];
  for (const [tag] of form.matchAll(/<(input|select)[^>]*>/g)) {
    const attribute = (name: string) => new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1];
    const name = attribute('name');
    if (!name) continue;
    if (/type="(radio|checkbox)"/.test(tag) && !/ checked/.test(tag)) continue;
    if (tag.startsWith('<select')) {
      const options = form.split(tag)[1]!.split('</select>')[0]!;
      fields.push([name, /<option value="([^"]*)" selected/.exec(options)?.[1] ?? '']);
    } else fields.push([name, unescape(attribute('value') ?? '')]);
  }
  return fields;
}
const withValues = (fields: [string, string][], values: Record<string, string>): [string, string][] => [
  ...fields.filter(([name]) => !(name in values)),
  ...Object.entries(values),
];
const form = (more: object = {}) => ({
  group_id: String(group.id),
  name: 'Chess',
  location: '',
  date: '2027-03-22',
  start: '09:00',
  end: '09:45',
  repeat: 'weekly',
  every: '1',
  weekdays: 'MO',
  ends: 'count',
  until: '',
  count: '3',
  ...more,
});
const seriesNow = (id: number) =>
  world.read(world.school, (em) => em.find(Session, { seriesId: id }, { orderBy: { occursAt: 'asc' } }));
const last = () =>
  world.read(world.school, (em) => em.findOneOrFail(Session, { id: { $gt: 0 } }, { orderBy: { id: 'desc' } }));
const make = async (more: object = {}) => {
  const done = await world.ana.form('/sessions/new', { ...form(more), confirmed: 'yes' });
  expect(done.status).toBe(303);
  return seriesNow((await last()).seriesId!);
};

describe('scheduling what repeats', () => {
  it('shows every date and the closing days before anything is written, then schedules exactly those', async () => {
    await world.write(world.school, (tx) =>
      tx.create(ClosingDay, { name: 'Easter <Monday>', fromOn: '2027-03-29', toOn: '2027-03-29' }),
    );
    const before = await world.read(world.school, (em) => em.count(Session, {}));
    const preview = await world.ana.form('/sessions/new', form());
    expect(preview.status).toBe(200);
    const text = textOf(preview.body);
    expect(text).toContain('every week: Monday, 3 times');
    expect(text).toContain('Schedule these 2 lessons');
    expect(text).toContain('Easter &lt;Monday&gt;');
    expect(await world.read(world.school, (em) => em.count(Session, {}))).toBe(before);
    const done = await world.ana.form(
      '/sessions/new',
      withValues(formOf(preview.body, '/sessions/new'), { confirmed: 'yes' }),
    );
    expect(done.status).toBe(303);
    const page = await world.ana.get(done.headers.get('location')!);
    expect(textOf(page.body)).toContain('Chess is scheduled 2 times.');
    const made = await seriesNow((await last()).seriesId!);
    // Nine in the morning before and after the clocks change.
    expect(made.map((each) => each.scheduledStartAt.toISOString())).toEqual([
      '2027-03-22T08:00:00.000Z',
      '2027-04-05T07:00:00.000Z',
    ]);
    const undo = /action="(\/sessions\/\d+\/cancel)" data-undo/.exec(page.body)![1]!;
    await world.ana.form(undo, { scope: 'all' });
    expect((await seriesNow(made[0]!.seriesId!)).map((each) => each.status)).toEqual(['cancelled', 'cancelled']);
  });

  it('refuses a last day that lies before the first one, at its field', async () => {
    const refused = await world.ana.form('/sessions/new', form({ ends: 'until', until: '2026-03-22', count: '' }));
    expect(refused.status).toBe(422);
    expect(textOf(refused.body)).toContain('The last day lies before the first one.');
    expect(refused.body).toMatch(/name="until"[^>]*aria-invalid="true"/);
  });

  it('goes back to the form with everything that was typed', async () => {
    const preview = await world.ana.form('/sessions/new', form({ name: 'A "quoted" name', weekdays: 'TH' }));
    const back = await world.ana.form(
      '/sessions/new',
      withValues(formOf(preview.body, '/sessions/new'), { confirmed: 'no' }),
    );
    expect(back.body).toContain('value="A &quot;quoted&quot; name"');
    expect(back.body).toMatch(/name="weekdays" value="TH" checked/);
    expect(back.body).toMatch(/value="weekly" checked/);
  });

  it.each([
    [{ repeat: 'daily', every: '2' }, ['2027-05-10', '2027-05-12', '2027-05-14']],
    [{ repeat: 'monthly_date' }, ['2027-05-10', '2027-06-10', '2027-07-10']],
    [{ repeat: 'monthly_weekday' }, ['2027-05-10', '2027-06-14', '2027-07-12']],
    [{ repeat: 'monthly_weekday', date: '2027-05-31' }, ['2027-05-31', '2027-06-28', '2027-07-26']],
    [{ repeat: 'weekly', weekdays: '', ends: 'until', until: '2027-05-17' }, ['2027-05-10', '2027-05-17']],
  ])('follows %j', async (more, days) => {
    const made = await make({ date: '2027-05-10', ...more });
    expect(made.map((each) => each.scheduledStartAt.toISOString().slice(0, 10))).toEqual(days);
  });

  it('keeps what was typed when it is refused, and says why at the field', async () => {
    const refused = await world.ana.form('/sessions/new', form({ name: 'Kept', count: '', every: 'x' }));
    expect(refused.status).toBe(422);
    for (const field of ['every']) expect(refused.body).toContain(`id="${field}-error"`);
    expect(refused.body).toContain('value="Kept"');
    const none = await world.ana.form('/sessions/new', form({ count: '' }));
    expect(none.body).toContain('id="count-error"');
    const never = await world.ana.form('/sessions/new', form({ ends: 'until', until: '2027-03-01' }));
    expect(never.status).toBe(422);
  });

  it('is not offered to a teacher, and refused when he asks all the same', async () => {
    expect((await world.bruno.get('/sessions/new')).body).not.toContain('name="repeat"');
    expect((await world.bruno.form('/sessions/new', form())).status).toBe(403);
    expect((await world.bruno.form('/sessions/new', form({ repeat: 'never' }))).status).toBe(303);
  });
});

describe('editing one of a series', () => {
  it('changes only this one unless more is asked for', async () => {
    const made = await make({ date: '2027-06-07' });
    const path = `/sessions/${made[1]!.id}/edit`;
    expect((await world.ana.get(`/sessions/${made[1]!.id}`)).body).toContain(`href="${path}"`);
    expect((await world.bruno.get(`/sessions/${made[1]!.id}`)).body).not.toContain(path);
    const page = await world.ana.get(path);
    expect(textOf(page.body)).toContain('only this lesson');
    expect(textOf(page.body)).toContain('every week: Monday');
    await world.ana.form(path, withValues(formOf(page.body, path), { name: 'Test' }));
    expect((await seriesNow(made[0]!.seriesId!)).map((each) => each.name)).toEqual(['Chess', 'Test', 'Chess']);
  });

  it('changes all of them, and carries over only what was changed on the form', async () => {
    const made = await make({ date: '2027-06-07' });
    const path = `/sessions/${made[1]!.id}/edit`;
    // This one was moved alone; only its place is changed for all now.
    await world.ana.put(`/api/sessions/${made[1]!.id}`, {
      scheduled_start_at: '2027-06-14T13:00:00Z',
      scheduled_end_at: '2027-06-14T14:00:00Z',
    });
    const page = await world.ana.get(path);
    const done = await world.ana.form(path, withValues(formOf(page.body, path), { location: 'Hall', scope: 'all' }));
    expect(textOf((await world.ana.get(done.headers.get('location')!)).body)).toMatch(
      /Chess: 3 changed, 0 new, 0 cancelled, 0 left as they were\./,
    );
    const now = await seriesNow(made[0]!.seriesId!);
    expect(now.map((each) => each.location)).toEqual(['Hall', 'Hall', 'Hall']);
    expect(now.map((each) => each.scheduledStartAt.toISOString().slice(11, 16))).toEqual(['07:00', '07:00', '07:00']);
  });

  it('moves this and the following to another day with a new rule', async () => {
    const made = await make({ date: '2027-06-07' });
    const path = `/sessions/${made[1]!.id}/edit`;
    const page = await world.ana.get(path);
    const values = {
      date: '2027-06-15',
      scope: 'following',
      repeat: 'weekly',
      weekdays: 'TU',
      ends: 'count',
      count: '2',
    };
    await world.ana.form(path, withValues(formOf(page.body, path), values));
    const moved = await world.read(world.school, (em) => em.findOneOrFail(Session, { id: made[1]!.id }));
    expect(moved.seriesId).not.toBe(made[0]!.seriesId);
    expect(
      (await seriesNow(moved.seriesId!)).map((each) => [each.id, each.scheduledStartAt.toISOString().slice(0, 10)]),
    ).toEqual([
      [made[1]!.id, '2027-06-15'],
      [made[2]!.id, '2027-06-22'],
    ]);
    const rule = await world.read(world.school, (em) => em.findOneOrFail(SessionSeries, { id: made[0]!.seriesId! }));
    expect(rule.recurrence).toBe('FREQ=WEEKLY;BYDAY=MO;UNTIL=20270613T215959Z');
  });

  it('cancels the following with a way back', async () => {
    const made = await make({ date: '2027-06-07' });
    const done = await world.ana.form(`/sessions/${made[1]!.id}/cancel`, { scope: 'following' });
    const page = await world.ana.get(done.headers.get('location')!);
    expect(textOf(page.body)).toContain('Chess: 2 cancelled, 0 left as they were.');
    expect(page.body).toContain('name="scope" value="following"');
    await world.ana.form(`/sessions/${made[1]!.id}/revive`, { scope: 'following' });
    expect((await seriesNow(made[0]!.seriesId!)).map((each) => each.status)).toEqual(Array(3).fill('scheduled'));
    expect((await world.ana.form(`/sessions/${made[1]!.id}/cancel`, { scope: 'none' })).status).toBe(422);
  });
});

describe('who comes second on the form', () => {
  it('is told what changed, loses nothing that he typed, and may save it then', async () => {
    const session = await world.addSession(world.school, group, { name: 'Before', location: 'Room 1' });
    const path = `/sessions/${session.id}/edit`;
    const seen = await world.ana.get(path);
    await world.ana.put(`/api/sessions/${session.id}`, { name: 'Meanwhile <b>', location: null });
    const refused = await world.ana.form(path, withValues(formOf(seen.body, path), { name: 'Mine' }));
    expect(refused.status).toBe(412);
    expect(textOf(refused.body)).toContain('Name: Meanwhile &lt;b&gt;, it was Before before.');
    expect(textOf(refused.body)).toContain('Place: empty, it was Room 1 before.');
    expect(refused.body).toContain('value="Mine"');
    expect((await world.read(world.school, (em) => em.findOneOrFail(Session, { id: session.id }))).name).toBe(
      'Meanwhile <b>',
    );
    expect((await world.ana.form(path, formOf(refused.body, path))).status).toBe(303);
    expect((await world.read(world.school, (em) => em.findOneOrFail(Session, { id: session.id }))).name).toBe('Mine');
  });
});
