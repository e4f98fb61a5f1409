import { defineEntity, p } from '@mikro-orm/core';
import { Group } from '../participants/index.js';
import { tenantColumns } from '../tenancy/index.js';

/** Sessions that repeat: the rule (RFC 5545) from which they were made, in local time. */
const SessionSeriesSchema = defineEntity({
  name: 'SessionSeries',
  tableName: 'session_series',
  properties: {
    ...tenantColumns,
    group: () => p.manyToOne(Group).mapToPk().fieldName('group_id'),
    name: p.string().length(255),
    location: p.string().length(255).nullable(),
    /** The RRULE's value, for example FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20270630T215959Z. */
    recurrence: p.string().length(500),
    /** The first start, as wall-clock time: 2026-11-20T09:00. */
    localStart: p.string().length(16),
    /** Whose wall clock: a change of daylight saving moves the instant, not the local time. */
    timeZone: p.string().length(64),
    minutes: p.integer(),
    extraData: p.json<Record<string, unknown>>(),
  },
});

export class SessionSeries extends SessionSeriesSchema.class {}
SessionSeriesSchema.setClass(SessionSeries);
