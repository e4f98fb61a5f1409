export { GroupAssignment } from './group-assignment.entity.js';
export { ALWAYS, GroupMembership } from './group-membership.entity.js';
export { Group } from './group.entity.js';
export { Import } from './import/import.entity.js';
export { ImportRow } from './import/import-row.entity.js';
export { foldedNames, Participant } from './participant.entity.js';
export { ParticipantsModule } from './participants.module.js';
