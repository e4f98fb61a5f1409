import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Visitor } from '../support/visitor.js';
import { type Place, World } from '../world.js';

let world: World;
let place: Place;
let [olga, pavel]: [Visitor, Visitor] = [] as never;
beforeAll(async () => {
  world = await World.open();
  place = await world.openPlace('Two Editors', 'education', 'Europe/Paris', {
    olga: 'administrator',
    pavel: 'administrator',
  });
  [olga, pavel] = [place.visitor.olga!, place.visitor.pavel!];
});
afterAll(() => world.close());

const textOf = (html: string) => html.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');
const fieldsOf = (html: string): Record<string, string> =>
  Object.fromEntries(
    [...html.matchAll(/<input[^>]*name="(\w+)"[^>]*>/g)].map(([tag, name]) => [
      name!,
      /value="([^"]*)"/.exec(tag)?.[1] ?? '',
    ]),
  );
const enrol = async (): Promise<number> =>
  (
    await olga.post('/api/participants', {
      first_name: 'Ada',
      last_name: 'Byron',
      phone: '1',
      email: 'ada@old.example',
    })
  ).json.data.id;

describe('two people who edit one participant', () => {
  it('the second is told what changed, by whom and when, loses nothing, and then wins knowingly', async () => {
    const id = await enrol();
    const [first, second] = [
      fieldsOf((await olga.get(`/participants/${id}/edit`)).body),
      fieldsOf((await pavel.get(`/participants/${id}/edit`)).body),
    ];
    expect((await olga.form(`/participants/${id}/edit`, { ...first, last_name: 'Lovelace', phone: '2' })).status).toBe(
      303,
    );
    const refused = await pavel.form(`/participants/${id}/edit`, {
      ...second,
      last_name: 'King',
      email: 'ada@new.example',
    });
    expect(refused.status).toBe(409);
    const text = textOf(refused.body);
    expect(text).toContain('Somebody changed this while you were typing.');
    expect(text).toMatch(/Last name now: Lovelace Olga Example, .* What you typed is still in the form/);
    expect(text).toMatch(/Phone now: 2 Olga Example, .* You had not changed this: the form shows the new value/);
    const shown = fieldsOf(refused.body);
    expect(shown).toMatchObject({ first_name: 'Ada', last_name: 'King', phone: '2', email: 'ada@new.example' });
    expect((await olga.get(`/api/participants/${id}`)).json.data).toMatchObject({
      last_name: 'Lovelace',
      email: 'ada@old.example',
    });
    expect((await pavel.form(`/participants/${id}/edit`, shown)).status).toBe(303);
    expect((await olga.get(`/api/participants/${id}`)).json.data).toMatchObject({
      last_name: 'King',
      phone: '2',
      email: 'ada@new.example',
    });
    const history = textOf((await olga.get(`/participants/${id}`)).body);
    expect(history).toMatch(/Changed Pavel Example E-mail .* Last name Lovelace becomes King/);
  });

  it('is told again when somebody was faster once more', async () => {
    const id = await enrol();
    const form = fieldsOf((await pavel.get(`/participants/${id}/edit`)).body);
    await olga.put(`/api/participants/${id}`, { phone: '10' });
    const once = await pavel.form(`/participants/${id}/edit`, { ...form, phone: '20' });
    await olga.put(`/api/participants/${id}`, { phone: '11' });
    const twice = await pavel.form(`/participants/${id}/edit`, fieldsOf(once.body));
    expect([once.status, twice.status]).toEqual([409, 409]);
    expect(textOf(twice.body)).toContain('Phone now: 11');
    expect(fieldsOf(twice.body).phone).toBe('20');
  });

  it('is not disturbed by what the form does not hold', async () => {
    const id = await enrol();
    const form = fieldsOf((await pavel.get(`/participants/${id}/edit`)).body);
    await olga.delete(`/api/participants/${id}`);
    expect((await pavel.form(`/participants/${id}/edit`, { ...form, phone: '3' })).status).toBe(303);
    expect((await olga.get(`/api/participants/${id}`)).json.data).toMatchObject({ is_active: false, phone: '3' });
  });

  it('at the same moment: one is saved, the other is told', async () => {
    const id = await enrol();
    const [first, second] = [
      fieldsOf((await olga.get(`/participants/${id}/edit`)).body),
      fieldsOf((await pavel.get(`/participants/${id}/edit`)).body),
    ];
    const answers = await Promise.all([
      olga.form(`/participants/${id}/edit`, { ...first, phone: '5' }),
      pavel.form(`/participants/${id}/edit`, { ...second, phone: '6' }),
    ]);
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([303, 409]);
  });

  it('a program that says which version it saw gets the present one with 412', async () => {
    const id = await enrol();
    const read = await olga.get(`/api/participants/${id}`);
    const etag = read.headers.get('etag')!;
    const changed = await pavel.put(`/api/participants/${id}`, { phone: '7' }, { 'if-match': etag });
    expect([changed.status, changed.headers.get('etag') !== etag]).toEqual([200, true]);
    const stale = await olga.put(`/api/participants/${id}`, { phone: '8' }, { 'if-match': etag });
    expect([stale.status, stale.json.current.phone, stale.headers.get('etag')]).toEqual([
      412,
      '7',
      changed.headers.get('etag'),
    ]);
    // A program that has lost the ETag does not write over what it has not seen.
    const empty = { 'if-match': '' };
    expect((await olga.put(`/api/participants/${id}`, { phone: '8' }, empty)).status).toBe(412);
    const now = await olga.put(`/api/participants/${id}`, { phone: '8' }, { 'if-match': stale.headers.get('etag')! });
    expect([now.status, now.json.data.phone]).toEqual([200, '8']);
  });
});

describe('two people who edit one group', () => {
  it('the second is told as well, and programs by 412', async () => {
    const { id } = await world.addGroup(place, 'Before');
    const [first, second] = [
      fieldsOf((await olga.get(`/groups/${id}/edit`)).body),
      fieldsOf((await pavel.get(`/groups/${id}/edit`)).body),
    ];
    const more = { group_type: 'class', parent_id: '' };
    expect((await olga.form(`/groups/${id}/edit`, { ...first, ...more, name: 'After' })).status).toBe(303);
    const refused = await pavel.form(`/groups/${id}/edit`, { ...second, ...more, name: 'Mine' });
    expect(refused.status).toBe(409);
    expect(textOf(refused.body)).toMatch(/Name now: After Olga Example/);
    expect(fieldsOf(refused.body).name).toBe('Mine');
    expect((await pavel.form(`/groups/${id}/edit`, { ...fieldsOf(refused.body), ...more })).status).toBe(303);
    const etag = (await olga.get(`/api/groups/${id}`)).headers.get('etag')!;
    expect((await pavel.put(`/api/groups/${id}`, { name: 'Other' }, { 'if-match': etag })).status).toBe(200);
    const stale = await olga.put(`/api/groups/${id}`, { name: 'Third' }, { 'if-match': etag });
    expect([stale.status, stale.json.current.name]).toEqual([412, 'Other']);
  });
});
