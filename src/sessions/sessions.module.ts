import { Module, type OnModuleInit } from '@nestjs/common';
import { MulterModule } from '@nestjs/platform-express';
import { type Config } from '../platform/config.js';
import { uploadsFolder } from '../platform/files.js';
import { CalendarPages } from './calendar/calendar.pages.js';
import { CancelSeriesHandler, ReviveSeriesHandler } from './cancel-series.js';
import { CancelSessionHandler, ReviveSessionHandler } from './cancel-session.js';
import { ChangeSeriesHandler } from './change-series.js';
import { ChangeSessionHandler } from './change-session.js';
import { ClosingDaysApi } from './closing-days/closing-days.api.js';
import { ClosingDaysPages } from './closing-days/closing-days.pages.js';
import {
  ChangeClosingDayHandler,
  CreateClosingDayHandler,
  RemoveClosingDayHandler,
  ReviveClosedHandler,
} from './closing-days/keep-closing-day.js';
import { ImportHolidaysHandler } from './closing-days/import-holidays.js';
import { CompleteRegisterHandler } from './complete-register.js';
import { CopyWeekHandler, UndoCopyHandler } from './copy-week/copy-week.js';
import { CopyWeekApi } from './copy-week/copy-week.api.js';
import { CopyWeekPages } from './copy-week/copy-week.pages.js';
import { EndSessionHandler } from './end-session.js';
import { ExtendModule } from './extend/extend.module.js';
import { FeedPages } from './feeds/feed.pages.js';
import { FeedsApi } from './feeds/feeds.api.js';
import { FeedsPages } from './feeds/feeds.pages.js';
import { CreateFeedHandler, RevokeFeedHandler } from './feeds/keep-feed.js';
import { ScheduleSeriesHandler } from './schedule-series.js';
import { ScheduleSessionHandler } from './schedule-session.js';
import { LockModule } from './lock/lock.module.js';
import { registerSessions } from './registrations.js';
import { HomePages } from './home.pages.js';
import { PlanPages } from './plan.pages.js';
import { SessionsApi } from './sessions.api.js';
import { SessionsPages } from './sessions.pages.js';
import {
  AdoptTemplatesHandler,
  ChangeTemplateHandler,
  CreateTemplateHandler,
  OrderTemplatesHandler,
} from './templates/keep-template.js';
import { MOST_BYTES } from './timetable/read-calendar.js';
import { ImportTimetableHandler } from './timetable/import-timetable.js';
import { TimetableApi } from './timetable/timetable.api.js';
import { TimetablePages } from './timetable/timetable.pages.js';
import { TemplatesApi } from './templates/templates.api.js';
import { TemplatesPages } from './templates/templates.pages.js';
import { StartSessionHandler } from './start-session.js';
import { UnlockSessionHandler } from './unlock-session.js';

@Module({
  imports: [
    LockModule,
    ExtendModule,
    MulterModule.registerAsync({
      inject: ['config'],
      useFactory: (config: Config) => ({
        // Straight to the disk, under a random name; reading stops where a file is too large.
        dest: uploadsFolder(config),
        limits: { fileSize: MOST_BYTES, files: 1, fields: 10, fieldSize: 10_000, fieldNameSize: 100, parts: 12 },
      }),
    }),
  ],
  controllers: [
    SessionsApi,
    CalendarPages,
    TimetableApi,
    TimetablePages,
    CopyWeekApi,
    CopyWeekPages,
    PlanPages,
    SessionsPages,
    ClosingDaysApi,
    ClosingDaysPages,
    TemplatesApi,
    TemplatesPages,
    FeedPages,
    FeedsApi,
    FeedsPages,
    HomePages,
  ],
  providers: [
    ImportHolidaysHandler,
    ImportTimetableHandler,
    CopyWeekHandler,
    UndoCopyHandler,
    CreateFeedHandler,
    RevokeFeedHandler,
    AdoptTemplatesHandler,
    ChangeClosingDayHandler,
    ChangeTemplateHandler,
    CreateClosingDayHandler,
    CreateTemplateHandler,
    OrderTemplatesHandler,
    RemoveClosingDayHandler,
    CancelSeriesHandler,
    CancelSessionHandler,
    ChangeSeriesHandler,
    ChangeSessionHandler,
    CompleteRegisterHandler,
    EndSessionHandler,
    ReviveClosedHandler,
    ReviveSeriesHandler,
    ReviveSessionHandler,
    ScheduleSeriesHandler,
    ScheduleSessionHandler,
    StartSessionHandler,
    UnlockSessionHandler,
  ],
})
export class SessionsModule implements OnModuleInit {
  onModuleInit(): void {
    registerSessions();
  }
}
