import { Module, type OnModuleInit } from '@nestjs/common';
import { CancelSessionHandler, ReviveSessionHandler } from './cancel-session.js';
import { ChangeSessionHandler } from './change-session.js';
import { CompleteRegisterHandler } from './complete-register.js';
import { EndSessionHandler } from './end-session.js';
import { ScheduleSessionHandler } from './schedule-session.js';
import { registerSessions } from './registrations.js';
import { HomePages } from './home.pages.js';
import { SessionsApi } from './sessions.api.js';
import { SessionsPages } from './sessions.pages.js';
import { StartSessionHandler } from './start-session.js';
import { UnlockSessionHandler } from './unlock-session.js';

@Module({
  controllers: [SessionsApi, SessionsPages, HomePages],
  providers: [
    CancelSessionHandler,
    ChangeSessionHandler,
    CompleteRegisterHandler,
    EndSessionHandler,
    ReviveSessionHandler,
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
