import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const textOf = (html: string) => html.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');
/** What the form with this action holds, as a browser would send it. */
function fieldsOf(html: string, action: string): Record<string, string> {
  const form = new RegExp(`<form[^>]*action="${action}"[\\s\\S]*?</form>`).exec(html)![0];
  const inputs = [...form.matchAll(/<input[^>]*name="(\w+)"[^>]*>/g)].map(
    ([tag, name]) => [name!, /value="([^"]*)"/.exec(tag)?.[1] ?? ''] as const,
  );
  return Object.fromEntries(inputs.filter(([name]) => name !== 'revive'));
}
const CLOSING = '/api/admin/closing-days';
const TEMPLATES = '/api/admin/session-templates';

describe('two who change one closing day', () => {
  const make = async () =>
    (await world.ana.post(CLOSING, { name: 'Autumn', from_on: '2031-10-20', to_on: '2031-10-31' })).json.data.id;

  it('a program that says which version it saw gets the present one with 412', async () => {
    const path = `${CLOSING}/${await make()}`;
    const seen = (await world.ana.get(path)).headers.get('etag')!;
    const first = await world.ana.put(path, { name: 'First' }, { 'if-match': seen });
    expect([first.status, first.headers.get('etag') !== seen]).toEqual([200, true]);
    const second = await world.ana.put(path, { name: 'Second' }, { 'if-match': seen });
    expect([second.status, second.json.errors[0].code, second.json.current.name]).toEqual([
      412,
      'changed_meanwhile',
      'First',
    ]);
    expect((await world.ana.delete(path, { 'if-match': seen })).status).toBe(412);
    expect((await world.ana.put(path, { name: 'Second' }, { 'if-match': first.headers.get('etag')! })).status).toBe(
      200,
    );
    // What is wrong with the change itself is told first.
    expect((await world.ana.put(path, { to_on: '2001-01-01' }, { 'if-match': seen })).status).toBe(422);
  });

  it('a person is told what became other meanwhile, and loses nothing typed', async () => {
    const path = `/settings/closing-days/${await make()}`;
    const form = fieldsOf((await world.ana.get(path)).body, path);
    expect(form.version).toMatch(/^\d+$/);
    await world.ana.put(`/api/admin${path.slice('/settings'.length)}`, { name: 'Autumn break', to_on: '2031-11-02' });
    const refused = await world.ana.form(path, { ...form, group_id: '', name: 'Herbstferien' });
    expect(refused.status).toBe(409);
    expect(textOf(refused.body)).toMatch(/Name now: Autumn break Ana Example/);
    const again = fieldsOf(refused.body, path);
    expect([again.name, again.to_on]).toEqual(['Herbstferien', '2031-11-02']);
    expect((await world.ana.form(path, { ...again, group_id: '' })).status).toBe(303);
    expect((await world.ana.get(path)).body).toContain('Herbstferien');
  });

  it('it is not removed by somebody who saw another one', async () => {
    const path = `/settings/closing-days/${await make()}`;
    const { version } = fieldsOf((await world.ana.get(path)).body, `${path}/remove`);
    await world.ana.put(`/api/admin${path.slice('/settings'.length)}`, { from_on: '2031-10-01' });
    const refused = await world.ana.form(`${path}/remove`, { version: version! });
    expect([refused.status, (await world.ana.get(path)).status]).toEqual([409, 200]);
    const now = fieldsOf(refused.body, `${path}/remove`);
    expect((await world.ana.form(`${path}/remove`, now)).status).toBe(303);
    expect((await world.ana.get(path)).status).toBe(404);
  });
});

describe('two who change one template', () => {
  const make = async () => (await world.ana.post(TEMPLATES, { name: 'Swimming', minutes: 60 })).json.data.id;

  it('a program that says which version it saw gets the present one with 412', async () => {
    const path = `${TEMPLATES}/${await make()}`;
    const seen = (await world.ana.get(path)).headers.get('etag')!;
    expect((await world.ana.put(path, { minutes: 75 }, { 'if-match': seen })).status).toBe(200);
    const second = await world.ana.put(path, { minutes: 90 }, { 'if-match': seen });
    expect([second.status, second.json.current.minutes]).toEqual([412, 75]);
    expect((await world.ana.delete(path, { 'if-match': seen })).status).toBe(412);
    expect((await world.bruno.get(path)).json.data.minutes).toBe(75);
    expect((await world.clara.get(path)).status).toBe(404);
  });

  it('a person is told what became other meanwhile, and loses nothing typed', async () => {
    const id = await make();
    const path = `/settings/templates/${id}`;
    const form = fieldsOf((await world.ana.get(path)).body, path);
    await world.ana.put(`${TEMPLATES}/${id}`, { minutes: 75 });
    const refused = await world.ana.form(path, { ...form, name: 'Diving', minutes: '80' });
    expect([refused.status, fieldsOf(refused.body, path).name]).toEqual([409, 'Diving']);
    expect(textOf(refused.body)).toMatch(/Lasts \(minutes\) now: 75 Ana Example/);
    expect((await world.ana.form(path, fieldsOf(refused.body, path))).status).toBe(303);
    expect((await world.ana.get(`${TEMPLATES}/${id}`)).json.data).toMatchObject({ name: 'Diving', minutes: 80 });
  });
});
