/**
 * Who gets what where: every route and every role, as it must answer. `ok` is let in (whatever is said about the body),
 * `login` is led to the sign-in page; a number is the status. The rows that a path names belong to the asker's
 * organization, and never to Emil himself. A new route needs its line here: test/walls/routes.test.ts says so.
 */
export type Expected = 'ok' | 'login' | 401 | 403 | 404;
export const ROLES = ['administrator', 'manager', 'frontline', 'external', 'signed out'] as const;
/** One answer for each of ROLES. */
export type Line = [Expected, Expected, Expected, Expected, Expected];

const everybody: Line = ['ok', 'ok', 'ok', 'ok', 'ok'];
const nobody: Line = [404, 404, 404, 404, 404];

const api = {
  signedIn: ['ok', 'ok', 'ok', 'ok', 401],
  managing: ['ok', 403, 403, 403, 401],
  looking: ['ok', 'ok', 'ok', 403, 401],
  lookingOrOwn: ['ok', 'ok', 'ok', 'ok', 401],
  lookingOrOwnRow: ['ok', 'ok', 'ok', 404, 401],
  working: ['ok', 403, 'ok', 403, 401],
} satisfies Record<string, Line>;

const page = {
  signedIn: ['ok', 'ok', 'ok', 'ok', 'login'],
  managing: ['ok', 403, 403, 403, 'login'],
  looking: ['ok', 'ok', 'ok', 403, 'login'],
  lookingOrOwnRow: ['ok', 'ok', 'ok', 404, 'login'],
  working: ['ok', 403, 'ok', 403, 'login'],
} satisfies Record<string, Line>;

export const ROUTES: Record<string, Line> = {
  'GET /health/live': everybody,
  'GET /health/ready': everybody,
  'GET /metrics': everybody,
  // The shell that the service worker fills when there is no network; nobody's data is in it.
  'GET /offline': everybody,

  'POST /api/auth/login': everybody,
  'POST /api/auth/logout': api.signedIn,
  'GET /api/auth/me': api.signedIn,
  'GET /login': everybody,
  'POST /login': everybody,
  // Signing out ends on the sign-in page, too.
  'POST /logout': ['login', 'login', 'login', 'login', 'login'],
  // Without the one-time address there is no such page, for anybody.
  'GET /setup': nobody,
  'POST /setup': nobody,

  'GET /api/participants': api.looking,
  'POST /api/participants': api.managing,
  'GET /api/participants/:id': api.lookingOrOwnRow,
  'PUT /api/participants/:id': api.managing,
  'DELETE /api/participants/:id': api.managing,
  'GET /participants': page.looking,
  'GET /participants/new': page.managing,
  'POST /participants/new': page.managing,
  'GET /participants/:id': page.looking,
  'GET /participants/:id/edit': page.managing,
  'POST /participants/:id/edit': page.managing,
  'POST /participants/:id/deactivate': page.managing,
  'POST /participants/:id/reactivate': page.managing,

  'GET /api/groups': api.looking,
  'POST /api/groups': api.managing,
  'GET /api/groups/:id': api.looking,
  'PUT /api/groups/:id': api.managing,
  'DELETE /api/groups/:id': api.managing,
  'GET /api/groups/:id/members': api.looking,
  'POST /api/groups/:id/members': api.managing,
  'DELETE /api/groups/:id/members/:participant_id': api.managing,
  'GET /groups': page.looking,
  'GET /groups/new': page.managing,
  'POST /groups/new': page.managing,
  'GET /groups/:id': page.looking,
  'GET /groups/:id/edit': page.managing,
  'POST /groups/:id/edit': page.managing,
  'POST /groups/:id/deactivate': page.managing,
  'POST /groups/:id/reactivate': page.managing,
  'POST /groups/:id/members': page.managing,
  'POST /groups/:id/members/:participant_id/end': page.managing,

  'POST /api/participants/bulk': api.managing,
  'POST /api/groups/bulk': api.managing,
  'GET /api/imports/:id': api.managing,
  'POST /api/imports/:id/undo': api.managing,
  'GET /import': page.managing,
  'POST /import': page.managing,
  'POST /import/start': page.managing,
  'GET /import/:id': page.managing,
  'GET /import/:id/progress': page.managing,
  'POST /import/:id/columns': page.managing,
  'POST /import/:id/discard': page.managing,
  'POST /import/:id/undo': page.managing,

  'GET /api/sessions': api.looking,
  'POST /api/sessions': api.working,
  'GET /api/sessions/:id': api.looking,
  'PUT /api/sessions/:id': api.managing,
  'DELETE /api/sessions/:id': api.managing,
  'GET /api/sync/handshake': api.signedIn,
  'POST /api/sync': api.signedIn,
  'POST /api/presence/sync': api.signedIn,
  'GET /api/sync/changes': api.looking,
  'POST /api/sync/withdraw': api.signedIn,

  'PATCH /api/sessions/:id/start': api.working,
  'PATCH /api/sessions/:id/end': api.working,
  'PATCH /api/sessions/:id/complete-register': api.working,
  'PATCH /api/sessions/:id/unlock': api.managing,
  'GET /': page.signedIn,
  'GET /sessions': page.looking,
  'GET /sessions/new': page.working,
  'POST /sessions/new': page.working,
  'GET /sessions/:id/edit': page.managing,
  'POST /sessions/:id/edit': page.managing,
  'POST /sessions/:id/cancel': page.managing,
  'POST /sessions/:id/revive': page.managing,
  'POST /sessions/:id/start': page.working,
  'POST /sessions/:id/end': page.working,

  'GET /api/sessions/:id/roster': api.looking,
  'GET /api/presence': api.lookingOrOwn,
  'POST /api/presence': api.working,
  'GET /api/presence/:id': api.lookingOrOwnRow,
  'PUT /api/presence/:id': api.working,
  'GET /api/presence/:id/history': api.lookingOrOwnRow,
  'GET /api/participants/:id/presence': api.lookingOrOwnRow,
  'GET /participants/:id/presence': page.lookingOrOwnRow,
  'GET /api/admin/presence-states': api.signedIn,

  'GET /sessions/:id': page.looking,
  'POST /sessions/:id/presence': page.working,
  'POST /sessions/:id/presence/bulk': page.working,
  // Let in, but there is no act to take back.
  'POST /sessions/:id/presence/undo': [404, 403, 404, 403, 'login'],
  'POST /sessions/:id/register': page.working,
  'POST /sessions/:id/complete-register': page.working,
  'POST /sessions/:id/people': page.working,
  'GET /sessions/:id/people/:participant': page.looking,
  'POST /sessions/:id/people/:participant': page.working,
  'POST /sessions/:id/people/:participant/correct': page.working,

  'GET /api/admin/sync-conflicts': api.managing,
  'GET /api/admin/sync-conflicts/:id': api.managing,
  'POST /api/admin/sync-conflicts/:id/resolve': api.managing,
  'POST /api/admin/sync-conflicts/resolve': api.managing,
  'GET /api/admin/parked-operations': api.managing,
  // Let in, but "nothing" is no operation.
  'POST /api/admin/parked-operations/:op_id/adopt': [404, 403, 403, 403, 401],
  'POST /api/admin/parked-operations/:op_id/discard': [404, 403, 403, 403, 401],
  'GET /api/admin/sync-history': api.managing,
  'GET /api/admin/sync-history/:id': api.managing,
  'POST /api/admin/sync-history/:id/retry': api.managing,
  'GET /api/admin/devices': api.managing,
  'POST /api/admin/devices/:id/revoke': api.managing,
  'GET /conflicts': page.managing,
  'GET /conflicts/settled': page.managing,
  'POST /conflicts/preview': page.managing,
  'POST /conflicts/resolve': page.managing,
  'GET /conflicts/:id': page.managing,
  'POST /conflicts/:id/resolve': page.managing,
  'GET /parked': page.managing,
  'POST /parked': page.managing,
  'GET /sync-history': page.managing,
  'GET /sync-history/:id': page.managing,
  'POST /sync-history/:id/retry': page.managing,
  'GET /devices': page.managing,
  'GET /waiting': page.signedIn,
  'POST /devices/:id/revoke': page.managing,
};
