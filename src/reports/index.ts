import './foresee.js';
import './tallies/follow-marks.js';
import './tallies/follow-sessions.js';

export { drainExports } from './exports/drain-exports.js';
export { exportsFolder } from './exports/kept-files.js';
export { ExportJobs } from './exports/export-jobs.js';
export { Export } from './exports/export.entity.js';
export { ReportSchedule } from './schedules/report-schedule.entity.js';
export { ReportScheduleRun } from './schedules/report-schedule-run.entity.js';
export { SchedulesJob } from './schedules/schedules.job.js';
export { ReportsModule } from './reports.module.js';
export { SessionDay } from './tallies/session-day.entity.js';
export { GroupTally, ParticipantTally, TallyChange } from './tallies/tally.entities.js';
