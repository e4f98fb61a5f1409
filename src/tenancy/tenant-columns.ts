import { p, type Opt, type PropertyChain } from '@mikro-orm/core';
import { clock } from '../platform/clock.js';
import { currentOrganization } from '../platform/current.js';
import { Organization } from './organization.entity.js';

/** The columns that every tenant table begins with. A new row belongs to whoever acts now. Relations are ids: a row is found, never referenced unseen. */
export const tenantColumns = {
  id: p.bigint('number').primary(),
  organization: () =>
    p
      .manyToOne(Organization)
      .mapToPk()
      .fieldName('organization_id')
      .onCreate(() => currentOrganization() as never)
      // What the chain above amounts to; its own types forget that a new row needs no organization given.
      .$type<Opt<number>>() as unknown as PropertyChain<Opt<number>, object>,
  createdAt: p.datetime(3).onCreate(() => clock.now()),
  updatedAt: p
    .datetime(3)
    .onCreate(() => clock.now())
    .onUpdate(() => clock.now()),
} as const;
