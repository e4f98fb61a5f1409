import { RequestContext, type EntityManager } from '@mikro-orm/core';
import { withCurrent, type Current } from '../current.js';
import { type Orm } from './orm.js';

/**
 * Runs a job or a command-line act for one organization: its own EntityManager, tenant filter and Current.
 * @param who organizationId is required; userId is who answers for it in the audit
 */
export function inOrganization<T>(
  orm: Orm,
  who: Partial<Current> & { organizationId: number },
  work: (em: EntityManager) => Promise<T>,
): Promise<T> {
  return withCurrent(who, () =>
    RequestContext.create(orm.em, async () => {
      const em = RequestContext.getEntityManager()!;
      em.setFilterParams('tenant', { organization: who.organizationId });
      return work(em);
    }),
  );
}
