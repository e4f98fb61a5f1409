/**
 * What becomes of what an act of a page puts an end to. Every form of every page stands here (test/walls/losses.test.ts
 * says so), and each is held to its word:
 * - `keeps`: nothing is lost. It adds, edits with the old value in the audit, or brings back.
 * - `undo`: the page after it offers a way back, and the way is open.
 * - `asks`: the button asks first, and the question names the thing. `on` is the page with the button.
 * - `page`: it stands on a page of its own that names the thing. `on` is that page.
 * - `folded`: the button is folded away beside a sentence that names the thing. `on` is the page.
 * - `reason`: it is refused without a reason, which stays in the history.
 * - `password`: it is refused without the present password.
 */
export type Loss =
  | 'keeps'
  | 'reason'
  | 'password'
  | { undo: true; body?: Record<string, string> }
  | { asks: string }
  | { page: string }
  | { folded: string };

export const LOSSES: Record<string, Loss> = {
  // Signing in and out. Marks that wait on a device are asked about by the device (test/browser/waiting.test.ts).
  'POST /login': 'keeps',
  'POST /login/code': 'keeps',
  'POST /logout': 'keeps',
  'POST /forgot': 'keeps',
  'POST /invitation/:token': 'keeps',
  'POST /password-reset/:token': 'keeps',
  'POST /setup': 'keeps',

  'POST /settings/users/new': 'keeps',
  'POST /settings/users/:id': 'keeps',
  'POST /settings/users/:id/disable': { page: '/settings/users/:id/disable' },
  'POST /settings/users/:id/enable': 'keeps',
  'POST /settings/users/:id/invitation': 'keeps',
  'POST /settings/users/:id/password-reset': 'keeps',
  'POST /settings/users/:id/reset-second-factor': { asks: '/settings/users/:id' },

  'POST /account': 'keeps',
  'POST /account/password': 'password',
  'POST /account/login-sessions/end-others': { asks: '/account' },
  'POST /account/login-sessions/:id/end': { asks: '/account' },
  'POST /account/tokens': 'keeps',
  'POST /account/tokens/:id/revoke': { asks: '/account/tokens' },
  'POST /account/second-factor': 'keeps',
  'POST /account/second-factor/confirm': 'keeps',
  'POST /account/second-factor/codes': 'password',
  'POST /account/second-factor/disable': 'password',

  'POST /participants/new': 'keeps',
  'POST /participants/:id/edit': 'keeps',
  'POST /participants/:id/deactivate': { undo: true },
  'POST /participants/:id/reactivate': 'keeps',
  'POST /participants/:id/photo': { page: '/participants/:id/photo/edit' },
  'POST /participants/:id/photo/remove': { asks: '/participants/:id/photo/edit' },
  'POST /participants/:id/merge': { page: '/participants/:id/merge?into=:other' },

  'POST /groups/new': 'keeps',
  'POST /groups/:id/edit': 'keeps',
  'POST /groups/:id/deactivate': { undo: true },
  'POST /groups/:id/reactivate': 'keeps',
  'POST /groups/:id/members': 'keeps',
  'POST /groups/:id/members/:participant_id/edit': 'keeps',
  'POST /groups/:id/members/:participant_id/end': { undo: true },
  'POST /groups/:id/users': 'keeps',
  'POST /groups/:id/users/:user_id/remove': { undo: true },

  'POST /import': 'keeps',
  'POST /import/start': 'keeps',
  'POST /import/:id/columns': 'keeps',
  // What is remembered of the columns stays until the file is started.
  'POST /import/:id/guess': 'keeps',
  'POST /import/:id/wait': 'keeps',
  // Nothing of it was written, and the file is where it came from.
  'POST /import/:id/discard': 'keeps',
  'POST /import/:id/undo': { asks: '/import/:id' },

  'POST /reports/exports': 'keeps',
  // A file is a copy: what it held stands where it came from, and it can be asked for again.
  'POST /reports/exports/:id/cancel': 'keeps',

  'POST /reports/schedules/new': 'keeps',
  'POST /reports/schedules/:id': 'keeps',
  'POST /reports/schedules/:id/pause': 'keeps',
  'POST /reports/schedules/:id/resume': 'keeps',
  'POST /reports/schedules/:id/send': 'keeps',
  'POST /reports/schedules/:id/remove': { page: '/reports/schedules/:id/remove' },

  'POST /sessions/new': 'keeps',
  'POST /sessions/:id/edit': 'keeps',
  'POST /sessions/:id/cancel': { undo: true },
  'POST /sessions/:id/revive': 'keeps',
  'POST /sessions/:id/start': 'keeps',
  'POST /sessions/:id/end': 'keeps',
  'POST /sessions/:id/unlock': 'reason',
  // What the calendar has no more is shown before it is cancelled, and can be brought back.
  'POST /sessions/import': 'keeps',
  'POST /sessions/import/start': 'keeps',
  'POST /sessions/copy-week': 'keeps',
  'POST /sessions/copy-week/undo': 'keeps',
  'POST /sessions/feeds': 'keeps',
  'POST /sessions/feeds/:id/revoke': { asks: '/sessions/feeds' },

  'POST /settings/closing-days': 'keeps',
  'POST /settings/closing-days/import': 'keeps',
  'POST /settings/closing-days/:id': 'keeps',
  'POST /settings/closing-days/:id/cancel-sessions': { undo: true },
  'POST /settings/closing-days/:id/revive-sessions': 'keeps',
  'POST /settings/closing-days/:id/remove': { folded: '/settings/closing-days/:id' },
  'POST /settings/templates': 'keeps',
  'POST /settings/templates/adopt': 'keeps',
  'POST /settings/templates/order': 'keeps',
  'POST /settings/templates/:id': 'keeps',
  'POST /settings/templates/:id/move': 'keeps',
  'POST /settings/templates/:id/retire': { undo: true },
  'POST /settings/templates/:id/restore': 'keeps',

  'POST /sessions/:id/presence': 'keeps',
  'POST /sessions/:id/presence/bulk': 'keeps',
  'POST /sessions/:id/presence/undo': 'keeps',
  'POST /sessions/:id/register': 'keeps',
  'POST /sessions/:id/complete-register': 'keeps',
  'POST /sessions/:id/people': 'keeps',
  'POST /sessions/:id/people/:participant': 'keeps',
  'POST /sessions/:id/people/:participant/correct': 'reason',

  'POST /settings/states/order': 'keeps',
  'POST /settings/states/new': 'keeps',
  'POST /settings/states/:id': 'keeps',
  'POST /settings/states/:id/retire': { undo: true },
  'POST /settings/states/:id/restore': 'keeps',
  'POST /settings/states/:id/delete': { asks: '/settings/states/:id' },
  'POST /settings/webhooks/new': 'keeps',
  'POST /settings/webhooks/:id': 'keeps',
  'POST /settings/webhooks/:id/secret': { asks: '/settings/webhooks/:id' },
  'POST /settings/webhooks/:id/deactivate': { undo: true },
  'POST /settings/webhooks/:id/reactivate': 'keeps',
  'POST /settings/webhooks/:id/test': 'keeps',
  'POST /settings/webhooks/deliveries/:id/resend': 'keeps',
  'POST /settings/organization': 'keeps',
  'POST /settings/letterhead': 'keeps',
  'POST /settings/reporting-periods': 'keeps',
  'POST /settings/rules': 'keeps',
  'POST /settings/words': 'keeps',
  'POST /settings/domain': { page: '/settings/domain?to=hospitality' },

  'POST /conflicts/preview': 'keeps',
  'POST /conflicts/resolve': 'reason',
  'POST /conflicts/:id/resolve': 'reason',
  'POST /parked': 'reason',
  'POST /sync-history/:id/retry': 'keeps',
  'POST /devices/:id/revoke': { asks: '/devices' },
};
