import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GroupMembership } from '../../src/participants/index.js';
import { countStatements } from '../support/count-statements.js';
import { World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const textOf = (html: string) =>
  html
    .replace(/<(script|style)[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ');
const linked = (html: string) =>
  [...html.matchAll(/class="row-title" href="\/groups\/(\d+)"/g)].map((match) => Number(match[1]));

describe('the tree of groups', () => {
  it('shows each group below its parent, brothers by name, and how many belong to it', async () => {
    const place = await world.openPlace('Tree School', 'education', 'Europe/Paris', { tina: 'administrator' });
    const { tina } = place.visitor;
    expect(textOf((await tina!.get('/groups')).body)).toContain('There are no classes yet.');
    const add = (name: string, parent?: number, isActive = true) =>
      world.addGroup(place, name, { parent, isActive } as object);
    const south = await add('South');
    const north = await add('North');
    const b = await add('B', south.id);
    const a = await add('A', south.id);
    const leaf = await add('Leaf', a.id);
    const north2 = await add('North 2');
    const old = await add('Old', undefined, false);
    const orphan = await add('Zed below old', old.id);
    await world.addParticipants(place, ['A A', 'B B'], a);
    const page = await tina!.get('/groups');
    expect(linked(page.body)).toEqual([north.id, north2.id, south.id, a.id, leaf.id, b.id, orphan.id]);
    expect(textOf(page.body)).toContain('Students: 2');
    expect(linked((await tina!.get('/groups?show=all')).body)).toEqual([
      north.id,
      north2.id,
      old.id,
      orphan.id,
      south.id,
      a.id,
      leaf.id,
      b.id,
    ]);
    expect(linked((await tina!.get('/groups?q=LEAF')).body)).toEqual([leaf.id]);
    expect(textOf((await tina!.get('/groups?q=nothing')).body)).toContain('Nothing fits this search.');
  });

  it('needs as many statements for ten groups as for a hundred, and shows a hundred at a time', async () => {
    const place = await world.openPlace('Large School', 'education', 'Europe/Paris', { lara: 'administrator' });
    const { lara } = place.visitor;
    for (let at = 0; at < 3; at++) await world.addGroup(place, `Group ${at}`);
    const few = await countStatements(world, () => lara!.get('/groups'));
    for (let at = 3; at < 105; at++) await world.addGroup(place, `Group ${at}`);
    expect(await countStatements(world, () => lara!.get('/groups'))).toBe(few);
    const page = await lara!.get('/groups');
    expect(linked(page.body)).toHaveLength(100);
    expect(textOf(page.body)).toContain('1 to 100 of 105');
    expect(linked((await lara!.get('/groups?page=2')).body)).toHaveLength(5);
  });
});

describe('the page of a group', () => {
  it('finds people to add, adds them, and lets them leave with a way back', async () => {
    const group = await world.addGroup(world.school, 'Class 3C');
    const [member, guest, off] = await world.addParticipants(world.school, ['Mia Quartz', 'Gil Quartz', 'Off Quartz']);
    await world.ana.delete(`/api/participants/${off!.id}`);
    await world.ana.form(`/groups/${group.id}/members`, { participant_ids: String(member!.id) });
    const search = await world.ana.get(`/groups/${group.id}?q=quartz`);
    expect(search.body).toContain(`name="participant_ids" value="${guest!.id}"`);
    expect(search.body).not.toContain(`name="participant_ids" value="${member!.id}"`);
    expect(search.body).not.toContain(`name="participant_ids" value="${off!.id}"`);
    const added = await world.ana.form(`/groups/${group.id}/members`, [
      ['participant_ids', String(member!.id)],
      ['participant_ids', String(guest!.id)],
    ]);
    expect(added.headers.get('location')).toBe(`/groups/${group.id}?done=added&count=1`);
    const left = await world.ana.form(`/groups/${group.id}/members/${guest!.id}/end`, {});
    const page = await world.ana.get(left.headers.get('location')!);
    expect(textOf(page.body)).toContain(
      'Gil Quartz leaves Class 3C today: still on the register of today, not on later ones.',
    );
    expect(textOf(page.body)).toContain('today is the last day');
    expect(page.body).toContain(`action="/groups/${group.id}/members" data-undo`);
    // Pressed twice: nothing is wrong, and nothing more is told.
    const again = await world.ana.form(`/groups/${group.id}/members/${guest!.id}/end`, {});
    expect(again.headers.get('location')).toBe(`/groups/${group.id}`);
    await world.ana.form(`/groups/${group.id}/members`, { participant_ids: String(guest!.id) });
    const rows = await world.read(world.school, (em) => em.find(GroupMembership, { group: group.id }));
    expect(rows.map((each) => each.leftOn ?? null)).toEqual([null, null]);
  });

  it('refuses to add nobody, or somebody who is not here', async () => {
    const group = await world.addGroup(world.school, 'Class 3D');
    const [foreign] = await world.addParticipants(world.other, ['Far Away']);
    for (const body of [
      {},
      { participant_ids: '' },
      { participant_ids: String(foreign!.id) },
      { participant_ids: 'x' },
    ]) {
      const answer = await world.ana.form(`/groups/${group.id}/members`, body as Record<string, string>);
      expect(answer.status).toBe(422);
      expect(textOf(answer.body)).toMatch(/Choose somebody first|nobody with this id|does not fit here/);
    }
  });

  it('shows the way down to it, its sub-groups, and where to schedule', async () => {
    const top = await world.addGroup(world.school, 'Top');
    const middle = await world.addGroup(world.school, 'Middle', { parent: top.id } as object);
    const low = await world.addGroup(world.school, 'Low', { parent: middle.id } as object);
    const page = await world.bruno.get(`/groups/${middle.id}`);
    expect(page.body).toContain(`href="/groups/${top.id}">Top`);
    expect(linked(page.body)).toEqual([low.id]);
    expect(page.body).toContain(`href="/sessions/new?group_id=${middle.id}"`);
    expect(page.body).not.toContain('/edit"');
  });

  it('keeps what was typed when a form is refused', async () => {
    const group = await world.addGroup(world.school, 'Ring');
    const answer = await world.ana.form(`/groups/${group.id}/edit`, {
      name: 'Kept',
      group_type: 'club',
      parent_id: String(group.id),
      external_id: '',
    });
    expect(answer.status).toBe(422);
    expect(answer.body).toContain('value="Kept"');
    expect(answer.body).toContain('id="parent_id-error"');
    expect(answer.body).toMatch(/value="club" selected/);
    const made = await world.ana.form('/groups/new', {
      name: 'Below',
      group_type: 'class',
      parent_id: String(group.id),
      external_id: '',
    });
    expect(made.status).toBe(303);
    expect(textOf((await world.ana.get(made.headers.get('location')!)).body)).toContain('Below is created.');
  });

  it('is edited by administrators only, and unknown to another organization', async () => {
    const group = await world.addGroup(world.school, 'Guarded');
    const [person] = await world.addParticipants(world.school, ['Guarded Member'], group);
    const acts: [string, string][] = [
      ['GET', '/edit'],
      ['POST', '/edit'],
      ['POST', '/deactivate'],
      ['POST', '/reactivate'],
      ['POST', '/members'],
      ['POST', `/members/${person!.id}/end`],
    ];
    for (const visitor of [world.bruno, world.mara, world.emil])
      for (const [method, path] of acts)
        expect((await visitor.send(method, `/groups/${group.id}${path}`)).status).toBe(403);
    for (const [method, path] of [['GET', ''] as [string, string], ...acts])
      expect((await world.clara.send(method, `/groups/${group.id}${path}`)).status).toBe(404);
  });
});
