import { Problem } from '../platform/http/problem.js';

/** 409: what is asked makes no sense for a session that does not take place. */
export const sessionCancelled = () =>
  new Problem(409, {
    code: 'session_cancelled',
    message: 'This {session} is cancelled. Nothing was changed; revive it first if it takes place after all.',
  });

/** 409: times and group of a locked session stand. */
export const sessionLocked = () =>
  new Problem(409, {
    code: 'session_locked',
    message: 'This {session} is locked, so its times and its {group} stand. Nothing was changed.',
  });
