import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const textOf = (html: string) => html.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');
const DAY = 86_400_000;

describe('the page of a participant', () => {
  it('tells how often he was there in the last 30, 90 and 365 days: present and late, of those and absent', async () => {
    const group = await world.addGroup(world.school, 'Rates');
    const [ada] = await world.addParticipants(world.school, ['Ada Rated'], group);
    const marks: [number, string | null, object?][] = [
      [1, 'present'],
      [2, 'late'],
      [3, 'absent'],
      [4, 'excused'],
      [5, null],
      [29, 'present'],
      [45, 'absent'],
      [80, 'absent'],
      [200, 'present'],
      [364, 'absent'],
      [370, 'absent'],
      [6, 'absent', { status: 'cancelled' }],
    ];
    for (const [days, presence_state, more] of marks) {
      const session = await world.addSession(world.school, group, {
        scheduledStartAt: new Date(Date.now() - days * DAY),
      });
      const body = { session_id: session.id, participant_id: ada!.id, presence_state };
      expect((await world.ana.post('/api/presence', body)).status).toBeLessThan(300);
      if (more) expect((await world.ana.delete(`/api/sessions/${session.id}`)).status).toBe(200);
    }
    const text = textOf((await world.mara.get(`/participants/${ada!.id}`)).body);
    expect(text).toContain('The last 30 days 75% of 4 marks');
    expect(text).toContain('The last 90 days 50% of 6 marks');
    expect(text).toContain('The last 365 days 50% of 8 marks');
    const [nobody] = await world.addParticipants(world.school, ['Never Marked'], group);
    expect(textOf((await world.mara.get(`/participants/${nobody!.id}`)).body)).toContain(
      'The last 30 days – of 0 marks',
    );
  });

  it('tells who changed what and when, the newest first, some at a time', async () => {
    const { id } = (await world.ana.post('/api/participants', { first_name: 'Changed', last_name: 'Often' })).json.data;
    for (let at = 1; at <= 11; at++) await world.ana.put(`/api/participants/${id}`, { phone: `number ${at}` });
    await world.ana.form(`/participants/${id}/deactivate`, {});
    const first = textOf((await world.mara.get(`/participants/${id}`)).body);
    expect(first).toMatch(/Deactivated Ana Example Active Yes becomes No/);
    expect(first).toMatch(/Changed Ana Example Phone number 10 becomes number 11/);
    expect(first).not.toContain('number 1 becomes number 2');
    expect(first).toContain('13 changes');
    const second = textOf((await world.mara.get(`/participants/${id}?changes=2`)).body);
    expect(second).toMatch(/Phone number 1 becomes number 2 .* Phone nothing becomes number 1 .* Enrolled Ana Example/);
    expect(second).not.toContain('becomes number 11');
    expect((await world.mara.get(`/participants/${id}?changes=nonsense`)).status).toBe(200);
  });

  it('of a group lists active, inactive or all of them', async () => {
    const [on, off] = [
      await world.addGroup(world.school, 'Still used'),
      await world.addGroup(world.school, 'Long gone'),
    ];
    await world.ana.form(`/groups/${off.id}/deactivate`, {});
    const shown = async (show: string) => {
      const { body } = await world.mara.get(`/groups?show=${show}`);
      return [on, off].map(({ id }) => body.includes(`href="/groups/${id}"`));
    };
    expect(await shown('active')).toEqual([true, false]);
    expect(await shown('inactive')).toEqual([false, true]);
    expect(await shown('all')).toEqual([true, true]);
  });
});

describe('the lists of groups and members', () => {
  it('never skip or repeat a row by their cursors while others write', async () => {
    const place = await world.openPlace('Busy groups', 'education', 'Europe/Paris', { olga: 'administrator' });
    const olga = place.visitor.olga!;
    const group = await world.addGroup(place, 'Everybody');
    const people = await world.addParticipants(
      place,
      Array.from({ length: 90 }, (_, at) => `Busy Member${at}`),
      group,
    );
    for (let at = 0; at < 60; at++) await olga.post('/api/groups', { name: `Group ${at}` });
    const before: number[] = (await olga.get('/api/groups?per_page=500')).json.data.map((each: any) => each.id);
    let writing = true;
    const writer = (async () => {
      for (let at = 0; writing; at++) {
        const { id } = (await olga.post('/api/participants', { first_name: 'New', last_name: `Member${at}` })).json
          .data;
        await olga.post(`/api/groups/${group.id}/members`, { participant_ids: [id] });
        await olga.put(`/api/participants/${people[(at * 7) % 90]!.id}`, { last_name: `Renamed${at}` });
        await olga.put(`/api/groups/${before[(at * 7) % 61]}`, { name: `Renamed ${at}` });
        await olga.post('/api/groups', { name: `Between ${at}` });
      }
    })();
    const walk = async (path: string) => {
      const seen: number[] = [];
      for (let cursor = ''; ;) {
        const { data, meta } = (await olga.get(`${path}?per_page=9${cursor}`)).json;
        seen.push(...data.map((each: any) => each.id));
        if (!meta.next) return seen;
        cursor = `&cursor=${meta.next}`;
      }
    };
    const [groups, members] = [await walk('/api/groups'), await walk(`/api/groups/${group.id}/members`)];
    writing = false;
    await writer;
    expect(new Set(groups).size).toBe(groups.length);
    expect(groups).toEqual(expect.arrayContaining(before));
    expect(new Set(members).size).toBe(members.length);
    expect(members).toEqual(expect.arrayContaining(people.map(({ id }) => id)));
  }, 60_000);
});
