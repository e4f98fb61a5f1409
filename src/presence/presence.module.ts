import { Module, type OnModuleInit } from '@nestjs/common';
import { CorrectPresenceHandler } from './correct-presence.js';
import { registerStates } from './open-states.js';
import { PresenceApi } from './presence.api.js';
import { RecordPresenceHandler } from './record-presence.js';

@Module({
  controllers: [PresenceApi],
  providers: [CorrectPresenceHandler, RecordPresenceHandler],
})
export class PresenceModule implements OnModuleInit {
  onModuleInit(): void {
    registerStates();
  }
}
