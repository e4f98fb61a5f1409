import { defineEntity, p } from '@mikro-orm/core';
import { User } from '../auth/index.js';
import { Group, isOwnGroup, limitToOwnGroups } from '../participants/index.js';
import { tenantColumns } from '../tenancy/index.js';

/** A lesson, sitting, talk or shift: when and where presence is recorded. Cancelled, never deleted. */
const SessionSchema = defineEntity({
  name: 'Session',
  tableName: 'sessions',
  properties: {
    ...tenantColumns,
    group: () => p.manyToOne(Group).mapToPk().fieldName('group_id'),
    name: p.string().length(255),
    location: p.string().length(255).nullable(),
    scheduledStartAt: p.datetime(3),
    scheduledEndAt: p.datetime(3),
    actualStartAt: p.datetime(3).nullable(),
    actualEndAt: p.datetime(3).nullable(),
    status: p.string().length(20).$type<'scheduled' | 'running' | 'ended' | 'cancelled'>(),
    lockedAt: p.datetime(3).nullable(),
    /** When an administrator last opened a lock: it locks again only the organization's lock hours after this. */
    unlockedAt: p.datetime(3).nullable(),
    registerCompletedAt: p.datetime(3).nullable(),
    registerCompletedBy: () => p.manyToOne(User).mapToPk().fieldName('register_completed_by').nullable(),
    seriesId: p.bigint('number').nullable(),
    /** Within a series: the start that its rule gave, by which the session is known even when it was moved (RECURRENCE-ID). */
    occursAt: p.datetime(3).nullable(),
    /** Within a series: edited as "this one", so that an edit of all leaves it as it is. */
    detached: p.boolean().default(false),
    /** What the imported calendar calls it (UID, and RECURRENCE-ID where there is one). */
    externalId: p.string().length(255).nullable(),
    extraData: p.json<Record<string, unknown>>(),
  },
  uniques: [{ name: 'sessions_external_id_unique', properties: ['organization', 'externalId'] }],
  indexes: [
    { name: 'sessions_start_index', properties: ['organization', 'scheduledStartAt', 'id'] },
    { name: 'sessions_series_index', properties: ['organization', 'seriesId', 'occursAt'] },
  ],
});

export class Session extends SessionSchema.class {}
SessionSchema.setClass(Session);

limitToOwnGroups(Session, (em, own, session) => isOwnGroup(em, own, session.group));
