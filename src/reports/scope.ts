import { type EntityManager } from '@mikro-orm/core';
import { inOwnGroups, ownGroupsParameters } from '../participants/index.js';
import { byIndex, joinInOrder } from '../platform/database/dialect.js';
import { type Parameters } from '../platform/database/read.js';
import { boundsOf } from '../tenancy/index.js';
import { type Asked } from './asked.js';
import { ofType, type MarkScope } from './tallies/count-marks.query.js';

/** The marks that a question is about, to be counted. */
export const marksOfScope = (asked: Asked): MarkScope => ({
  from: asked.from,
  to: asked.to,
  timeZone: asked.timeZone,
  own: asked.own,
  groups: asked.groups,
  groupType: asked.groupType,
  participants: asked.participant === null ? null : [asked.participant],
  states: asked.states,
});

/** A condition in SQL with its values. */
export interface Condition {
  sql: string;
  parameters: Parameters;
}

/**
 * The day of a session where it is found by somebody's marks: SQLite would rather look through all sessions of these days
 * for each of them.
 */
export const DAY_OF_FOUND = `coalesce(d.day, '')`;

/**
 * The sessions that a question is about: not cancelled, in its range and its groups. For session_days d joined with
 * sessions x.
 * @param day DAY_OF_FOUND, or the column itself for sessions that are found by their days
 */
export function sessionsInScope(asked: Asked, day = 'd.day'): Condition {
  const parts = ['d.organization_id = :organization', 'd.day is not null', inOwnGroups(asked.own, 'd.group_id')];
  const parameters: Parameters = { ...ownGroupsParameters(asked.own) };
  const add = (name: string, value: Parameters[string] | null | undefined, sql: string) => {
    if (value === null || value === undefined) return;
    parts.push(sql);
    parameters[name] = value;
  };
  // The day by its index; the instant only for a range that begins or ends within a day.
  add('first_day', asked.firstDay, `${day} >= :first_day`);
  add('last_day', asked.lastDay, `${day} <= :last_day`);
  const dayOf = (day: string | null) => (day === null ? null : boundsOf(day, asked.timeZone));
  if (+(dayOf(asked.firstDay)?.from ?? 0) !== +(asked.from ?? 0))
    add('from', asked.from, 'x.scheduled_start_at >= :from');
  if (+(dayOf(asked.lastDay)?.to ?? 0) !== +(asked.to ?? 0)) add('to', asked.to, 'x.scheduled_start_at < :to');
  add('groups', asked.groups, 'd.group_id in (:groups)');
  add('type', asked.groupType, ofType('d.group_id', ':type'));
  return { sql: parts.join(' and '), parameters };
}

/** The marks that a question is about: those of the sessions above, for presence_records r beside them. */
export function marksInScope(asked: Asked, day = 'd.day'): Condition {
  const [sessions, marks] = [sessionsInScope(asked, day), meantBy(asked)];
  return { sql: `${sessions.sql} and ${marks.sql}`, parameters: { ...sessions.parameters, ...marks.parameters } };
}

/** Which marks of a session a question is about, for presence_records r. A cell without a state is nobody's mark. */
export function meantBy({ participant, states }: Asked): Condition {
  const parts = ['r.presence_state_id is not null'];
  const parameters: Parameters = {};
  if (participant !== null) {
    parts.push('r.participant_id = :participant');
    parameters.participant = participant;
  }
  if (states !== null) {
    // A list must not be empty; no state has the id 0. The sign keeps the databases from beginning with the index of
    // states: nearly all marks have one of them.
    parts.push('+r.presence_state_id in (:states)');
    parameters.states = states.length > 0 ? states : [0];
  }
  return { sql: parts.join(' and '), parameters };
}

/**
 * Sessions x in the order of their start with their session_days d and groups g: read from an index in that order, so that a
 * page needs no more of them than it shows.
 */
export const sessionsByStart = (em: EntityManager): string =>
  `sessions x ${byIndex(em, 'sessions_start_index')}
    ${joinInOrder(em)} session_days d on d.organization_id = x.organization_id and d.session_id = x.id
    ${joinInOrder(em)} \`groups\` g on g.organization_id = d.organization_id and g.id = d.group_id`;

/** session_days d with their sessions x and groups g. */
export const SESSIONS = `session_days d
  join sessions x on x.organization_id = d.organization_id and x.id = d.session_id
  join \`groups\` g on g.organization_id = d.organization_id and g.id = d.group_id`;
