/** Where no mark lies beyond the days that are asked about, whole years are read: it must make no difference. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type EntityManager } from '@mikro-orm/core';
import { type SqlEntityManager } from '@mikro-orm/sql';
import { boundsOf } from '../../src/tenancy/index.js';
import { countMarks, type MarkScope } from '../../src/reports/tallies/count-marks.query.js';
import { type Place, World } from '../world.js';

const ZONE = 'Europe/Paris';
let world: World;
let place: Place;
let people: Awaited<ReturnType<World['addParticipants']>>;
let group: Awaited<ReturnType<World['addGroup']>>;

async function mark(day: string): Promise<void> {
  const start = new Date(`${day}T09:00:00Z`);
  const session = await world.addSession(place, group, {
    scheduledStartAt: start,
    scheduledEndAt: new Date(+start + 3_600_000),
  });
  const records = people.map(({ id }) => ({ participant_id: id, presence_state: 'present' }));
  const { status } = await place.visitor.ada!.post('/api/presence', { session_id: session.id, records });
  expect(status).toBe(200);
}

beforeAll(async () => {
  world = await World.open();
  place = await world.openPlace('Years School', 'education', ZONE, { ada: 'administrator' });
  group = await world.addGroup(place, 'Class');
  people = await world.addParticipants(place, ['Ada One', 'Bea Two'], group);
  for (const day of ['2025-03-03', '2025-05-12', '2025-08-04']) await mark(day);
}, 60_000);
afterAll(() => world?.close());

const scope = (from: string, to: string): MarkScope => ({
  from: boundsOf(from, ZONE).from,
  to: boundsOf(to, ZONE).to,
  timeZone: ZONE,
  own: null,
  groups: null,
  groupType: null,
  participants: null,
  states: null,
});
const present = async (em: EntityManager, from: string, to: string) =>
  (await countMarks(em, scope(from, to), ['participant'])).map((count) => count.present);

it.each([
  ['2025-03-03', '2025-08-04', 3],
  ['2025-03-01', '2025-08-31', 3],
  ['2025-03-04', '2025-08-04', 2],
  ['2025-03-03', '2025-08-03', 2],
  ['2025-05-12', '2025-05-12', 1],
  ['2024-01-01', '2026-12-31', 3],
])('from %s to %s everybody has %d marks', async (from, to, marks) => {
  expect(await world.read(place, (em) => present(em, from, to))).toEqual([marks, marks]);
});

it('counts no mark that comes on a later day while it is asked', async () => {
  const counted = await world.write(place, async (tx) => {
    const em = tx as unknown as SqlEntityManager;
    const ask = em.execute.bind(em);
    let came = 0;
    em.execute = (async (...question: Parameters<typeof ask>) => {
      const answer = await ask(...question);
      if (String(question[0]).includes('last_waiting') && came++ === 0)
        await ask(
          `insert into tally_changes (organization_id, created_at, updated_at, participant_id, group_id, day, hour, presence_state_id, marks, disputed)
           select organization_id, created_at, updated_at, participant_id, group_id, '2025-09-01', 9, presence_state_id, marks, 0 from tally_changes
            where organization_id = ${place.organization.id} and day = '2025-08-04'`,
          [],
          'run',
        );
      return answer;
    }) as typeof em.execute;
    const marks = await present(tx as unknown as EntityManager, '2025-03-03', '2025-08-04');
    expect(came).toBe(1);
    const day = `organization_id = ${place.organization.id} and day = '2025-09-01'`;
    await ask(`delete from tally_changes where ${day}`, [], 'run');
    return marks;
  });
  expect(counted).toEqual([3, 3]);
});
