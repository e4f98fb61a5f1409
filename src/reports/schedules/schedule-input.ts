import { z } from 'zod';
import { idOut, instantOut } from '../../platform/http/answers.js';
import { flag, id, text } from '../../platform/http/parse.js';
import { filled } from '../../platform/i18n.js';
import { reportFields } from '../asked.js';
import { FORMATS } from '../exports/formats.js';
import { type Failure } from '../exports/export-job.js';
import { RUN_STATUSES, type ReportScheduleRun } from './report-schedule-run.entity.js';
import { type ReportSchedule } from './report-schedule.entity.js';
import { RANGES } from '../ranges.js';
import { EVERY } from './when.js';

/** People who get one report beside whoever set it up. */
const MOST_RECIPIENTS = 50;

const { from: _from, to: _to, ...filters } = reportFields;
const number = (min: number, max: number) =>
  z
    .union([z.int(), z.string().regex(/^\d{1,3}$/)], { error: `A whole number from ${min} to ${max} belongs here.` })
    .transform(Number)
    .pipe(
      z
        .int()
        .min(min, `A whole number from ${min} to ${max} belongs here.`)
        .max(max, `A whole number from ${min} to ${max} belongs here.`),
    );

const fields = {
  report: text(50),
  format: z.enum(FORMATS, { error: 'Choose csv, xlsx or pdf.' }),
  filters: z.strictObject(filters),
  range: z.enum(RANGES, { error: `Choose ${RANGES.join(', ')}.` }),
  every: z.enum(EVERY, { error: 'Choose day, week or month.' }),
  weekday: number(1, 7).nullable(),
  day_of_month: number(1, 31).nullable(),
  local_time: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'A time of day is written like 07:30.'),
  recipients: z.array(id).max(MOST_RECIPIENTS),
  is_active: flag,
};

/** A report that is to come by mail. */
export const NewReportSchedule = z
  .strictObject({
    ...fields,
    format: fields.format.default('pdf'),
    filters: fields.filters.default({}),
    weekday: fields.weekday.default(null),
    day_of_month: fields.day_of_month.default(null),
    recipients: fields.recipients.default([]),
    is_active: fields.is_active.default(true),
  })
  .meta({ id: 'NewReportSchedule' });
export type NewReportSchedule = z.output<typeof NewReportSchedule>;

/** What may be changed: absent is unchanged. */
export const ReportScheduleChange = z.strictObject(fields).partial().meta({ id: 'ReportScheduleChange' });
export type ReportScheduleChange = z.output<typeof ReportScheduleChange>;

export const ReportScheduleOut = z
  .object({
    id: idOut,
    user_id: idOut,
    report: z.string(),
    format: z.enum(FORMATS),
    filters: z.record(z.string(), z.unknown()),
    range: z.enum(RANGES),
    every: z.enum(EVERY),
    weekday: z.int().nullable().meta({ description: 'Of a week: 1 is Monday.' }),
    day_of_month: z.int().nullable().meta({ description: 'A shorter month has its last day instead.' }),
    local_time: z.string().meta({ description: "By the organization's clocks." }),
    recipients: z.array(idOut).meta({ description: 'Users who get it beside user_id.' }),
    is_active: z.boolean(),
    next_run_at: instantOut.nullable(),
    last_run: z
      .object({
        period: z.string(),
        status: z.enum(RUN_STATUSES),
        error: z.object({ code: z.string(), message: z.string() }).nullable(),
        finished_at: instantOut.nullable(),
      })
      .nullable(),
    created_at: instantOut,
    updated_at: instantOut,
  })
  .meta({ id: 'ReportSchedule' });

export const runFailure = (run: Pick<ReportScheduleRun, 'failure'>): Failure | null =>
  run.failure ? (JSON.parse(run.failure) as Failure) : null;

/** A schedule as programs see it. */
export function scheduleJson(
  schedule: ReportSchedule,
  run: ReportScheduleRun | null,
): z.output<typeof ReportScheduleOut> {
  const failure = run && runFailure(run);
  return {
    id: schedule.id,
    user_id: schedule.user,
    report: schedule.report,
    format: schedule.format,
    filters: schedule.filters,
    range: schedule.range,
    every: schedule.every,
    weekday: schedule.weekday ?? null,
    day_of_month: schedule.dayOfMonth ?? null,
    local_time: schedule.localTime,
    recipients: schedule.recipients,
    is_active: schedule.isActive,
    next_run_at: schedule.isActive ? schedule.nextRunAt.toISOString() : null,
    last_run: run && {
      period: run.period,
      status: run.status,
      error: failure && { code: failure.code, message: filled(failure.message, failure.params ?? {}) },
      finished_at: run.finishedAt?.toISOString() ?? null,
    },
    created_at: schedule.createdAt.toISOString(),
    updated_at: schedule.updatedAt.toISOString(),
  };
}
