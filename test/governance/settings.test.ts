import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const form = (fields: Record<string, string>) => new URLSearchParams(fields);

describe('the organization', () => {
  it('is read by everybody who is signed in, and changed by its administrator', async () => {
    const before = (await world.bruno.get('/api/admin/organization')).json.data;
    expect(before).toMatchObject({ name: 'Riverside School', time_zone: 'Europe/Paris', domain_type: 'education' });
    const { status, json } = await world.ana.put('/api/admin/organization', {
      name: 'Riverside Academy',
      locale: 'en-gb',
    });
    expect(status).toBe(200);
    expect(json.data).toMatchObject({ name: 'Riverside Academy', locale: 'en-GB', time_zone: 'Europe/Paris' });
    expect((await world.bruno.put('/api/admin/organization', { name: 'Mine' })).status).toBe(403);
    expect((await world.clara.get('/api/admin/organization')).json.data.name).toBe('Other School');
  });

  it.each([
    ['time_zone', 'Mars/Olympus', 'invalid'],
    ['locale', 'tlh', 'invalid'],
    ['name', '', 'required'],
    ['slug', 'another', 'unknown_field'],
  ])('refuses a bad %s by name', async (field, value, code) => {
    const { status, json } = await world.ana.put('/api/admin/organization', { [field]: value });
    expect(status).toBe(422);
    expect(json.errors).toEqual([expect.objectContaining({ field, code })]);
  });

  it('is not changed by somebody who read it before another did', async () => {
    const read = await world.ana.get('/api/admin/organization');
    const etag = read.headers.get('etag')!;
    expect((await world.ana.put('/api/admin/organization', { name: 'First' }, { 'If-Match': etag })).status).toBe(200);
    const second = await world.ana.put('/api/admin/organization', { name: 'Second' }, { 'If-Match': etag });
    expect(second.status).toBe(412);
    expect(second.json.current.name).toBe('First');
    expect((await world.ana.get('/api/admin/organization')).json.data.name).toBe('First');
  });
});

describe('words and settings', () => {
  it('change what is named, and go back to the default with null', async () => {
    const terms = { participant: { one: 'pupil', many: 'pupils' } };
    const settings = { grace_minutes: 10, lock_hours: 48 };
    const changed = await world.ana.put('/api/admin/domain-config', { terms, settings });
    expect(changed.status).toBe(200);
    expect(changed.json.data.terms).toMatchObject({ ...terms, group: { one: 'class', many: 'classes' } });
    expect(changed.json.data.settings).toMatchObject({ ...settings, offline_hours: 72 });
    expect((await world.ana.get('/participants')).body).toContain('Pupils');
    const back = await world.ana.put('/api/admin/domain-config', {
      terms: { participant: null },
      settings: { grace_minutes: null, lock_hours: null },
    });
    expect(back.json.data.terms.participant).toEqual({ one: 'student', many: 'students' });
    expect(back.json.data.settings).toMatchObject({ grace_minutes: 5, lock_hours: null });
  });

  it.each([
    [{ settings: { grace_minutes: -1 } }, 'settings'],
    [{ settings: { surprise: 1 } }, 'surprise'],
    [{ terms: { participant: { one: '', many: 'x' } } }, 'terms'],
    [{ domain_type: 'circus' }, 'domain_type'],
  ])('refuse %j and keep what was there', async (body, field) => {
    const before = (await world.ana.get('/api/admin/domain-config')).json;
    const { status, json } = await world.ana.put('/api/admin/domain-config', body);
    expect(status).toBe(422);
    expect(json.errors[0].field).toBe(field);
    expect((await world.ana.get('/api/admin/domain-config')).json).toEqual(before);
  });

  it('are set on pages, which keep what was typed when they refuse it', async () => {
    const rules = {
      grace_minutes: '7',
      lock_hours: '',
      frontline_correction_hours: '12',
      frontline_groups: 'all',
      offline_hours: '24',
    };
    const refused = await world.ana.post('/settings/rules', form({ ...rules, offline_hours: 'soon' }));
    expect(refused.status).toBe(422);
    expect(refused.body).toContain('value="soon"');
    const negative = await world.ana.post('/settings/rules', form({ ...rules, grace_minutes: '-3' }));
    expect(negative.body).toContain('Give a whole number from 0 to 240.');
    expect((await world.ana.post('/settings/rules', form(rules))).status).toBe(303);
    const { settings } = (await world.ana.get('/api/admin/domain-config')).json.data;
    expect(settings).toMatchObject({
      grace_minutes: 7,
      lock_hours: null,
      frontline_correction_hours: 12,
      frontline_creates_sessions: false,
      offline_hours: 24,
    });
    const words = { participant_one: 'learner', participant_many: '', group_one: 'class', group_many: 'classes' };
    const rest = {
      session_one: 'lesson',
      session_many: 'lessons',
      organization_one: 'school',
      organization_many: 'schools',
    };
    const kept = await world.ana.post('/settings/words', form({ ...words, ...rest }));
    expect(kept.status).toBe(422);
    expect(kept.body).toContain('value="learner"');
    expect(
      (await world.ana.post('/settings/words', form({ ...words, participant_many: 'learners', ...rest }))).status,
    ).toBe(303);
    const { terms } = (await world.ana.get('/api/admin/domain-config')).json.data;
    expect(terms.participant).toEqual({ one: 'learner', many: 'learners' });
  });
});

describe('another domain', () => {
  it('is shown with what it changes, brings its states and words, and leaves the marks as they are', async () => {
    const place = await world.openPlace('Grand Hotel School', 'education', 'Europe/Paris', { dora: 'administrator' });
    const dora = place.visitor.dora!;
    const { session, participants } = await world.addRegister(place, 2);
    const mark = { session_id: session.id, participant_id: participants[0]!.id, presence_state: 'late' };
    const { data: marked } = (await dora.post('/api/presence', mark)).json;
    const preview = await dora.get('/settings/domain?to=hospitality');
    expect(preview.body).toContain('Arrived, Expected, No-show, Departed');
    expect(preview.body).toContain('count as before: 1.');
    expect((await dora.get('/api/admin/domain-config')).json.data.domain_type).toBe('education');

    expect((await dora.post('/settings/domain', form({ domain_type: 'hospitality' }))).status).toBe(303);
    const { data } = (await dora.get('/api/admin/domain-config')).json;
    expect(data).toMatchObject({
      domain_type: 'hospitality',
      terms: { participant: { one: 'guest', many: 'guests' } },
    });
    const codes = (await dora.get('/api/admin/presence-states')).json.data.map((state: any) => state.code);
    expect(codes).toEqual(['arrived', 'expected', 'no_show', 'departed']);
    const after = (await dora.get(`/api/presence/${marked.id}`)).json.data;
    expect(after).toMatchObject({ presence_state: 'late', category: 'late', revision: 1 });
    const page = await dora.get(`/sessions/${session.id}`);
    expect(page.status).toBe(200);
    expect(page.body).toContain('Late');
    const roster = (await dora.get(`/api/sessions/${session.id}/roster`)).json;
    expect(roster.meta.counts).toMatchObject({ arrived: 0, late: 1, unmarked: 1 });

    // A mark of the former domain can be put right, and goes on counting as it did.
    const { status, json } = await dora.put(`/api/presence/${marked.id}`, { note: 'Bus' });
    expect([status, json.data]).toMatchObject([200, { presence_state: 'late', category: 'late', note: 'Bus' }]);

    // What it had before is there again when it comes back.
    const back = await dora.put('/api/admin/domain-config', { domain_type: 'education' });
    expect(back.status).toBe(200);
    expect((await dora.get('/api/admin/presence-states')).json.data).toHaveLength(4);
  });
});
