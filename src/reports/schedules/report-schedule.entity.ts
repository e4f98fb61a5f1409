import { defineEntity, p } from '@mikro-orm/core';
import { User } from '../../auth/index.js';
import { tenantColumns } from '../../tenancy/index.js';
import { type Format } from '../exports/formats.js';
import { type Range } from '../ranges.js';
import { type Every } from './when.js';

/**
 * A report that comes by mail again and again. Whoever made it answers for it: his rights and his language decide at
 * each run what it holds.
 */
const ReportScheduleSchema = defineEntity({
  name: 'ReportSchedule',
  tableName: 'report_schedules',
  properties: {
    ...tenantColumns,
    user: () => p.manyToOne(User).mapToPk().fieldName('user_id'),
    report: p.string().length(50),
    format: p.string().length(10).$type<Format>(),
    /** Without days: those follow from `range` at each run. */
    filters: p.json<Record<string, unknown>>(),
    range: p.string().length(20).fieldName('day_range').$type<Range>(),
    every: p.string().length(10).fieldName('repeats').$type<Every>(),
    /** Of a week: 1 is Monday. */
    weekday: p.integer().nullable(),
    /** Of a month; a shorter month has its last day instead. */
    dayOfMonth: p.integer().nullable(),
    /** `07:30`, by the organization's clocks. */
    localTime: p.string().length(5),
    /** Users who get it beside its own. */
    recipients: p.json<number[]>(),
    isActive: p.boolean().default(true),
    /** When it comes next; looked at again then, because the time zone may have changed. */
    nextRunAt: p.datetime(3),
  },
  indexes: [
    { name: 'report_schedules_due_index', properties: ['isActive', 'nextRunAt'] },
    { name: 'report_schedules_user_index', properties: ['organization', 'user', 'id'] },
  ],
});

export class ReportSchedule extends ReportScheduleSchema.class {}
ReportScheduleSchema.setClass(ReportSchedule);
