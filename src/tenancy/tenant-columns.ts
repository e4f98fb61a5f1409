import { p } from '@mikro-orm/core';
import { clock } from '../platform/clock.js';
import { Organization } from './organization.entity.js';

/** The columns that every tenant table begins with. Relations are ids: a row is found, never referenced unseen. */
export const tenantColumns = {
  id: p.bigint('number').primary(),
  organization: () => p.manyToOne(Organization).mapToPk().fieldName('organization_id'),
  createdAt: p.datetime(3).onCreate(() => clock.now()),
  updatedAt: p
    .datetime(3)
    .onCreate(() => clock.now())
    .onUpdate(() => clock.now()),
} as const;
