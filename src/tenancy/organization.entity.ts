import { defineEntity, p } from '@mikro-orm/core';
import { clock } from '../platform/clock.js';
import { type DomainType } from './domains/domain-pack.js';

/** What an organization may set for itself. Everything absent falls back to its domain pack and to these defaults. */
export interface OrganizationSettings {
  /** Own words for the pack's terms: participant, group, session, organization. */
  terms?: Record<string, { one: string; many: string }>;
  /** Which groups a frontline user works with: all of them (default), or those assigned to him. */
  frontline_groups?: 'all' | 'assigned';
  /** Whether frontline users may create a session in their groups. Default true. */
  frontline_creates_sessions?: boolean;
  /** How long a device may show names and capture marks without having signed in again, in hours. Default 72. */
  offline_hours?: number;
}

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
