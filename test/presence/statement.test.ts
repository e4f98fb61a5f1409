import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { User } from '../../src/auth/index.js';
import { PASSWORD, World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

describe('the statement of one person', () => {
  it('shows his marks and his rate, by the words of its denominator', async () => {
    const { group, participants, session } = await world.addRegister(world.school, ['Ada Lovelace', 'Alan Turing']);
    const states = ['present', 'late', 'absent', 'excused'];
    const sessions = [session, ...(await Promise.all([1, 2, 3].map(() => world.addSession(world.school, group))))];
    for (const [at, each] of sessions.entries())
      await world.bruno.post('/api/presence', {
        session_id: each.id,
        participant_id: participants[0]!.id,
        presence_state: states[at],
      });
    const page = await world.mara.get(`/participants/${participants[0]!.id}/presence`);
    expect(page.status).toBe(200);
    expect(page.body).toContain('Present 66.7 % of the time: 1 present, 1 late, 1 absent.');
    const api = await world.mara.get(`/api/participants/${participants[0]!.id}/presence`);
    expect(api.json.data.map((each: any) => each.presence_state)).toEqual(states);
    expect((await world.mara.get(`/participants/${participants[1]!.id}/presence`)).body).toContain(
      'Nothing was recorded yet',
    );
  });

  it('shows an external person himself and nobody else', async () => {
    const { participants, session } = await world.addRegister(world.school, ['Emil Example', 'Somebody Else']);
    const [emil, other] = participants;
    await world.write(world.school, async (tx) => {
      (await tx.findOneOrFail(User, world.school.user.emil!.id)).participant = emil!.id;
    });
    for (const each of participants)
      await world.bruno.post('/api/presence', {
        session_id: session.id,
        participant_id: each.id,
        presence_state: 'present',
      });
    const visitor = await world.visitor().signIn(world.school.user.emil!.email, PASSWORD);
    expect((await visitor.get(`/participants/${emil!.id}/presence`)).status).toBe(200);
    expect((await visitor.get(`/participants/${other!.id}/presence`)).status).toBe(404);
    const own = (await visitor.get(`/api/presence?participant_id=${other!.id}`)).json.data;
    expect(own.map((each: any) => each.participant_id)).toEqual([emil!.id]);
    expect((await visitor.get(`/api/participants/${other!.id}/presence`)).status).toBe(404);
    expect((await visitor.get(`/api/presence/${own[0].id}`)).status).toBe(200);
    const others = (await world.mara.get(`/api/presence?participant_id=${other!.id}`)).json.data;
    expect((await visitor.get(`/api/presence/${others[0].id}`)).status).toBe(404);
    expect((await visitor.get(`/sessions/${session.id}`)).status).toBe(403);
    const home = (await visitor.get('/')).body;
    expect(home).toContain('Mathematics');
    expect(home).not.toContain(`/sessions/${session.id}`);
  });

  it('limits a teacher to the groups that are assigned to him, where the school wants that', async () => {
    const place = await world.openPlace('Strict School', 'education', 'Europe/Paris', {
      ida: 'administrator',
      tom: 'frontline',
    });
    const { session, participants } = await world.addRegister(place, 1);
    const { Organization } = await import('../../src/tenancy/index.js');
    await world.write(place, async (tx) => {
      const organization = await tx.findOneOrFail(Organization, place.organization.id);
      organization.settings = { frontline_groups: 'assigned' };
    });
    const tom = place.visitor.tom!;
    const mark = { session_id: session.id, participant_id: participants[0]!.id, presence_state: 'present' };
    expect((await tom.get(`/sessions/${session.id}`)).status).toBe(404);
    expect((await tom.get(`/api/sessions/${session.id}/roster`)).status).toBe(404);
    const refused = await tom.post('/api/presence', mark);
    expect([refused.status, refused.json.errors[0].code]).toEqual([422, 'unknown']);
    await place.visitor.ida!.post('/api/presence', mark);
    expect((await tom.get('/api/presence')).json.data).toEqual([]);
    const { id } = (await place.visitor.ida!.get('/api/presence')).json.data[0];
    expect((await tom.get(`/api/presence/${id}`)).status).toBe(404);
    expect((await tom.put(`/api/presence/${id}`, { presence_state: 'late' })).status).toBe(404);
    const { GroupAssignment } = await import('../../src/participants/index.js');
    await world.write(place, (tx) => tx.create(GroupAssignment, { user: place.user.tom!.id, group: session.group }));
    expect((await tom.get(`/sessions/${session.id}`)).status).toBe(200);
    expect((await tom.post('/api/presence', { ...mark, presence_state: 'late' })).status).toBe(200);
    expect((await tom.get('/api/presence')).json.data).toHaveLength(1);
  });
});
