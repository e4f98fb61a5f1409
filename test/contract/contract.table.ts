import { type Rows } from '../support/route-targets.js';
import { type Place, type World } from '../world.js';
import { Group, Participant } from '../../src/participants/index.js';
import { Session } from '../../src/sessions/index.js';

/** What an entry may use: fresh rows of the school, as the path names them. */
export interface Setting {
  world: World;
  place: Place;
  rows: Rows;
  /** The id of a row. */
  id: (entity: unknown) => number;
}

/** A request that leads to success, and one with a field that does not fit. */
export interface Entry {
  /** What is sent; without it nothing is. */
  body?: (setting: Setting) => unknown;
  query?: string | ((setting: Setting) => string);
  status?: number;
  /** A field that does not fit, and its name in the refusal; null where nothing is taken that could be wrong. */
  bad: { body?: (setting: Setting) => unknown; query?: string; field: string } | null;
  /** Which row is meant where not any will do. */
  as?: 'own token' | 'own login session' | 'other user' | 'invited user' | 'new participant';
}

const at = (hours: number) => new Date(Math.ceil(Date.now() / 3_600_000) * 3_600_000 + hours * 3_600_000).toISOString();
const unique = () => Math.random().toString(36).slice(2, 10);
const paging = { query: '?per_page=0', field: 'per_page' };
const plainList: Entry = { bad: paging };

const session = ({ id }: Setting) => ({
  group_id: id(Group),
  name: 'Chemistry',
  scheduled_start_at: at(24),
  scheduled_end_at: at(25),
});
const person = () => ({ first_name: 'Ada', last_name: 'Lovelace', identifier: unique() });
const multipart = (fields: Record<string, string | Blob>) => {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields))
    if (typeof value === 'string') form.set(name, value);
    else form.set(name, value, 'people.csv');
  return form;
};
const csv = (text: string) => new Blob([text], { type: 'text/csv' });
/** One red pixel. */
const picture = () =>
  new Blob(
    [
      Buffer.from(
        'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==',
        'base64',
      ),
    ],
    { type: 'image/png' },
  );
const CALENDAR = `BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nBEGIN:VEVENT\r\nUID:a@x\r\nDTSTAMP:20261120T080000Z\r\nDTSTART:20261210T080000Z\r\nDTEND:20261210T090000Z\r\nSUMMARY:Choir\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n`;

/**
 * Every route of the contract for sign-in, people, groups, sessions, presence, imports and administration. A route under
 * /api without its entry fails the test, so the table is complete.
 */
export const CONTRACT: Record<string, Entry> = {
  'GET /api/auth/me': { bad: null },

  'GET /api/account/tokens': plainList,
  'POST /api/account/tokens': {
    body: () => ({ name: 'Timetable', scopes: ['roster.view'], expires_at: at(24) }),
    status: 201,
    bad: { body: () => ({ name: '', scopes: ['roster.view'], expires_at: at(24) }), field: 'name' },
  },
  'DELETE /api/account/tokens/:id': { as: 'own token', bad: null },
  'GET /api/account/login-sessions': { bad: null },
  'DELETE /api/account/login-sessions': { bad: null },
  'DELETE /api/account/login-sessions/:id': { as: 'own login session', bad: null },

  'GET /api/admin/users': plainList,
  'POST /api/admin/users': {
    body: () => ({ email: `${unique()}@example.org`, role: 'frontline', first_name: 'Nora', last_name: 'New' }),
    status: 201,
    bad: { body: () => ({ email: 'nobody', role: 'frontline', first_name: 'N', last_name: 'N' }), field: 'email' },
  },
  'GET /api/admin/users/:id': { bad: null },
  'PUT /api/admin/users/:id': {
    body: () => ({ first_name: 'Anna' }),
    bad: { body: () => ({ role: 'king' }), field: 'role' },
  },
  'DELETE /api/admin/users/:id': { as: 'other user', bad: null },
  'POST /api/admin/users/:id/invitation': { as: 'invited user', bad: null },
  'POST /api/admin/users/:id/password-reset': { as: 'other user', bad: null },
  'DELETE /api/admin/users/:id/second-factor': { as: 'other user', bad: null },

  'GET /api/participants': plainList,
  'POST /api/participants': {
    body: person,
    status: 201,
    bad: { body: () => ({ ...person(), date_of_birth: 'yesterday' }), field: 'date_of_birth' },
  },
  'GET /api/participants/:id': { bad: null },
  'PUT /api/participants/:id': {
    body: () => ({ phone: '+33 1 23 45' }),
    bad: { body: () => ({ email: 'nobody' }), field: 'email' },
  },
  'DELETE /api/participants/:id': { bad: null },
  'POST /api/participants/:id/merge': {
    as: 'new participant',
    body: ({ rows }) => ({ into_id: rows.get('unmarked') }),
    status: 200,
    bad: { body: () => ({ into_id: 999_999_999 }), field: 'into_id' },
  },
  'PUT /api/participants/:id/photo': {
    body: () => multipart({ file: picture() }),
    // What is no picture is refused as such (415): test/participants/photo.test.ts.
    bad: null,
  },
  'DELETE /api/participants/:id/photo': { bad: null },
  'GET /api/participants/:id/presence': { bad: { query: '?from=soon', field: 'from' } },

  'GET /api/groups': plainList,
  'POST /api/groups': {
    body: () => ({ name: 'Choir', group_type: 'club' }),
    status: 201,
    bad: { body: () => ({ name: '' }), field: 'name' },
  },
  'GET /api/groups/:id': { bad: null },
  'PUT /api/groups/:id': {
    body: () => ({ name: 'Choir' }),
    bad: { body: () => ({ parent_id: 999_999_999 }), field: 'parent_id' },
  },
  'DELETE /api/groups/:id': { bad: null },
  'GET /api/groups/:id/members': plainList,
  'POST /api/groups/:id/members': {
    body: ({ id }) => ({ participant_ids: [id(Participant)] }),
    status: 200,
    bad: { body: () => ({ participant_ids: [999_999_999] }), field: 'participant_ids' },
  },
  'PUT /api/groups/:id/members/:participant_id': {
    body: () => ({ to: '2027-07-31' }),
    bad: { body: () => ({ to: 'summer' }), field: 'to' },
  },
  'DELETE /api/groups/:id/members/:participant_id': { bad: null },

  'GET /api/sessions': { bad: { query: '?status=lost', field: 'status' } },
  'POST /api/sessions': {
    body: session,
    status: 201,
    bad: {
      body: (each) => ({ ...session(each), scheduled_start_at: '2026-11-20T09:00:00' }),
      field: 'scheduled_start_at',
    },
  },
  'GET /api/sessions/:id': { bad: null },
  'PUT /api/sessions/:id': {
    body: () => ({ location: 'Room 4' }),
    bad: { body: () => ({ name: 'x'.repeat(300) }), field: 'name' },
  },
  'DELETE /api/sessions/:id': { bad: { query: '?scope=some', field: 'scope' } },
  'PATCH /api/sessions/:id/start': { body: () => ({}), bad: { body: () => ({ at: 'now' }), field: 'at' } },
  'PATCH /api/sessions/:id/end': { body: () => ({}), bad: { body: () => ({ at: 'now' }), field: 'at' } },
  'PATCH /api/sessions/:id/complete-register': { body: () => ({}), bad: { body: () => ({ who: 1 }), field: 'who' } },
  'PATCH /api/sessions/:id/unlock': {
    body: () => ({ reason: 'The list was lost' }),
    bad: { body: () => ({ reason: 'x'.repeat(3000) }), field: 'reason' },
  },
  'GET /api/sessions/:id/roster': { bad: null },
  'POST /api/sessions/copy-week': {
    body: () => ({ from: '2026-11-16', to: ['2027-01-11'] }),
    status: 201,
    bad: { body: () => ({ from: '2026-11-16', to: [] }), field: 'to' },
  },
  'POST /api/sessions/import': {
    body: ({ id }) => multipart({ file: csv(CALENDAR), group_id: String(id(Group)) }),
    status: 201,
    bad: { body: () => multipart({ group_id: 'one', file: csv(CALENDAR) }), field: 'group_id' },
  },

  'GET /api/admin/closing-days': plainList,
  'GET /api/admin/closing-days/:id': { bad: null },
  'POST /api/admin/closing-days': {
    body: () => ({ name: 'Holiday', from_on: '2027-02-01' }),
    status: 201,
    bad: { body: () => ({ name: 'Holiday', from_on: '2027-02-31' }), field: 'from_on' },
  },
  'PUT /api/admin/closing-days/:id': {
    body: () => ({ name: 'Winter break' }),
    bad: { body: () => ({ group_id: 999_999_999 }), field: 'group_id' },
  },
  'DELETE /api/admin/closing-days/:id': { bad: { query: '?revive_sessions=perhaps', field: 'revive_sessions' } },
  'GET /api/admin/session-templates': plainList,
  'GET /api/admin/session-templates/:id': { bad: null },
  'POST /api/admin/session-templates': {
    body: () => ({ name: `Lesson ${unique()}`, minutes: 45 }),
    status: 201,
    bad: { body: () => ({ name: 'Lesson', minutes: 0 }), field: 'minutes' },
  },
  'PUT /api/admin/session-templates/:id': {
    body: () => ({ minutes: 50 }),
    bad: { body: () => ({ start_time: 'early' }), field: 'start_time' },
  },
  'DELETE /api/admin/session-templates/:id': { bad: null },
  'GET /api/calendar-feeds': { bad: null },
  'POST /api/calendar-feeds': {
    body: ({ id }) => ({ group_id: id(Group) }),
    status: 201,
    bad: { body: () => ({ group_id: 999_999_999 }), field: 'group_id' },
  },

  'POST /api/reports/exports': {
    body: () => ({ report: 'presence', format: 'csv', filters: { from: '2026-11-01', to: '2026-11-30' } }),
    status: 202,
    bad: { body: () => ({ report: 'presence', filters: { from: '2026-11-02', to: '2026-11-01' } }), field: 'from' },
  },
  'GET /api/reports/exports': plainList,
  'GET /api/reports/exports/:id': { bad: null },
  'POST /api/reports/exports/:id/cancel': { bad: null },
  'DELETE /api/reports/exports/:id': { bad: null },
  'GET /api/reports/schedules': plainList,
  'POST /api/reports/schedules': {
    body: () => ({ report: 'absentees', range: 'yesterday', every: 'day', local_time: '07:00' }),
    status: 201,
    bad: {
      body: () => ({ report: 'absentees', range: 'yesterday', every: 'day', local_time: 'early' }),
      field: 'local_time',
    },
  },
  'GET /api/reports/schedules/:id': { bad: null },
  'PUT /api/reports/schedules/:id': {
    body: () => ({ local_time: '08:15' }),
    bad: { body: () => ({ every: 'year' }), field: 'every' },
  },
  'DELETE /api/reports/schedules/:id': { bad: null },
  'GET /api/reports/statement': {
    query: ({ id }) => `?participant_id=${id(Participant)}`,
    bad: { query: '?participant_id=999999999', field: 'participant_id' },
  },
  'GET /api/reports/absentees': { bad: { query: '?from=2026-11-02&to=2026-11-01', field: 'from' } },
  'GET /api/reports/not-taken': { bad: { query: '?from=2026-11-02&to=2026-11-01', field: 'from' } },
  'GET /api/reports/consecutive-absences': { bad: { query: '?from=2026-11-02&to=2026-11-01', field: 'from' } },
  'GET /api/reports/below-threshold': { bad: { query: '?from=2026-11-02&to=2026-11-01', field: 'from' } },
  'GET /api/reports/late-arrivals': { bad: { query: '?from=2026-11-02&to=2026-11-01', field: 'from' } },
  'GET /api/reports/summary': { bad: { query: '?from=2026-11-02&to=2026-11-01', field: 'from' } },
  'GET /api/reports/sessions': { bad: { query: '?from=2026-11-02&to=2026-11-01', field: 'from' } },
  'GET /api/reports/attendance': { bad: { query: '?from=2026-11-02&to=2026-11-01', field: 'from' } },
  'GET /api/reports/matrix': { bad: { query: '?from=2026-11-02&to=2026-11-01', field: 'from' } },
  'GET /api/reports/trend': { bad: { query: '?from=2026-11-02&to=2026-11-01', field: 'from' } },
  'GET /api/presence': { bad: { query: '?category=away', field: 'category' } },
  'POST /api/presence': {
    body: ({ id, rows }) => ({
      session_id: id(Session),
      participant_id: rows.get('unmarked'),
      presence_state: 'present',
    }),
    status: 201,
    bad: {
      body: ({ id }) => ({ session_id: id(Session), participant_id: 999_999_999, presence_state: 'present' }),
      field: 'participant_id',
    },
  },
  'GET /api/presence/:id': { bad: null },
  'PUT /api/presence/:id': {
    body: () => ({ note: 'seen at the gate' }),
    bad: { body: () => ({ presence_state: 'vanished' }), field: 'presence_state' },
  },
  'GET /api/presence/:id/history': { bad: null },

  'GET /api/admin/presence-states': { bad: null },
  'POST /api/admin/presence-states': {
    body: () => ({ code: `c_${unique()}`, label: 'Trip', color: '#123456', category: 'excused' }),
    status: 201,
    bad: { body: () => ({ code: 'x1', label: 'Trip', color: 'blue', category: 'excused' }), field: 'color' },
  },
  'GET /api/admin/presence-states/:id': { bad: null },
  'GET /api/admin/presence-states/:id/preview': {
    query: '?category=absent',
    bad: { query: '?category=away', field: 'category' },
  },
  'PUT /api/admin/presence-states/:id': {
    body: () => ({ label: 'Here' }),
    bad: { body: () => ({ category: 'away' }), field: 'category' },
  },
  'PUT /api/admin/presence-states/order': {
    body: ({ rows }) => ({ ids: rows.get('states') }),
    bad: { body: () => ({ ids: [999_999_999] }), field: 'ids' },
  },

  'GET /api/admin/organization': { bad: null },
  'PUT /api/admin/organization': {
    body: () => ({ name: 'Riverside' }),
    bad: { body: () => ({ time_zone: 'Mars/Olympus' }), field: 'time_zone' },
  },
  'GET /api/admin/domain-config': { bad: null },
  'GET /api/admin/domain-config/preview': {
    query: '?domain_type=events',
    bad: { query: '?domain_type=circus', field: 'domain_type' },
  },
  'PUT /api/admin/domain-config': {
    body: () => ({ settings: { grace_minutes: 3 } }),
    bad: { body: () => ({ domain_type: 'circus' }), field: 'domain_type' },
  },

  'GET /api/admin/webhooks': { bad: null },
  'POST /api/admin/webhooks': {
    body: () => ({ name: 'Timetable', url: 'https://192.88.98.1/hook', facts: ['session.ended'] }),
    status: 201,
    bad: { body: () => ({ name: 'Timetable', url: 'nowhere', facts: ['session.ended'] }), field: 'url' },
  },
  'GET /api/admin/webhooks/:id': { bad: null },
  'PUT /api/admin/webhooks/:id': {
    body: () => ({ name: 'Payroll' }),
    bad: { body: () => ({ facts: ['war.declared'] }), field: 'facts' },
  },
  'DELETE /api/admin/webhooks/:id': { bad: null },
  'POST /api/admin/webhooks/:id/test': { status: 202, bad: null },
  'GET /api/admin/webhooks/:id/deliveries': plainList,
  'POST /api/admin/webhook-deliveries/:id/resend': { status: 202, bad: null },

  'POST /api/participants/bulk': {
    body: () => multipart({ file: csv('first_name,last_name\nAda,Lovelace\n') }),
    status: 202,
    bad: {
      body: () => multipart({ file: csv('first_name,last_name\nAda,Lovelace\n'), on_error: 'cry' }),
      field: 'on_error',
    },
  },
  'POST /api/groups/bulk': {
    body: () => multipart({ file: csv('group_name\nChoir\n') }),
    status: 202,
    bad: { body: () => multipart({ file: csv('group_name\nChoir\n'), dry_run: 'perhaps' }), field: 'dry_run' },
  },
  'POST /api/imports': {
    body: () => multipart({ file: csv('first_name,last_name\nAda,Lovelace\n') }),
    status: 202,
    bad: {
      body: () => multipart({ file: csv('first_name,last_name\nAda,Lovelace\n'), on_error: 'cry' }),
      field: 'on_error',
    },
  },
  'GET /api/imports/:id': { bad: null },
  'GET /api/imports/:id/changes': plainList,
  'POST /api/imports/:id/undo': { bad: null },
};

/**
 * Routes that have a test of their own, with the file that holds it. Those of devices and of the desk are compared with
 * the description at every answer that these files get (check-answers.ts).
 */
export const ELSEWHERE: Record<string, string> = {
  'POST /api/auth/login': 'test/auth/sign-in.test.ts',
  'POST /api/sessions/copy-week/undo': 'test/sessions/copy-week.test.ts',
  'DELETE /api/calendar-feeds/:id': 'test/sessions/feeds.test.ts',
  'DELETE /api/admin/presence-states/:id': 'test/presence/states.test.ts',
  'GET /api/imports/:id/errors': 'test/participants/import-errors.test.ts',
  'GET /api/reports/export/:id': 'test/reports/exports.test.ts',
  'GET /api/reports/certificate': 'test/reports/papers.test.ts',
  'GET /api/reports/register': 'test/reports/papers.test.ts',
  'GET /api/participants/:id/photo': 'test/participants/photo.test.ts',
  'POST /api/auth/logout': 'test/auth/sign-in.test.ts',
  'GET /api/live': 'test/browser/live.test.ts',
  'GET /api/sync/handshake': 'test/sync/handshake-changes.test.ts',
  'POST /api/sync': 'test/sync/cases.test.ts',
  'POST /api/presence/sync': 'test/sync/cases.test.ts',
  'GET /api/sync/changes': 'test/sync/handshake-changes.test.ts',
  'POST /api/sync/withdraw': 'test/sync/cases.test.ts',
  'GET /api/admin/devices': 'test/sync/devices.test.ts',
  'POST /api/admin/devices/:id/revoke': 'test/sync/devices.test.ts',
  'GET /api/admin/parked-operations': 'test/sync/desk-parked.test.ts',
  'POST /api/admin/parked-operations/:op_id/adopt': 'test/sync/desk-parked.test.ts',
  'POST /api/admin/parked-operations/:op_id/discard': 'test/sync/desk-parked.test.ts',
  'GET /api/admin/sync-conflicts': 'test/sync/desk-conflicts.test.ts',
  'GET /api/admin/sync-conflicts/:id': 'test/sync/desk-conflicts.test.ts',
  'POST /api/admin/sync-conflicts/:id/resolve': 'test/sync/desk-conflicts.test.ts',
  'POST /api/admin/sync-conflicts/resolve': 'test/sync/desk-conflicts.test.ts',
  'GET /api/admin/sync-history': 'test/sync/edges.test.ts',
  'GET /api/admin/sync-history/:id': 'test/sync/edges.test.ts',
  'POST /api/admin/sync-history/:id/retry': 'test/sync/edges.test.ts',
};

/** What these answer is a picture, a stream of events, and a file of rows to be mended. */
export const NO_JSON = [
  'GET /api/participants/:id/photo',
  'GET /api/live',
  'GET /api/imports/:id/errors',
  'GET /api/reports/export/:id',
  'GET /api/reports/certificate',
  'GET /api/reports/register',
];
