import { type Report } from '../report.js';
import { absentees } from './absentees.js';
import { attendance } from './attendance.js';
import { belowThreshold } from './below-threshold.js';
import { consecutiveAbsences } from './consecutive-absences.js';
import { lateArrivals } from './late-arrivals.js';
import { matrix } from './matrix.js';
import { notTaken } from './not-taken.js';
import { sessions } from './sessions.js';
import { statement } from './statement.js';
import { summary } from './summary.js';
import { trend } from './trend.js';

/** Every report, in the order of the page that lists them: what people act on first. */
export const REPORTS: Report[] = [
  absentees,
  notTaken,
  consecutiveAbsences,
  belowThreshold,
  lateArrivals,
  summary,
  sessions,
  attendance,
  matrix,
  trend,
  statement,
];

export const reportOf = (code: string): Report | undefined => REPORTS.find((report) => report.code === code);
