import { type EntityManager, type FilterQuery } from '@mikro-orm/core';
import { clock } from '../../platform/clock.js';
import { ReportScheduleRun } from './report-schedule-run.entity.js';

/** Writes down that a report is due, unless it is written down already. The schedule is locked. @returns whether it is new */
export async function addRun(tx: EntityManager, schedule: number, period: string): Promise<boolean> {
  if ((await tx.count(ReportScheduleRun, { schedule, period })) > 0) return false;
  tx.create(ReportScheduleRun, { schedule, period, status: 'making', sentTo: [], nextAttemptAt: clock.now() });
  await tx.flush();
  return true;
}

/** Writes to a run, past whatever is loaded of it. */
export async function saveRun(em: EntityManager, id: number, values: Partial<ReportScheduleRun>): Promise<void> {
  await em.nativeUpdate(ReportScheduleRun, { id }, { updatedAt: clock.now(), ...values } as never);
}

/** @returns how many there were */
export const deleteRuns = (em: EntityManager, which: FilterQuery<ReportScheduleRun>): Promise<number> =>
  em.nativeDelete(ReportScheduleRun, which);
