import { type EntityManager } from '@mikro-orm/core';
import { current } from '../platform/current.js';

/** A user in his organization. */
export interface Who {
  userId: number;
  organizationId: number;
}

/**
 * From here on the transaction acts in the name of this user, in his organization: for acts of people whom no login
 * session names yet, but who have just proven who they are (a password, a link that only they were sent).
 */
export function actAs(tx: EntityManager, who: Who): void {
  const now = current();
  now.userId = who.userId;
  now.organizationId = who.organizationId;
  tx.setFilterParams('tenant', { organization: who.organizationId });
}
