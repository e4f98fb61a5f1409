import { LockMode, type EntityManager } from '@mikro-orm/core';
import { Problem } from '../../platform/http/problem.js';
import { User } from '../user.entity.js';

const lastAdministrator = () =>
  new Problem(409, {
    code: 'last_administrator',
    message: 'This is the last administrator who can sign in. Make somebody else an administrator first.',
  });

/**
 * Runs a change that may take away an administrator. All of them are held until the commit, in the order of their ids:
 * of two who remove each other at the same moment, the second sees what the first did.
 * @throws Problem 409 last_administrator when nobody would be left
 */
export async function keepAnAdministrator(tx: EntityManager, change: () => Promise<void>): Promise<void> {
  const where = { role: 'administrator', status: 'active' } as const;
  const before = await tx.find(User, where, { lockMode: LockMode.PESSIMISTIC_WRITE, orderBy: { id: 'asc' } });
  await change();
  if (before.length > 0 && !before.some((user) => user.role === 'administrator' && user.status === 'active'))
    throw lastAdministrator();
}
