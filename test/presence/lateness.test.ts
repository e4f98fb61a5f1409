import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { lateMinutes } from '../../src/presence/lateness.js';
import { World } from '../world.js';

const session = { start: new Date('2026-11-20T08:00:00Z'), end: new Date('2026-11-20T09:00:00Z') };
const at = (time: string) => `2026-11-20T${time}Z`;

describe('how late somebody came', () => {
  it.each([
    ['late', '08:12:59', '08:30:00', 12],
    ['late', null, '08:07:10', 7],
    ['late', '08:05:00', '08:30:00', 0],
    ['late', '08:06:00', '08:30:00', 6],
    ['late', '07:55:00', '08:30:00', 0],
    // Marked after the end without a time of arrival: nobody knows.
    ['late', null, '10:30:00', null],
    ['present', '08:20:00', '08:30:00', 20],
    ['present', null, '08:20:00', null],
    ['absent', null, '08:20:00', null],
    ['excused', '08:20:00', '08:20:00', null],
    [null, null, '08:20:00', null],
  ])('marked %s, arrived %s, recorded %s: %s minutes', (category, arrived, recorded, minutes) => {
    const mark = { category, arrived_at: arrived && at(arrived), recorded_at: at(recorded) };
    expect(lateMinutes(mark, session, { grace: 5, byArrival: true })).toBe(minutes);
  });
});

describe('lateness of a mark', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.open();
  });
  afterAll(() => world.close());

  it('is told in the dialog and on the statement, by the grace of the organization', async () => {
    const { session, participants } = await world.addRegister(world.school, 2);
    const person = participants[0]!.id;
    const arrived = new Date(session.scheduledStartAt.getTime() + 8 * 60_000).toISOString();
    const mark = { session_id: session.id, participant_id: person, presence_state: 'late', arrived_at: arrived };
    await world.bruno.post('/api/presence', mark);
    const pages = async () =>
      Promise.all(
        [`/sessions/${session.id}/people/${person}`, `/participants/${person}/presence`].map(async (path) =>
          (await world.bruno.get(path)).body.includes('8 minutes late'),
        ),
      );
    expect(await pages()).toEqual([true, true]);
    await world.ana.put('/api/admin/domain-config', { settings: { grace_minutes: 10 } });
    expect(await pages()).toEqual([false, false]);
    await world.ana.put('/api/admin/domain-config', { settings: { grace_minutes: 0 } });
    expect(await pages()).toEqual([true, true]);
  });

  it("is written down in the dialog as a time of the session's day; what the form does not show stays", async () => {
    const day = '2026-03-29';
    // The night in which the clocks of Paris go forward.
    const group = await world.addGroup(world.school, 'Night shift');
    const [person] = await world.addParticipants(world.school, ['Ada Owl'], group);
    const session = await world.addSession(world.school, group, {
      scheduledStartAt: new Date(`${day}T20:00:00Z`),
      scheduledEndAt: new Date('2026-03-30T04:00:00Z'),
    });
    const form = async (arrived: string, more: object = {}) => {
      const record = (await world.bruno.get(`/api/presence?session_id=${session.id}`)).json.data[0];
      const fields = { op_id: crypto.randomUUID(), note: '', revision: String(record.revision), arrived, ...more };
      const answer = await world.bruno.form(`/sessions/${session.id}/people/${person!.id}`, fields);
      const after = (await world.bruno.get(`/api/presence?session_id=${session.id}`)).json.data[0];
      return { answer, after };
    };
    await world.bruno.post('/api/presence', {
      session_id: session.id,
      participant_id: person!.id,
      presence_state: 'present',
    });
    expect((await form('22:40')).after.arrived_at).toBe('2026-03-29T20:40:00.000Z');
    expect((await form('01:30')).after.arrived_at).toBe('2026-03-29T23:30:00.000Z');
    const exact = '2026-03-29T21:05:42.123Z';
    await world.bruno.post('/api/presence', {
      session_id: session.id,
      participant_id: person!.id,
      presence_state: 'present',
      arrived_at: exact,
    });
    expect((await form('23:05', { note: 'By train' })).after).toMatchObject({ arrived_at: exact, note: 'By train' });
    expect((await form('')).after.arrived_at).toBe(null);
    const { answer } = await form('half past');
    expect(answer.status).toBe(422);
    expect(answer.body).toContain('value="half past"');
  });
});
