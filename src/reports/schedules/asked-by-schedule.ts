import { type EntityManager } from '@mikro-orm/core';
import { type SignedInUser } from '../../auth/index.js';
import { invalid } from '../../platform/http/problem.js';
import { settingsOf } from '../../tenancy/index.js';
import { exportAsked } from '../exports/ask-export.js';
import { sourceOf } from '../exports/sources.js';
import { type ReportQuery } from '../asked.js';
import { daysOf } from '../ranges.js';
import { type ReportSchedule } from './report-schedule.entity.js';

/**
 * What a schedule asks on a day, for whoever answers for it.
 * @returns the row of the file, not yet in line
 * @throws Problem 403, 422
 */
export function askedBySchedule(
  em: EntityManager,
  schedule: Pick<ReportSchedule, 'report' | 'format' | 'filters' | 'range'>,
  day: string,
  me: SignedInUser,
) {
  const { report, format } = schedule;
  const filters = schedule.filters as ReportQuery;
  const days = daysOf(schedule.range, day, settingsOf(me.organization).reporting_periods);
  if (!days)
    throw invalid('range', 'This day lies in no reporting period. An administrator adds them in the settings.');
  const dated = sourceOf(report, filters, format)?.fields.includes('from') ? days : {};
  return exportAsked(em, { report, format, filters: { ...filters, ...dated }, bom: true }, me);
}
