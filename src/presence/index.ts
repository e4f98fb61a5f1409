export { PresenceOperation } from './presence-operation.entity.js';
export { PresenceRecord } from './presence-record.entity.js';
export { PresenceState } from './presence-state.entity.js';
export { PresenceModule } from './presence.module.js';
export { SyncConflict } from './sync-conflict.entity.js';
