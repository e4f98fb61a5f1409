import { z } from 'zod';
import { dateOut, extraDataOut, idOut, instantOut } from '../platform/http/answers.js';

/** What the doors of sessions answer, as programs see it. */
export const SessionOut = z
  .object({
    id: idOut,
    group_id: idOut,
    name: z.string(),
    location: z.string().nullable(),
    scheduled_start_at: instantOut,
    scheduled_end_at: instantOut,
    actual_start_at: instantOut.nullable(),
    actual_end_at: instantOut.nullable(),
    status: z.enum(['scheduled', 'running', 'ended', 'cancelled']),
    locked: z.boolean(),
    register_completed_at: instantOut.nullable(),
    series_id: idOut.nullable(),
    extra_data: extraDataOut,
    created_at: instantOut,
    updated_at: instantOut,
  })
  .meta({ id: 'Session' });

export const SeriesOut = z
  .object({
    series_id: idOut,
    created: z.int(),
    skipped: z.unknown(),
    sessions: z.array(SessionOut).meta({ description: 'The first 50.' }),
  })
  .meta({ id: 'ScheduledSeries' });

export const ClosingDayOut = z
  .object({
    id: idOut,
    name: z.string(),
    from_on: dateOut,
    to_on: dateOut,
    group_id: idOut.nullable(),
    created_at: instantOut,
    updated_at: instantOut,
  })
  .meta({ id: 'ClosingDay' });

export const TemplateOut = z
  .object({
    id: idOut,
    name: z.string(),
    location: z.string().nullable(),
    minutes: z.int(),
    start_time: z.string().nullable(),
    sort_order: z.int(),
    is_active: z.boolean(),
    created_at: instantOut,
    updated_at: instantOut,
  })
  .meta({ id: 'SessionTemplate' });

export const FeedOut = z
  .object({ id: idOut, group_id: idOut.nullable(), last_used_at: instantOut.nullable(), created_at: instantOut })
  .meta({ id: 'CalendarFeed' });

/** The one answer that carries the private address. */
export const NewFeedOut = FeedOut.extend({ address: z.string() }).meta({ id: 'NewCalendarFeed' });

export const CopiedWeeksOut = z
  .object({
    created: z.int(),
    weeks: z.array(z.object({ week: dateOut, created: z.int(), closed: z.int(), there: z.int() })),
    dry_run: z.boolean(),
    copy: z.string().nullable(),
  })
  .meta({ id: 'CopiedWeeks' });

export const TimetableOut = z
  .object({
    dry_run: z.boolean(),
    errors: z.array(
      z.object({ row: z.int().nullable(), code: z.string(), message: z.string(), summary: z.string().nullable() }),
    ),
    errors_total: z.int(),
  })
  .catchall(z.unknown())
  .meta({ id: 'ImportedTimetable' });
