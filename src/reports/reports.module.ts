import { Module } from '@nestjs/common';
import { AskExportHandler } from './exports/ask-export.js';
import { CancelExportHandler } from './exports/cancel-export.js';
import { ExportJobs } from './exports/export-jobs.js';
import { ExportsApi } from './exports/exports.api.js';
import { ExportsPages } from './exports/exports.pages.js';
import { SendExport } from './exports/send-export.js';
import { ReportsApi } from './reports.api.js';
import { ReportsPages } from './reports.pages.js';
import { SendReport } from './send-report.js';
import {
  ChangeScheduleHandler,
  CreateScheduleHandler,
  RemoveScheduleHandler,
  SendScheduleNowHandler,
} from './schedules/keep-schedule.js';
import { SchedulesApi } from './schedules/schedules.api.js';
import { SchedulesJob } from './schedules/schedules.job.js';
import { SchedulesPages } from './schedules/schedules.pages.js';
import { SendRun } from './schedules/send-run.js';
import { TalliesJob } from './tallies/tallies.job.js';

@Module({
  // /reports/exports and /reports/schedules come before /reports/:code.
  controllers: [ExportsApi, ExportsPages, SchedulesApi, SchedulesPages, ReportsApi, ReportsPages],
  providers: [
    AskExportHandler,
    CancelExportHandler,
    ExportJobs,
    SendExport,
    SendReport,
    TalliesJob,
    CreateScheduleHandler,
    ChangeScheduleHandler,
    RemoveScheduleHandler,
    SendScheduleNowHandler,
    SchedulesJob,
    SendRun,
  ],
})
export class ReportsModule {}
