import { reachOf, type SignedInUser } from '../../auth/index.js';
import { notFound } from '../../platform/http/problem.js';
import { type ReportSchedule } from './report-schedule.entity.js';

/** Whoever configures the organization sees every schedule; everybody else his own. */
export const seesEverySchedule = (me: SignedInUser): boolean =>
  reachOf(me.role, 'organization.configure', me.organization.settings) !== null;

/** @throws 404 for a schedule that is somebody else's */
export function ownSchedule(schedule: ReportSchedule, me: SignedInUser): ReportSchedule {
  if (schedule.user !== me.id && !seesEverySchedule(me)) throw notFound();
  return schedule;
}
