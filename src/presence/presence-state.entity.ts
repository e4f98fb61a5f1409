import { defineEntity, p } from '@mikro-orm/core';
import { tenantColumns, type DomainType, type StateCategory } from '../tenancy/index.js';

/** One answer to "who is present?" that an organization uses. Renamed or retired once used, never deleted. */
const PresenceStateSchema = defineEntity({
  name: 'PresenceState',
  tableName: 'presence_states',
  properties: {
    ...tenantColumns,
    domain: p.string().length(50).$type<DomainType>(),
    code: p.string().length(50),
    label: p.string().length(100),
    color: p.string().length(7),
    category: p.string().length(20).$type<StateCategory>(),
    shortcut: p.string().length(1).nullable(),
    sortOrder: p.integer(),
    isDefault: p.boolean().default(false),
    isActive: p.boolean().default(true),
  },
  uniques: [{ name: 'presence_states_code_unique', properties: ['organization', 'domain', 'code'] }],
});

export class PresenceState extends PresenceStateSchema.class {}
PresenceStateSchema.setClass(PresenceState);
