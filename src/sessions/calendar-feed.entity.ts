import { defineEntity, p } from '@mikro-orm/core';
import { User } from '../auth/index.js';
import { Group } from '../participants/index.js';
import { tenantColumns } from '../tenancy/index.js';

/** A private address at which a calendar program reads what a user may see, or one of his groups. Only its hash is kept. */
const CalendarFeedSchema = defineEntity({
  name: 'CalendarFeed',
  tableName: 'calendar_feeds',
  properties: {
    ...tenantColumns,
    user: () => p.manyToOne(User).mapToPk().fieldName('user_id'),
    /** Null: every session that its user may see. */
    group: () => p.manyToOne(Group).mapToPk().fieldName('group_id').nullable(),
    tokenHash: p.string().length(64).unique(),
    /** Renewed at most once an hour. */
    lastUsedAt: p.datetime(3).nullable(),
    revokedAt: p.datetime(3).nullable(),
  },
});

export class CalendarFeed extends CalendarFeedSchema.class {}
CalendarFeedSchema.setClass(CalendarFeed);
