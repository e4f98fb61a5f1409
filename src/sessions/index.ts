export { Session } from './session.entity.js';
export { SessionsModule } from './sessions.module.js';
export { sessionJson } from './session-json.js';
