export { GroupAssignment } from './group-assignment.entity.js';
export { ALWAYS, GroupMembership } from './group-membership.entity.js';
export { AddMembers, addMembers, NewMembers } from './add-members.js';
export { EnrolParticipant, enrolParticipant } from './enrol-participant.js';
export { Group, sortNameOf } from './group.entity.js';
export { refuseUnknownGroup } from './group-input.js';
export { drainImports } from './import/drain-imports.js';
export { Import } from './import/import.entity.js';
export { ImportJobs } from './import/import-jobs.js';
export { ImportRow } from './import/import-row.entity.js';
export { whenUndoingImports } from './import/undo-hooks.js';
export { groupOptions, MOST_OPTIONS, type GroupOption } from './group-options.query.js';
export { memberCounts } from './member-counts.query.js';
export { isMember, onRegister } from './membership.js';
export {
  amongOwnPeople,
  inOwnGroups,
  isOwnGroup,
  limitToOwnGroups,
  ownGroupsOf,
  ownGroupsParameters,
  type OwnGroups,
} from './own-groups.js';
export { NewParticipant } from './participant-input.js';
export { panelsOf, showWithParticipant } from './participant-panels.js';
export { foldedNames, Participant } from './participant.entity.js';
export { ParticipantsModule } from './participants.module.js';
