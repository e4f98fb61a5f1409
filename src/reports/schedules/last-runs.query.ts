import { type EntityManager } from '@mikro-orm/core';
import { read } from '../../platform/database/read.js';
import { ReportScheduleRun } from './report-schedule-run.entity.js';

/** @returns the newest run of each of these schedules, by schedule */
export async function lastRuns(em: EntityManager, schedules: number[]): Promise<Map<number, ReportScheduleRun>> {
  if (schedules.length === 0) return new Map();
  const newest = await read<{ id: number }>(
    em,
    `select max(r.id) as id from report_schedule_runs r
      where r.organization_id = :organization and r.schedule_id in (:schedules) group by r.schedule_id`,
    { schedules },
  );
  const ids = newest.map((row) => Number(row.id));
  const runs = await em.find(ReportScheduleRun, { id: { $in: ids } }, { refresh: true });
  return new Map(runs.map((run) => [run.schedule, run]));
}
