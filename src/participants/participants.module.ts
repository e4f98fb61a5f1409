import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AddMembersHandler } from './add-members.js';
import { ChangeGroupHandler } from './change-group.js';
import { ChangeParticipantHandler } from './change-participant.js';
import { CreateGroupHandler } from './create-group.js';
import { DeactivateGroupHandler, ReactivateGroupHandler } from './deactivate-group.js';
import { DeactivateParticipantHandler, ReactivateParticipantHandler } from './deactivate-participant.js';
import { EndMembershipHandler } from './end-membership.js';
import { EnrolParticipantHandler } from './enrol-participant.js';
import { ImportModule } from './import/import.module.js';
import { GroupsApi } from './groups.api.js';
import { GroupsPages } from './groups.pages.js';
import { OwnGroupsGuard } from './own-groups.js';
import { ParticipantsApi } from './participants.api.js';
import { ParticipantsPages } from './participants.pages.js';

@Module({
  imports: [ImportModule],
  controllers: [ParticipantsApi, ParticipantsPages, GroupsApi, GroupsPages],
  providers: [
    AddMembersHandler,
    ChangeGroupHandler,
    ChangeParticipantHandler,
    CreateGroupHandler,
    DeactivateGroupHandler,
    DeactivateParticipantHandler,
    EndMembershipHandler,
    EnrolParticipantHandler,
    ReactivateGroupHandler,
    ReactivateParticipantHandler,
    // After the guards of auth: who, then what, then whether it is one of his groups.
    { provide: APP_GUARD, useClass: OwnGroupsGuard },
  ],
})
export class ParticipantsModule {}
