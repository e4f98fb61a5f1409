import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { PASSWORD, World } from '../world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

it('knows an address by its very characters: no look-alike signs in, on either database', async () => {
  const { email } = world.school.user.ana!;
  for (const variant of [email.replace('a', 'á'), `${email}\u200b`]) {
    const answer = await world.visitor().post('/api/auth/login', { email: variant, password: PASSWORD });
    expect([variant, answer.status]).toEqual([variant, 401]);
  }
});
