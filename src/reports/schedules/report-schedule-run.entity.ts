import { defineEntity, p } from '@mikro-orm/core';
import { tenantColumns } from '../../tenancy/index.js';
import { ReportSchedule } from './report-schedule.entity.js';

/** making: its file waits or is made; then it is sent, and one of the other words is its end. */
export const RUN_STATUSES = ['making', 'sent', 'skipped_empty', 'failed', 'not_allowed'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/**
 * One time that a report was due. That there is one row for each period, whoever writes it, is what keeps several nodes
 * from sending it twice. The row is a job's memory and not audited.
 */
const ReportScheduleRunSchema = defineEntity({
  name: 'ReportScheduleRun',
  tableName: 'report_schedule_runs',
  properties: {
    ...tenantColumns,
    schedule: () => p.manyToOne(ReportSchedule).mapToPk().fieldName('schedule_id'),
    /** The local day on which it was due; with the minute when somebody asked for it himself. */
    period: p.string().length(30),
    status: p.string().length(20).$type<RunStatus>(),
    /** Id of the file; null until there is room for it in the line. The row of a file is told of for longer than this one. */
    export: p.bigint('number').fieldName('export_id').nullable(),
    /** Tries to send it. */
    attempts: p.integer().default(0),
    nextAttemptAt: p.datetime(3),
    /** Which node sends it has it until then. */
    claimedUntil: p.datetime(3).nullable(),
    /** Users whose mail was taken: trying again leaves them in peace. */
    sentTo: p.json<number[]>(),
    /** Why nothing came: JSON {code, message, params}. */
    failure: p.string().length(500).nullable(),
    finishedAt: p.datetime(3).nullable(),
  },
  uniques: [{ name: 'report_schedule_runs_period_unique', properties: ['organization', 'schedule', 'period'] }],
  indexes: [{ name: 'report_schedule_runs_due_index', properties: ['status', 'nextAttemptAt'] }],
});

export class ReportScheduleRun extends ReportScheduleRunSchema.class {}
ReportScheduleRunSchema.setClass(ReportScheduleRun);
