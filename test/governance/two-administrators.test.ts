/** Two administrators change the same settings at once: the second one is told, by every form. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const STALE = 'Somebody changed this while you were typing.';
const configure = async (change: object) =>
  expect((await world.ana.put('/api/admin/domain-config', change)).status).toBe(200);
const config = async () => (await world.ana.get('/api/admin/domain-config')).json.data;

/** What a browser would send of the form of a page. */
function formOf(body: string, action: string): Record<string, string> {
  const form = body.split('<form').find((each) => each.includes(`action="${action}"`))!;
  const text = (value = '') => value.replaceAll('&#39;', "'").replaceAll('&quot;', '"').replaceAll('&amp;', '&');
  const fields: [string, string][] = [];
  for (const [tag] of form.matchAll(/<input[^>]*>/g)) {
    const [, name] = /name="([^"]*)"/.exec(tag) ?? [];
    if (!name || /type="file"/.test(tag) || (/type="checkbox"/.test(tag) && !/ checked/.test(tag))) continue;
    fields.push([name, text(/value="([^"]*)"/.exec(tag)?.[1])]);
  }
  for (const [, name, inside] of form.matchAll(/<select[^>]*name="([^"]*)"[^>]*>([^]*?)<\/select>/g))
    fields.push([name!, text(/value="([^"]*)"[^>]* selected/.exec(inside!)?.[1])]);
  for (const [, name, inside] of form.matchAll(/<textarea[^>]*name="([^"]*)"[^>]*>\n?([^<]*)<\/textarea>/g))
    fields.push([name!, text(inside).replaceAll('\n', '\r\n')]);
  return Object.fromEntries(fields);
}
const drawn = async (page: string, action = page) => formOf((await world.ana.get(page)).body, action);
const send = (action: string, fields: Record<string, string>) => world.ana.form(action, fields);
/** The panel of what changed, as text. */
const meanwhile = (body: string) =>
  (/<dl class="changed-fields">([^]*?)<\/dl>/.exec(body)?.[1] ?? '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ');

describe('the rules', () => {
  const page = '/settings/rules';

  it('are not overwritten by a form that was drawn before somebody else changed them', async () => {
    const form = await drawn(page);
    await configure({ settings: { grace_minutes: 7, lock_hours: 48, second_factor_roles: ['manager'] } });
    const refused = await send(page, { ...form, grace_minutes: '9', seen: '9' });
    expect([refused.status, refused.body.includes(STALE)]).toEqual([409, true]);
    expect((await config()).settings).toMatchObject({ grace_minutes: 7, lock_hours: 48 });
    const told = meanwhile(refused.body);
    expect(told).toMatch(/Grace, in minutes now: 7 .*What you typed is still in the form/);
    expect(told).toMatch(/Lock after, in hours now: 48 .*the form shows the new value/);
    expect(told).toMatch(/Second factor: Managers now: Yes/);
    // Where nothing was typed the form shows what stands now, and saving again keeps both.
    const again = formOf(refused.body, page);
    expect(again).toMatchObject({ grace_minutes: '9', lock_hours: '48', second_factor_manager: 'on' });
    expect((await send(page, { ...again, seen: '9' })).status).toBe(303);
    expect((await config()).settings).toMatchObject({
      grace_minutes: 9,
      lock_hours: 48,
      second_factor_roles: ['manager'],
    });
    await configure({ settings: { grace_minutes: null, lock_hours: null, second_factor_roles: null } });
  });

  it('are saved beside what somebody else changed elsewhere', async () => {
    const form = await drawn(page);
    await configure({ settings: { letterhead_lines: ['1 Road'] } });
    await world.ana.put('/api/admin/organization', { name: 'Riverside School' });
    expect((await send(page, { ...form, offline_hours: '24' })).status).toBe(303);
    expect((await config()).settings).toMatchObject({ offline_hours: 24, letterhead_lines: ['1 Road'] });
  });

  it('are saved by whoever does not say what he has seen', async () => {
    const { version: _none, ...form } = await drawn(page);
    await configure({ settings: { offline_hours: 30 } });
    expect((await send(page, form)).status).toBe(303);
  });
});

describe('the organization', () => {
  it('keeps the name that somebody else gave it, and shows it beside the other', async () => {
    const page = '/settings/organization';
    const form = await drawn(page);
    await world.ana.put('/api/admin/organization', { name: 'First Academy' });
    const refused = await send(page, { ...form, name: 'Second <Academy>' });
    expect([refused.status, refused.body.includes(STALE)]).toEqual([409, true]);
    expect(meanwhile(refused.body)).toMatch(/Name now: First Academy Ana/);
    expect(formOf(refused.body, page).name).toBe('Second &lt;Academy&gt;');
    expect((await send(page, { ...form, version: formOf(refused.body, page).version!, name: 'Second' })).status).toBe(
      303,
    );
  });
});

describe('the words', () => {
  const [page, action] = ['/settings/domain', '/settings/words'];

  it('are not overwritten', async () => {
    const form = await drawn(page, action);
    await configure({ terms: { participant: { one: 'pupil', many: 'pupils' } } });
    const refused = await send(action, { ...form, group_one: 'form', group_many: 'forms' });
    expect([refused.status, refused.body.includes(STALE)]).toEqual([409, true]);
    expect(meanwhile(refused.body)).toContain('Somebody whose presence is recorded: One now: pupil');
    const again = formOf(refused.body, action);
    expect(again).toMatchObject({ participant_one: 'pupil', group_one: 'form' });
    expect((await send(action, again)).status).toBe(303);
    expect((await config()).terms).toMatchObject({ participant: { one: 'pupil' }, group: { one: 'form' } });
  });

  it('are not lost with a change of the domain that was looked at before they were written', async () => {
    const form = await drawn('/settings/domain?to=corporate', page);
    await configure({ terms: { session: { one: 'hour', many: 'hours' } } });
    const refused = await send(page, form);
    expect([refused.status, refused.body.includes(STALE), refused.body.includes('hour, hours')]).toEqual([
      409,
      true,
      true,
    ]);
    expect((await config()).domain_type).toBe('education');
    expect((await send(page, formOf(refused.body, page))).status).toBe(303);
    expect((await config()).domain_type).toBe('corporate');
    await configure({ domain_type: 'education' });
  });
});

describe('the reporting periods', () => {
  const page = '/settings/reporting-periods';
  const spring = { name: 'Spring', from: '2026-01-01', to: '2026-06-30' };
  const autumn = { name: 'Autumn', from: '2026-09-01', to: '2026-12-31' };

  it('stay a list that somebody has typed', async () => {
    await configure({ settings: { reporting_periods: [autumn] } });
    const form = await drawn(page);
    await configure({ settings: { reporting_periods: [spring, autumn] } });
    const refused = await send(page, { ...form, to_0: '2026-12-20' });
    expect([refused.status, refused.body.includes(STALE)]).toEqual([409, true]);
    expect(meanwhile(refused.body)).toContain('Spring (2026-01-01 – 2026-06-30), Autumn (2026-09-01 – 2026-12-31)');
    expect(formOf(refused.body, page)).toMatchObject({ name_0: 'Autumn', to_0: '2026-12-20' });
    // Whoever had typed nothing sees the new list.
    const untouched = await send(page, form);
    expect([untouched.status, formOf(untouched.body, page).name_1]).toEqual([409, 'Autumn']);
    expect((await send(page, formOf(untouched.body, page))).status).toBe(303);
    expect((await config()).settings.reporting_periods).toEqual([spring, autumn]);
  });
});

describe('the letterhead', () => {
  const page = '/settings/letterhead';
  const upload = (fields: Record<string, string>, file?: Buffer) => {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    if (file) form.set('file', new Blob([file as BlobPart]), 'logo.png');
    return world.ana.post(page, form);
  };
  const logo = (background: string) =>
    sharp({ create: { width: 40, height: 20, channels: 3, background } })
      .png()
      .toBuffer();

  it('keeps the lines that somebody else wrote, and what was typed', async () => {
    await configure({ settings: { letterhead_lines: ['1 Road', 'Town'] } });
    const form = await drawn(page);
    await configure({ settings: { letterhead_lines: ['2 Road', 'Town'] } });
    const refused = await upload({ ...form, certificate_text: 'Of {name}' });
    expect([refused.status, refused.body.includes(STALE)]).toEqual([409, true]);
    expect(meanwhile(refused.body)).toMatch(/Address now: 2 Road Town .*the form shows the new value/);
    const again = formOf(refused.body, page);
    expect(again).toMatchObject({ letterhead_lines: '2 Road\r\nTown', certificate_text: 'Of {name}' });
    expect((await upload(again)).status).toBe(303);
    expect((await config()).settings).toMatchObject({
      letterhead_lines: ['2 Road', 'Town'],
      certificate_text: 'Of {name}',
    });
  });

  it('keeps the logo that somebody else chose', async () => {
    const form = await drawn(page);
    expect((await upload(form, await logo('red'))).status).toBe(303);
    for (const [more, file] of [
      [{}, await logo('blue')],
      [{ remove_logo: 'on' }, undefined],
    ] as const) {
      const refused = await upload({ ...form, ...more, letterhead_lines: 'Mine' }, file);
      expect([refused.status, refused.body.includes('Somebody changed the logo while you were typing.')]).toEqual([
        409,
        true,
      ]);
      expect(formOf(refused.body, page).letterhead_lines).toBe('Mine');
    }
    // A form that was refused for something else has not shown the other logo.
    const misspelt = await upload({ ...form, certificate_text: 'Of {nmae}' }, await logo('blue'));
    expect(misspelt.status).toBe(422);
    const mended = { ...formOf(misspelt.body, page), certificate_text: 'Of {name}' };
    expect((await upload(mended, await logo('blue'))).status).toBe(409);
    // The lines alone take nothing from it; and knowingly it is replaced.
    expect((await upload(form)).status).toBe(303);
    expect((await upload(await drawn(page), await logo('blue'))).status).toBe(303);
  }, 30_000);
});
