import { type EntityClass, type EntityManager, LockMode } from '@mikro-orm/core';

/**
 * Finds the row that a use case is about to change, and holds it until the commit: whoever else changes it waits, and
 * then sees what was done here. Without the lock two acts on MySQL both decide on what was there before either.
 * @throws 404 when nobody here has this id
 */
export function findLocked<T extends { id: number }>(
  tx: EntityManager,
  entity: EntityClass<T>,
  id: number,
): Promise<T> {
  return tx.findOneOrFail(entity as EntityClass<any>, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE }) as Promise<T>;
}
