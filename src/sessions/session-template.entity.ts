import { defineEntity, p } from '@mikro-orm/core';
import { tenantColumns } from '../tenancy/index.js';

/** What a new session can begin from: the organization's own list, filled from its domain at first. */
const SessionTemplateSchema = defineEntity({
  name: 'SessionTemplate',
  tableName: 'session_templates',
  properties: {
    ...tenantColumns,
    name: p.string().length(255),
    location: p.string().length(255).nullable(),
    minutes: p.integer(),
    /** When it usually begins, as wall-clock time ("08:15"), or null. */
    startTime: p.string().length(5).nullable(),
    sortOrder: p.integer(),
    isActive: p.boolean().default(true),
  },
});

export class SessionTemplate extends SessionTemplateSchema.class {}
SessionTemplateSchema.setClass(SessionTemplate);
