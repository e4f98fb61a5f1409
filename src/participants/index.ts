import './follow-search-blocks.js';

export { GroupAssignment } from './group-assignment.entity.js';
export { ALWAYS, GroupMembership } from './group-membership.entity.js';
export { AddMembers, addMembers, NewMembers } from './add-members.js';
export { EnrolParticipant, enrolParticipant } from './enrol-participant.js';
export { findParticipants } from './find-participants.query.js';
export { groupsOfParticipants } from './participant-groups.query.js';
export { Group, sortNameOf } from './group.entity.js';
export { refuseUnknownGroup } from './group-input.js';
export { drainImports } from './import/drain-imports.js';
export { ImportMapping } from './import/import-mapping.entity.js';
export { Import } from './import/import.entity.js';
export { ImportJobs } from './import/import-jobs.js';
export { Reading } from './import/reading.js';
export { ImportRow } from './import/import-row.entity.js';
export { whenUndoingImports } from './import/undo-hooks.js';
export { type ImportableList } from './export/importable-list.js';
export { listGroups } from './export/list-groups.query.js';
export { listParticipants } from './export/list-participants.query.js';
export { groupOptions, MOST_OPTIONS, type GroupOption } from './group-options.query.js';
export { type MergePreview, whenMerging } from './merge-hooks.js';
export { refuseMerged } from './merged-page.js';
export { memberCounts } from './member-counts.query.js';
export { isMember, onRegister } from './membership.js';
export {
  amongOwnPeople,
  inOwnGroups,
  isOwnGroup,
  limitToOwnGroups,
  ownGroupIds,
  ownGroupsOf,
  ownGroupsParameters,
  type OwnGroups,
} from './own-groups.js';
export { NewParticipant } from './participant-input.js';
export { panelsOf, showWithParticipant } from './participant-panels.js';
export { ParticipantPhoto } from './participant-photo.entity.js';
export { foldedNames, Participant } from './participant.entity.js';
export { ParticipantsModule } from './participants.module.js';
export { SearchBlock } from './search-block.entity.js';
