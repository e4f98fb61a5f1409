import { type EntityManager } from '@mikro-orm/core';
import { secondsBefore } from '../../platform/database/dialect.js';
import { type Asked, statesHere } from '../asked.js';
import { nameOf } from '../people.query.js';
import { type Column } from '../report-table.js';
import { type Answer, type Report, type Slice } from '../report.js';
import { type Condition } from '../scope.js';
import { GROUP_ID, PARTICIPANT_ID, SESSION_ID } from './id-columns.js';
import { listMarks } from './marks-list.js';
import { lateOf } from './records.js';

const COLUMNS: Column[] = [
  { key: 'participant', head: { text: '{participant}' }, kind: 'text' },
  { key: 'identifier', head: { text: 'Identifier' }, kind: 'text' },
  { key: 'starts_at', head: { text: 'Begins' }, kind: 'time' },
  { key: 'arrived_at', head: { text: 'Arrived' }, kind: 'time' },
  { key: 'late_minutes', head: { text: 'Minutes late' }, kind: 'minutes' },
  { key: 'session', head: { text: '{session}' }, kind: 'text' },
  { key: 'group', head: { text: '{group}' }, kind: 'text' },
  { key: 'state', head: { text: 'State' }, kind: 'text' },
  { key: 'disputed', head: { text: 'Disputed' }, kind: 'yes' },
  PARTICIPANT_ID,
  SESSION_ID,
  GROUP_ID,
];

/** Who came late, and by how many minutes. */
export const lateArrivals: Report = {
  code: 'late-arrivals',
  title: 'Late arrivals',
  about: 'Who came late, and by how many minutes.',
  fields: ['from', 'to', 'group_id', 'group_type', 'presence_state', 'participant_id'],
  defaults: (today) => ({ from: Temporal.PlainDate.from(today).subtract({ days: 6 }).toString(), to: today }),
  async answer(em: EntityManager, asked: Asked, slice: Slice): Promise<Answer> {
    const states = (await statesHere(em))
      .filter(({ category }) => category === 'late' || category === 'present')
      .map(({ id }) => id)
      .filter((id) => asked.states === null || asked.states.includes(id));
    const { marks, total, isExact } = await listMarks(em, { ...asked, states }, slice, isLate(em, asked.grace));
    return {
      columns: COLUMNS,
      rows: marks.map((mark) => [
        nameOf({ first_name: mark.firstName, last_name: mark.lastName }),
        mark.identifier,
        mark.startsAt,
        mark.arrivedAt,
        lateOf(mark, asked.grace),
        mark.session,
        mark.group,
        mark.label,
        mark.disputed,
        mark.participantId,
        mark.sessionId,
        mark.groupId,
      ]),
      total,
      isExact,
      notes: [
        {
          text: 'Minutes count from the planned start to the arrival; where none was noted, to the mark. Up to {minutes} minutes nobody is late.',
          params: { minutes: asked.grace },
        },
      ],
    };
  },
};

/**
 * What `lateMinutes` (presence/lateness.ts) calls late, in SQL: more than the grace after the start, or marked late while
 * nobody knows by how much.
 */
export function isLate(em: EntityManager, grace: number): Condition {
  const at = 'coalesce(r.arrived_at, r.recorded_at)';
  const isKnown = `(r.arrived_at is not null or (r.recorded_at >= x.scheduled_start_at and r.recorded_at <= x.scheduled_end_at))`;
  const isAfter = `${secondsBefore(em, at, (grace + 1) * 60)} >= x.scheduled_start_at`;
  return {
    sql: `(r.arrived_at is not null or s.category = 'late') and s.category in ('late', 'present') and (not ${isKnown} or ${isAfter})`,
    parameters: {},
  };
}
