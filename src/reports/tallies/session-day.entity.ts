import { defineEntity, p } from '@mikro-orm/core';
import { Session } from '../../sessions/index.js';
import { tenantColumns } from '../../tenancy/index.js';

/**
 * Where a session's marks are counted: its group, and its day and hour by the clocks of the organization. Derived from
 * `sessions` in the transaction of every change (follow-sessions.ts). Whoever changes a mark holds this row shared until
 * the commit, whoever moves the session holds it alone: so no mark is counted at a place that the session has left.
 */
const SessionDaySchema = defineEntity({
  name: 'SessionDay',
  tableName: 'session_days',
  properties: {
    ...tenantColumns,
    session: () => p.manyToOne(Session).mapToPk().fieldName('session_id'),
    groupId: p.bigint('number'),
    /** null while nothing of it is counted: it is cancelled, or was never looked at (time zone ''). */
    day: p.date().nullable().$type<string>(),
    /** 0 to 23: the hour in which it was planned to begin. */
    hour: p.integer().nullable(),
    /** The time zone that day and hour were told by. Another one than the organization's: this row is to be told anew. */
    timeZone: p.string().length(64),
  },
  uniques: [{ name: 'session_days_unique', properties: ['organization', 'session'] }],
  indexes: [
    { name: 'session_days_day_index', properties: ['organization', 'day', 'groupId', 'session'] },
    { name: 'session_days_group_index', properties: ['organization', 'groupId', 'day', 'session'] },
    { name: 'session_days_zone_index', properties: ['organization', 'timeZone'] },
  ],
});

export class SessionDay extends SessionDaySchema.class {}
SessionDaySchema.setClass(SessionDay);
