import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Participant } from '../../src/participants/index.js';
import { PresenceRecord } from '../../src/presence/index.js';
import { type Visitor } from '../support/visitor.js';
import { World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const HTMX = { 'hx-request': 'true', 'hx-request-type': 'partial' };

async function register(people = 4) {
  const made = await world.addRegister(world.school, people);
  const base = `/sessions/${made.session.id}`;
  const post = (path: string, fields: Record<string, string>, visitor: Visitor = world.bruno, headers = HTMX) =>
    visitor.form(base + path, fields, headers);
  const tap = (at: number, state: string, revision = 0, visitor = world.bruno) =>
    post(
      '/presence',
      {
        op_id: randomUUID(),
        participant_id: String(made.participants[at]!.id),
        presence_state: state,
        revision: String(revision),
      },
      visitor,
    );
  const cells = async () => {
    const list = await world.read(world.school, (em) => em.find(PresenceRecord, { session: made.session.id }));
    return made.participants.map((each) => {
      const cell = list.find((one) => one.participant === each.id);
      return cell ? [cell.revision, cell.presenceState !== null] : [0, false];
    });
  };
  const revisions = (...of: [number, number][]) =>
    of.map(([at, revision]) => `${made.participants[at]!.id}:${revision}`).join(',');
  return { ...made, base, post, tap, cells, revisions };
}

describe('a tap on the roll call', () => {
  it('answers the row on its new revision, and the tally', async () => {
    const { tap, participants } = await register();
    const answer = await tap(0, 'late');
    expect(answer.status).toBe(200);
    expect(answer.body).toContain(`<li id=p${participants[0]!.id} data-r=1 data-s="late"`);
    expect(answer.body).toContain('data-unmarked="3"');
  });

  it('answers a stale tap with the other mark, its reason and "use mine"; nothing is overwritten', async () => {
    const { tap, cells } = await register();
    await tap(0, 'late', 0, world.ana);
    const answer = await tap(0, 'present');
    expect(answer.status).toBe(409);
    expect(answer.body).toContain('data-r=1 data-s="late"');
    expect(answer.body).toContain('Somebody else changed this mark meanwhile');
    expect(answer.body).toContain('Use mine: Present');
    expect((await cells())[0]).toEqual([1, true]);
  });

  it('takes the mark away as a plain form too', async () => {
    const { tap, post, participants, cells } = await register();
    await tap(0, 'late');
    const fields = {
      op_id: randomUUID(),
      participant_id: String(participants[0]!.id),
      presence_state: '',
      revision: '1',
    };
    const answer = await post('/presence', fields, world.bruno, {} as typeof HTMX);
    expect(answer.status).toBe(303);
    expect((await cells())[0]).toEqual([2, false]);
  });

  it('is refused with a sentence when it makes no sense, and the server stands', async () => {
    const { post, participants } = await register();
    const good = {
      op_id: randomUUID(),
      participant_id: String(participants[0]!.id),
      presence_state: 'late',
      revision: '0',
    };
    for (const bad of [
      { op_id: 'x' },
      { participant_id: '0x10' },
      { revision: '-1' },
      { revision: '' },
      { presence_state: 'dancing' },
      { presence_state: 'x'.repeat(51) },
    ]) {
      const answer = await post('/presence', { ...good, ...bad });
      expect([bad, answer.status]).toEqual([bad, 422]);
    }
  });
});

describe('an act on many', () => {
  it('marks everybody who is not marked yet, once however often it is sent', async () => {
    const { post, tap, cells } = await register();
    await tap(0, 'absent');
    const batch = { batch_id: randomUUID(), presence_state: 'present', scope: 'unmarked' };
    const answer = await post('/presence/bulk', batch);
    expect(answer.body).toContain('3 marked.');
    expect(answer.body).toContain('data-unmarked="0"');
    await post('/presence/bulk', batch);
    expect(await cells()).toEqual([
      [1, true],
      [1, true],
      [1, true],
      [1, true],
    ]);
  });

  it('sets the selected, leaves alone and tells what somebody else changed meanwhile', async () => {
    const { post, tap, cells, revisions } = await register();
    await tap(1, 'late', 0, world.ana);
    const fields = {
      batch_id: randomUUID(),
      presence_state: 'excused',
      scope: 'selected',
      revisions: revisions([0, 0], [1, 0]),
    };
    const answer = await post('/presence/bulk', fields);
    expect(answer.body).toContain('1 marked. 1 left alone');
    expect(await cells()).toEqual([
      [1, true],
      [1, true],
      [0, false],
      [0, false],
    ]);
  });

  it('refuses a selection that names somebody twice', async () => {
    const { post, revisions } = await register();
    const twice = {
      batch_id: randomUUID(),
      presence_state: 'late',
      scope: 'selected',
      revisions: revisions([0, 0], [0, 0]),
    };
    expect((await post('/presence/bulk', twice)).status).toBe(422);
  });

  it('is undone by its author, cell by cell, except what was changed since; nobody else can undo it', async () => {
    const { post, tap, cells } = await register();
    const batch_id = randomUUID();
    await tap(0, 'late');
    await post('/presence/bulk', { batch_id, presence_state: 'present', scope: 'unmarked' });
    await tap(1, 'absent', 1, world.ana);
    expect((await post('/presence/undo', { batch_id }, world.ana)).status).toBe(404);
    const answer = await post('/presence/undo', { batch_id });
    expect(answer.body).toContain('2 put back as they were. 1 left alone');
    expect(await cells()).toEqual([
      [1, true],
      [2, true],
      [2, false],
      [2, false],
    ]);
    await post('/presence/undo', { batch_id });
    expect(await cells()).toEqual([
      [1, true],
      [2, true],
      [2, false],
      [2, false],
    ]);
  });

  it('puts back what stood before, notes and all', async () => {
    const { post, tap, session, participants } = await register();
    await tap(0, 'late');
    const path = `/people/${participants[0]!.id}`;
    await post(path, { op_id: randomUUID(), note: 'Bus', revision: '1' });
    const op_id = randomUUID();
    await post('/presence', {
      op_id,
      participant_id: String(participants[0]!.id),
      presence_state: 'absent',
      revision: '2',
    });
    await post('/presence/undo', { op_id });
    const list = (await world.bruno.get(`/api/presence?session_id=${session.id}`)).json.data;
    expect(list[0]).toMatchObject({ presence_state: 'late', note: 'Bus', revision: 4 });
  });
});

describe('a note', () => {
  it('is kept on the mark and shown in the history', async () => {
    const { post, tap, participants } = await register();
    await tap(0, 'late');
    const answer = await post(`/people/${participants[0]!.id}`, {
      op_id: randomUUID(),
      note: 'Missed the <bus>',
      revision: '1',
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toContain('The note is saved.');
    expect(answer.body).toContain('Missed the &lt;bus&gt;');
    expect(answer.body).toContain(`<li hx-swap-oob="true" id=p${participants[0]!.id} data-r=2`);
  });

  it('is not lost when somebody wrote another one meanwhile', async () => {
    const { post, tap, participants } = await register();
    await tap(0, 'late');
    const path = `/people/${participants[0]!.id}`;
    await post(path, { op_id: randomUUID(), note: 'First', revision: '1' }, world.ana);
    const answer = await post(path, { op_id: randomUUID(), note: 'Second', revision: '1' });
    expect(answer.status).toBe(409);
    expect(answer.body).toContain('Second');
    expect(answer.body).toContain('First');
    expect(answer.body).toMatch(/name="revision" value="2"/);
  });

  it('of 2,001 characters is refused, and stays in the form', async () => {
    const { post, tap, participants } = await register();
    await tap(0, 'late');
    const note = `${'x'.repeat(2000)}END`;
    const answer = await post(`/people/${participants[0]!.id}`, { op_id: randomUUID(), note, revision: '1' });
    expect(answer.status).toBe(422);
    expect(answer.body).toContain('END');
  });
});

describe('adding a person on the spot', () => {
  it('puts him on the register, once however often the form is sent', async () => {
    const { post, session } = await register(1);
    const fields = { op_id: randomUUID(), first_name: 'Late', last_name: 'Comer', identifier: '' };
    const answer = await post('/people', fields);
    expect(answer.status).toBe(200);
    expect(answer.body).toContain('<b>Comer</b>');
    await post('/people', fields);
    const roster = (await world.bruno.get(`/api/sessions/${session.id}/roster`)).json.data;
    expect(roster.map((each: any) => each.participant.last_name)).toEqual(['Comer', 'Number0']);
  });

  it('says so when the same form comes again with another name, and makes nobody else', async () => {
    const { post, session } = await register(1);
    const fields = { op_id: randomUUID(), first_name: 'Late', last_name: 'Comer', identifier: '' };
    await post('/people', fields);
    const again = await post('/people', { ...fields, last_name: 'Corner' });
    expect(again.status).toBe(422);
    expect(again.body).toContain('saved before, as Late Comer');
    expect((await world.bruno.get(`/api/sessions/${session.id}/roster`)).json.data).toHaveLength(2);
  });

  it('keeps what was typed when it is refused', async () => {
    const { post, participants } = await register(1);
    const { identifier } = await world.read(world.school, (em) => em.findOneOrFail(Participant, participants[0]!.id));
    const taken = await post('/people', {
      op_id: randomUUID(),
      first_name: 'Zoë',
      last_name: 'X',
      identifier: identifier!,
    });
    expect(taken.status).toBe(422);
    expect(taken.body).toContain('value="Zoë"');
    expect(taken.body).toContain('has this identifier already');
    expect((await post('/people', { op_id: randomUUID(), first_name: '', last_name: '' })).status).toBe(422);
  });
});

describe('completing a register', () => {
  it('is an act of its own, shown with name and time', async () => {
    const { post, session } = await register(1);
    const answer = await post('/complete-register', {});
    expect(answer.body).toContain('Register completed');
    expect(answer.body).toContain('Bruno Example');
    const again = (await world.mara.get(`/api/sessions/${session.id}`)).json.data;
    expect(again.register_completed_at).toMatch(/Z$/);
  });

  it('closes the list of who was expected: who is deactivated later stays on it, but on no register to come', async () => {
    const { group, participants, session, post } = await register(3);
    const people = async (of: number) => (await world.bruno.get(`/api/sessions/${of}/roster`)).json.data.length;
    await post('/complete-register', {});
    const yesterday = new Date(Date.now() - 36 * 3_600_000);
    const past = await world.addSession(world.school, group, { scheduledStartAt: yesterday });
    const next = await world.addSession(world.school, group, {
      scheduledStartAt: new Date(Date.now() + 48 * 3_600_000),
    });
    await world.ana.delete(`/api/participants/${participants[2]!.id}`);
    expect([await people(session.id), await people(past.id), await people(next.id)]).toEqual([3, 3, 2]);
  });

  it('is not for who may only look', async () => {
    const { post, tap } = await register(1);
    expect((await post('/complete-register', {}, world.mara)).status).toBe(403);
    expect((await tap(0, 'late', 0, world.mara)).status).toBe(403);
  });
});

describe('words', () => {
  it('are those of the domain: a hotel never reads "student"', async () => {
    const hotel = await world.openPlace('Sea View', 'hospitality', 'Europe/Lisbon', { rita: 'administrator' });
    const group = await world.addGroup(hotel, 'Breakfast');
    await world.addParticipants(hotel, ['Ada Lovelace'], group);
    const session = await world.addSession(hotel, group, { name: 'Early breakfast' });
    const page = (await hotel.visitor.rita!.get(`/sessions/${session.id}`)).body;
    expect(page).toContain('Arrived');
    expect(page).toContain('Guests');
    expect(page.replace(/<script.*?<\/script>|<[^>]*>/gs, ' ')).not.toMatch(/student|lesson|class/i);
  });
});
