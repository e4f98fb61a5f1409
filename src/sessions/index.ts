export { CompleteRegister } from './complete-register.js';
export { countDisputesBy } from './disputes.js';
export { EndSession } from './end-session.js';
export { Session } from './session.entity.js';
export { sessionJson } from './session-json.js';
export { SessionsModule } from './sessions.module.js';
export { StartSession } from './start-session.js';
export { UnlockSession } from './unlock-session.js';
