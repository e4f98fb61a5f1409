import { type EntityManager } from '@mikro-orm/core';
import { reachOfRole, ROLES, User } from '../../auth/index.js';

/** Whoever sees every group may be sent what somebody else may see. */
const SEES_ALL = ROLES.filter(
  (role) => reachOfRole(role, 'report.view', {}) === 'all' && reachOfRole(role, 'export.run', {}) === 'all',
);

/** Users that a form offers. */
const MOST = 500;

/** @returns the active users who may see all that any report of the organization tells @param ids only these */
export function usersWhoSeeAll(em: EntityManager, ids?: number[]): Promise<User[]> {
  const where = { status: 'active' as const, role: { $in: SEES_ALL }, ...(ids ? { id: { $in: ids } } : {}) };
  return em.find(User, where, { orderBy: { lastName: 'asc', firstName: 'asc', id: 'asc' }, limit: MOST });
}
