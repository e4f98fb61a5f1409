import { defineEntity, p } from '@mikro-orm/core';
import { clock } from '../platform/clock.js';
import { type DomainType } from './domains/domain-pack.js';
import { type OrganizationSettings } from './settings.js';

/** A tenant: one school, hotel, event or company. */
const OrganizationSchema = defineEntity({
  name: 'Organization',
  tableName: 'organizations',
  properties: {
    id: p.bigint('number').primary(),
    name: p.string().length(255),
    slug: p.string().length(50).unique(),
    domainType: p.string().length(50).index().$type<DomainType>(),
    timeZone: p.string().length(64),
    locale: p.string().length(35),
    settings: p.json<OrganizationSettings>(),
    deletedAt: p.datetime(3).nullable(),
    createdAt: p.datetime(3).onCreate(() => clock.now()),
    updatedAt: p
      .datetime(3)
      .onCreate(() => clock.now())
      .onUpdate(() => clock.now()),
  },
});

export class Organization extends OrganizationSchema.class {}
OrganizationSchema.setClass(Organization);
