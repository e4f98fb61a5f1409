export { beginEpoch } from './epoch.js';
export { Installation } from './installation.entity.js';
export { SyncClient } from './sync-client.entity.js';
export { SyncHistory } from './sync-history.entity.js';
export { SyncModule } from './sync.module.js';
