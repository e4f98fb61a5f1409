import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { read, readAcrossOrganizations } from '../../src/platform/database/read.js';
import { World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

it('refuses a tenant’s statement that names no organization, also when it was asked across all of them before', async () => {
  const statement = 'select count(*) as users from users';
  await world.read(world.school, async (em) => {
    await expect(readAcrossOrganizations(em, statement)).resolves.toHaveLength(1);
    await expect(read(em, statement)).rejects.toThrow('must name :organization');
  });
});
