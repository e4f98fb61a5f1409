import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const PAGE = '/settings/reporting-periods';
const send = (fields: Record<string, string>) => world.ana.post(PAGE, new URLSearchParams(fields));
const kept = async () => (await world.ana.get('/api/admin/domain-config')).json.data.settings.reporting_periods;
const AUTUMN = { name: 'Autumn term', from: '2026-09-01', to: '2026-12-18' };
const SPRING = { name: 'Spring term', from: '2027-01-11', to: '2027-03-26' };
const fieldsOf = (at: number, { name, from, to }: typeof AUTUMN) => ({
  [`name_${at}`]: name,
  [`from_${at}`]: from,
  [`to_${at}`]: to,
});

describe('reporting periods', () => {
  it('are not offered by a report while there are none', async () => {
    expect((await world.ana.get('/reports/summary')).body).not.toContain('value="term"');
    expect((await world.ana.get('/reports/summary?period=term')).body).toContain('No reporting periods are set up yet');
  });

  it('are typed in any order and kept from the earliest on, with room for more; reports offer them then', async () => {
    expect((await send({ ...fieldsOf(0, SPRING), ...fieldsOf(1, AUTUMN), name_2: ' ', from_2: '' })).status).toBe(303);
    expect(await kept()).toEqual([AUTUMN, SPRING]);
    const { body } = await world.ana.get(PAGE);
    expect(body).toMatch(/name="name_0"[^>]*value="Autumn term"/);
    expect(body).toContain('name="name_3"');
    expect((await world.ana.get('/reports/summary')).body).toContain('value="term"');
    expect((await world.ana.get('/reports/summary?period=term')).status).toBe(200);
  });

  it.each([
    ['a day that there is none of', { from_1: '2027-02-30' }, 'A date is written like'],
    ['an end before the beginning', { to_1: '2026-01-01' }, 'The last day lies before the first.'],
    ['no name', { name_1: '' }, 'This field is needed.'],
    ['a name without end', { name_1: 'x'.repeat(61) }, 'This text is too long.'],
  ])('with %s keep what was typed, and nothing is changed', async (_, wrong, sentence) => {
    const before = await kept();
    const answer = await send({ ...fieldsOf(0, { ...AUTUMN, name: 'First half' }), ...fieldsOf(1, SPRING), ...wrong });
    expect(answer.status).toBe(422);
    expect(answer.body).toContain(sentence);
    expect(answer.body).toContain('value="First half"');
    expect(answer.body).toContain(`href="#f-${Object.keys(wrong)[0]}"`);
    expect(await kept()).toEqual(before);
  });

  it('stay when a form comes without any field', async () => {
    const before = await kept();
    expect(before).toHaveLength(2);
    const answer = await send({});
    expect([answer.status, answer.body.includes('name="name_0"')]).toEqual([422, true]);
    expect(await kept()).toEqual(before);
  });

  it('are taken away by emptying their fields', async () => {
    expect((await send({ ...fieldsOf(0, { name: '', from: '', to: '' }), ...fieldsOf(1, SPRING) })).status).toBe(303);
    expect(await kept()).toEqual([SPRING]);
  });
});
