import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GroupAssignment, GroupMembership } from '../../src/participants/index.js';
import { World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const textOf = (html: string) =>
  html
    .replace(/<svg[\s\S]*?<\/svg>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ');
const assigned = async (group: number) =>
  (await world.read(world.school, (em) => em.find(GroupAssignment, { group }))).map((each) => each.user);

describe('the users of a group', () => {
  it('are assigned and taken off on its page, as on the page of the user', async () => {
    const group = await world.addGroup(world.school, 'Class 4');
    const bruno = world.school.user.bruno!.id;
    const page = await world.ana.get(`/groups/${group.id}`);
    expect(page.body).toContain(`<option value="${bruno}">Bruno Example`);
    // Only frontline users work with single groups.
    expect(page.body).not.toContain(`<option value="${world.school.user.mara!.id}">`);
    const done = await world.ana.form(`/groups/${group.id}/users`, { user_id: String(bruno) });
    expect(done.status).toBe(303);
    const told = await world.ana.get(done.headers.get('location')!);
    expect(textOf(told.body)).toContain('Bruno Example works with Class 4 now.');
    expect((await world.ana.get(`/api/admin/users/${bruno}`)).json.data.group_ids).toContain(group.id);
    // Twice is once.
    expect((await world.ana.form(`/groups/${group.id}/users`, { user_id: String(bruno) })).status).toBe(303);
    expect(await assigned(group.id)).toEqual([bruno]);
    const off = await world.ana.form(`/groups/${group.id}/users/${bruno}/remove`, {});
    expect(await assigned(group.id)).toEqual([]);
    const after = await world.ana.get(off.headers.get('location')!);
    expect(after.body).toContain(`action="/groups/${group.id}/users" data-undo`);
    expect((await world.ana.form(`/groups/${group.id}/users/${bruno}/remove`, {})).status).toBe(303);
  });

  it('are refused when nobody here has that id', async () => {
    const group = await world.addGroup(world.school, 'Class 5');
    for (const user_id of ['', 'x', '999999999', String(world.other.user.clara!.id)]) {
      const answer = await world.ana.form(`/groups/${group.id}/users`, { user_id });
      expect(answer.status).toBe(422);
    }
    expect(await assigned(group.id)).toEqual([]);
  });

  it('are the business of who manages users', async () => {
    const group = await world.addGroup(world.school, 'Class 6');
    const bruno = String(world.school.user.bruno!.id);
    for (const visitor of [world.bruno, world.mara]) {
      expect((await visitor.form(`/groups/${group.id}/users`, { user_id: bruno })).status).toBe(403);
      expect((await visitor.get(`/groups/${group.id}`)).body).not.toContain(`/groups/${group.id}/users`);
    }
    expect((await world.clara.form(`/groups/${group.id}/users`, { user_id: bruno })).status).toBe(404);
  });
});

describe('access for a participant', () => {
  it('is given from his page, which then leads to his user, and back', async () => {
    const [person] = await world.addParticipants(world.school, ['Anna Maria van Dyk']);
    await world.ana.put(`/api/participants/${person!.id}`, { first_name: 'Anna Maria', last_name: 'van Dyk' });
    await world.ana.put(`/api/participants/${person!.id}`, { email: 'anna@riverside.example' });
    const page = await world.ana.get(`/participants/${person!.id}`);
    const address = /href="(\/settings\/users\/new\?participant_id=\d+)"/.exec(page.body)![1]!;
    const form = await world.ana.get(address);
    for (const value of ['Anna Maria', 'van Dyk', 'anna@riverside.example', String(person!.id)])
      expect(form.body).toContain(`value="${value}"`);
    expect(form.body).toMatch(/value="external" checked/);
    const invited = await world.ana.form('/settings/users/new', {
      email: 'anna@riverside.example',
      first_name: 'Anna Maria',
      last_name: 'van Dyk',
      role: 'external',
      participant_id: String(person!.id),
    });
    expect(invited.status).toBe(200);
    const after = await world.ana.get(`/participants/${person!.id}`);
    expect(after.body).not.toContain('users/new?participant_id');
    const user = /href="(\/settings\/users\/\d+)">anna@riverside.example/.exec(after.body)![1]!;
    expect((await world.ana.get(user)).body).toContain(`href="/participants/${person!.id}"`);
  });

  it('is offered to nobody who may not give it', async () => {
    const [person] = await world.addParticipants(world.school, ['Bo Reed']);
    for (const visitor of [world.bruno, world.mara]) {
      const page = await visitor.get(`/participants/${person!.id}`);
      expect([page.status, page.body.includes('/settings/users')]).toEqual([200, false]);
    }
  });
});

describe('a membership that was ended by mistake', () => {
  it('comes back with the days that it had', async () => {
    const group = await world.addGroup(world.school, 'Class 7');
    const [person] = await world.addParticipants(world.school, ['Cy Twombly']);
    const days = { from: '2026-01-05', to: '2999-06-30' };
    await world.ana.post(`/api/groups/${group.id}/members`, { participant_ids: [person!.id], ...days });
    const left = await world.ana.form(`/groups/${group.id}/members/${person!.id}/end`, {});
    const page = await world.ana.get(left.headers.get('location')!);
    const undo = new RegExp(`<form method="post" action="(/groups/${group.id}/members)" data-undo>(.*?)</form>`).exec(
      page.body,
    )!;
    const fields = [...undo[2]!.matchAll(/name="(\w+)" value="([^"]*)"/g)].map((each) => [each[1]!, each[2]!]);
    expect((await world.ana.form(undo[1]!, fields as [string, string][])).status).toBe(303);
    const rows = await world.read(world.school, (em) => em.find(GroupMembership, { group: group.id }));
    expect(rows.map((row) => [row.joinedOn, row.leftOn])).toEqual([['2026-01-05', '2999-06-30']]);
  });
});
