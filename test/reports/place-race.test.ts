import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inOrganization } from '../../src/platform/database/in-organization.js';
import { placeAnew } from '../../src/reports/tallies/place-anew.js';
import { tallyDifferences } from '../support/tally-differences.js';
import { World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const ROUNDS = 12;
const ZONES = ['Pacific/Auckland', 'Pacific/Honolulu'];

describe('sessions that are told another day while their marks come in', () => {
  it('take every mark along: none is counted where its session is no more', async () => {
    const organizationId = world.school.organization.id;
    for (let round = 0; round < ROUNDS; round++) {
      const registers = await Promise.all([1, 2, 3].map(() => world.addRegister(world.school, 4)));
      const zone = { time_zone: ZONES[round % ZONES.length] };
      expect((await world.ana.put('/api/admin/organization', zone)).status).toBe(200);
      const marks = registers.flatMap(({ session, participants }) =>
        participants.map(({ id }) =>
          world.bruno.post('/api/presence', { session_id: session.id, participant_id: id, presence_state: 'late' }),
        ),
      );
      const place = async () => {
        while ((await inOrganization(world.orm, { organizationId, source: 'cli' }, placeAnew)) > 0);
      };
      const [answers] = await Promise.all([Promise.all(marks), place()]);
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
      await place();
      expect(await tallyDifferences(world.orm, organizationId)).toEqual([]);
    }
  }, 60_000);
});
