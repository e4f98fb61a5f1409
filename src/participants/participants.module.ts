import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AddMembersHandler } from './add-members.js';
import { AssignUserHandler, UnassignUserHandler } from './assign-users.js';
import { ChangeGroupHandler } from './change-group.js';
import { ChangeMembershipHandler } from './change-membership.js';
import { ChangeParticipantHandler } from './change-participant.js';
import { CreateGroupHandler } from './create-group.js';
import { DeactivateGroupHandler, ReactivateGroupHandler } from './deactivate-group.js';
import { DeactivateParticipantHandler, ReactivateParticipantHandler } from './deactivate-participant.js';
import { EndMembershipHandler } from './end-membership.js';
import { EnrolParticipantHandler } from './enrol-participant.js';
import { ImportModule } from './import/import.module.js';
import { GroupsApi } from './groups.api.js';
import { GroupsPages } from './groups.pages.js';
import { MembershipPages } from './membership.pages.js';
import { MergePages } from './merge.pages.js';
import { MergeParticipantsHandler } from './merge-participants.js';
import { OwnGroupsGuard } from './own-groups.js';
import { ParticipantsApi } from './participants.api.js';
import { ParticipantsPages } from './participants.pages.js';
import { PhotoPages } from './photo.pages.js';
import { RemovePhotoHandler, SetPhotoHandler } from './set-photo.js';
import './user-bonds.js';

@Module({
  imports: [ImportModule],
  controllers: [ParticipantsApi, ParticipantsPages, MergePages, PhotoPages, GroupsApi, GroupsPages, MembershipPages],
  providers: [
    AddMembersHandler,
    AssignUserHandler,
    ChangeGroupHandler,
    ChangeMembershipHandler,
    ChangeParticipantHandler,
    CreateGroupHandler,
    DeactivateGroupHandler,
    DeactivateParticipantHandler,
    EndMembershipHandler,
    EnrolParticipantHandler,
    MergeParticipantsHandler,
    ReactivateGroupHandler,
    ReactivateParticipantHandler,
    RemovePhotoHandler,
    SetPhotoHandler,
    UnassignUserHandler,
    // After the guards of auth: who, then what, then whether it is one of his groups.
    { provide: APP_GUARD, useClass: OwnGroupsGuard },
  ],
})
export class ParticipantsModule {}
