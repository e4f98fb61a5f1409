import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SessionTemplate } from '../../src/sessions/index.js';
import { type Place, World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
  await world.addGroup(world.school);
});
afterAll(() => world.close());

const PATH = '/api/admin/session-templates';
const codes = (answer: any): string[] =>
  answer.json.errors.map((each: any) => `${each.code} ${each.field ?? ''}`.trim());
const textOf = (html: string) => html.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');
/** The names that the form of a new session offers, in their order. */
const offered = async (place: Place, who: string) =>
  [...(await place.visitor[who]!.get('/sessions/new')).body.matchAll(/name=([^&"]*)&amp;minutes=(\d+)/g)].map(
    ([, name, minutes]) => `${decodeURIComponent(name!.replaceAll('+', ' '))} ${minutes}`,
  );

describe('templates', () => {
  it('are those of its domain when an organization opens', async () => {
    const { data } = (await world.bruno.get(PATH)).json;
    expect(data.map((each: any) => [each.name, each.minutes, each.is_active])).toEqual([
      ['Lesson', 45, true],
      ['Double lesson', 90, true],
      ['Excursion', 360, true],
    ]);
    const hotel = await world.openPlace('Hotel', 'hospitality', 'Africa/Cairo', { nora: 'administrator' });
    await world.addGroup(hotel);
    expect(await offered(hotel, 'nora')).toEqual(['Breakfast 240', 'Shuttle departure 30', 'Excursion 480']);
  });

  it('are lent by the domain while an organization has none, until it takes them over', async () => {
    const place = await world.openPlace('Old School', 'education', 'Europe/Paris', { otto: 'administrator' });
    await world.addGroup(place);
    await world.write(place, async (tx) => (await tx.find(SessionTemplate, {})).forEach((each) => tx.remove(each)));
    const { otto } = place.visitor;
    expect(await offered(place, 'otto')).toEqual(['Lesson 45', 'Double lesson 90', 'Excursion 360']);
    const page = await otto!.get('/settings/templates');
    expect(page.body).toContain('action="/settings/templates/adopt"');
    await Promise.all([otto!.form('/settings/templates/adopt', {}), otto!.post(PATH, { name: 'Sports', minutes: 60 })]);
    expect(await offered(place, 'otto')).toEqual(['Lesson 45', 'Double lesson 90', 'Excursion 360', 'Sports 60']);
  });

  it('follow a change of the domain, except what people made or changed, and come back with the old one', async () => {
    const place = await world.openPlace('Turning', 'education', 'Europe/Paris', { tara: 'administrator' });
    await world.addGroup(place);
    const tara = place.visitor.tara!;
    const [lesson] = (await tara.get(PATH)).json.data;
    await tara.put(`${PATH}/${lesson.id}`, { minutes: 50 });
    await tara.post(PATH, { name: 'Sports', minutes: 60 });
    const told = textOf((await tara.get('/settings/domain?to=hospitality')).body);
    expect(told).toContain('The templates to plan with become: Breakfast, Shuttle departure, Excursion.');
    const change = (domain: string) => tara.put('/api/admin/domain-config', { domain_type: domain });
    expect((await change('hospitality')).status).toBe(200);
    expect((await offered(place, 'tara')).toSorted()).toEqual([
      'Breakfast 240',
      'Excursion 480',
      'Lesson 50',
      'Shuttle departure 30',
      'Sports 60',
    ]);
    expect((await change('education')).status).toBe(200);
    expect((await offered(place, 'tara')).toSorted()).toEqual([
      'Double lesson 90',
      'Excursion 360',
      'Lesson 50',
      'Sports 60',
    ]);
  });

  it('are made, changed, retired and brought back by programs', async () => {
    const made = await world.ana.post(PATH, { name: 'Choir', minutes: 75, location: 'Hall', start_time: '17:30' });
    expect(made.status).toBe(201);
    expect(made.json.data).toMatchObject({ name: 'Choir', minutes: 75, location: 'Hall', start_time: '17:30' });
    const path = `${PATH}/${made.json.data.id}`;
    expect((await world.ana.put(path, { minutes: 60, location: null })).json.data).toMatchObject({
      name: 'Choir',
      minutes: 60,
      location: null,
      start_time: '17:30',
    });
    expect((await world.ana.delete(path)).json.data.is_active).toBe(false);
    expect((await offered(world.school, 'ana')).join()).not.toContain('Choir');
    expect((await world.ana.get(`${PATH}?is_active=false`)).json.data.map((each: any) => each.name)).toEqual(['Choir']);
    expect((await world.ana.put(path, { is_active: true })).json.data.is_active).toBe(true);
    expect(await offered(world.school, 'ana')).toContain('Choir 60');
  });

  it('name the field at fault', async () => {
    expect(codes(await world.ana.post(PATH, {}))).toEqual(['required name', 'required minutes']);
    expect(codes(await world.ana.post(PATH, { name: 'x', minutes: 0 }))).toEqual(['invalid minutes']);
    expect(codes(await world.ana.post(PATH, { name: 'x', minutes: 1441 }))).toEqual(['invalid minutes']);
    expect(codes(await world.ana.post(PATH, { name: 'x', minutes: 5, start_time: '25:00' }))).toEqual([
      'invalid start_time',
    ]);
    expect(codes(await world.ana.post(PATH, { name: 'x', minutes: 5, colour: 1 }))).toEqual(['unknown_field colour']);
  });

  it('belong to those who configure, and are unknown to another organization', async () => {
    const [{ id }] = (await world.ana.get(PATH)).json.data;
    expect((await world.bruno.post(PATH, { name: 'x', minutes: 5 })).status).toBe(403);
    expect((await world.mara.put(`${PATH}/${id}`, { name: 'x' })).status).toBe(403);
    expect((await world.clara.put(`${PATH}/${id}`, { name: 'x' })).body).toBe(
      (await world.clara.put(`${PATH}/999999999`, { name: 'x' })).body,
    );
    expect((await world.clara.delete(`${PATH}/${id}`)).status).toBe(404);
    expect((await world.visitor().get(PATH)).status).toBe(401);
  });
});

describe('the pages of templates', () => {
  it('add, move, change and retire, with a way back', async () => {
    const place = await world.openPlace('Page School', 'education', 'Europe/Paris', { paul: 'administrator' });
    await world.addGroup(place);
    const { paul } = place.visitor;
    const form = { name: 'Sports', minutes: '60', start_time: '', location: '' };
    expect((await paul!.form('/settings/templates', form)).status).toBe(303);
    const id = (await paul!.get(PATH)).json.data.at(-1).id;
    await paul!.form(`/settings/templates/${id}/move`, { direction: 'up' });
    await paul!.form(`/settings/templates/${id}/move`, { direction: 'up' });
    expect(await offered(place, 'paul')).toEqual(['Lesson 45', 'Sports 60', 'Double lesson 90', 'Excursion 360']);
    await paul!.form(`/settings/templates/${id}`, { ...form, minutes: '70', start_time: '08:15' });
    expect(textOf((await paul!.get('/settings/templates')).body)).toContain('Sports 70 minutes 08:15');
    const retired = await paul!.form(`/settings/templates/${id}/retire`, {});
    const page = await paul!.get(retired.headers.get('location')!);
    expect(page.body).toContain(`action="/settings/templates/${id}/restore" data-undo`);
    expect(await offered(place, 'paul')).toEqual(['Lesson 45', 'Double lesson 90', 'Excursion 360']);
    await paul!.form(`/settings/templates/${id}/restore`, {});
    expect(await offered(place, 'paul')).toContain('Sports 70');
  });

  it('keep what was typed when it is refused', async () => {
    const refused = await world.ana.form('/settings/templates', { name: 'Kept', minutes: 'many' });
    expect(refused.status).toBe(422);
    expect(refused.body).toContain('value="Kept"');
    expect(refused.body).toContain('id="minutes-error"');
    expect((await world.bruno.get('/settings/templates')).status).toBe(403);
  });
});
