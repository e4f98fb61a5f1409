import { Module, type OnModuleInit } from '@nestjs/common';
import { ChangeStateHandler, CreateStateHandler, DeleteStateHandler, OrderStatesHandler } from './change-states.js';
import { CorrectPresenceHandler } from './correct-presence.js';
import { EnrolOnTheSpotHandler } from './enrol-on-the-spot.js';
import { LivePages } from './live/live.pages.js';
import { LiveRegisters } from './live/live-registers.js';
import { registerPresence } from './registrations.js';
import { PresenceApi } from './presence.api.js';
import { PresencePages } from './presence.pages.js';
import { RecordPresenceHandler } from './record-presence.js';
import { RecordPresenceInBulkHandler } from './record-presence-in-bulk.js';
import { ResolveConflictsHandler } from './resolve-conflict.js';
import { RollCallPage } from './roll-call-page.js';
import { StatesApi } from './states.api.js';
import { StatesPages } from './states.pages.js';
import { StatementPages } from './statement.pages.js';
import { UndoPresenceHandler } from './undo-presence.js';
import { WithdrawCandidateHandler } from './withdraw-candidate.js';

@Module({
  controllers: [PresenceApi, LivePages, PresencePages, StatementPages, StatesApi, StatesPages],
  providers: [
    ChangeStateHandler,
    CreateStateHandler,
    DeleteStateHandler,
    OrderStatesHandler,
    CorrectPresenceHandler,
    EnrolOnTheSpotHandler,
    RecordPresenceHandler,
    RecordPresenceInBulkHandler,
    ResolveConflictsHandler,
    UndoPresenceHandler,
    WithdrawCandidateHandler,
    LiveRegisters,
    RollCallPage,
  ],
})
export class PresenceModule implements OnModuleInit {
  onModuleInit(): void {
    registerPresence();
  }
}
