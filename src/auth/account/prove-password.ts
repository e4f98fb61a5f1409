import { type EntityManager } from '@mikro-orm/core';
import { invalid } from '../../platform/http/problem.js';
import { brakeKey, countTry, forgetTries } from '../brake.js';
import { passwordFits } from '../passwords.js';
import { type SignedInUser } from '../signed-in.js';
import { User } from '../user.entity.js';

/**
 * Asks for the present password before an act that whoever finds an open browser must not do. Wrong ones are slowed down
 * as they are at the sign-in.
 * @returns refuses the act when the row, once it is held, has another password than the one that was proven: of two
 *   changes at the same time the second one knows a password of before
 * @throws Problem 422 on current_password, 429
 */
export async function provePassword(
  em: EntityManager,
  me: SignedInUser,
  password: string,
): Promise<(held: User) => void> {
  const key = brakeKey('password', me.id);
  await countTry(em, key);
  const { passwordHash } = await em.findOneOrFail(User, { id: me.id }, { disableIdentityMap: true });
  if (!(await passwordFits(password, passwordHash ?? null))) throw notPresent();
  await forgetTries(em, [key]);
  return (held) => {
    if (held.passwordHash !== passwordHash) throw notPresent();
  };
}

const notPresent = () => invalid('current_password', 'This is not your present password.');
