import { type EntityManager } from '@mikro-orm/core';
import { secondsBefore } from '../../platform/database/dialect.js';
import { type LatenessRule } from '../../presence/index.js';
import { type StateCategory } from '../../tenancy/index.js';
import { type Asked } from '../asked.js';
import { type Words } from '../report-table.js';
import { type Answer, type Report, type Slice } from '../report.js';
import { type Condition } from '../scope.js';
import { markColumns } from './mark-columns.js';
import { listMarks } from './marks-list.js';

const LIST = markColumns(
  'participant',
  'identifier',
  'starts_at',
  'arrived_at',
  'late_minutes',
  'session',
  'group',
  'state',
  'disputed',
  'participant_id',
  'session_id',
  'group_id',
);

const COMES: readonly StateCategory[] = ['late', 'present'];

/** Who came late, and by how many minutes. */
export const lateArrivals: Report = {
  code: 'late-arrivals',
  title: 'Late arrivals',
  about: 'Who came late, and by how many minutes.',
  fields: ['from', 'to', 'group_id', 'group_type', 'presence_state', 'participant_id'],
  states: COMES,
  defaults: (today) => ({ from: Temporal.PlainDate.from(today).subtract({ days: 6 }).toString(), to: today }),
  async answer(em: EntityManager, asked: Asked, slice: Slice): Promise<Answer> {
    const states = asked.everyState
      .filter(({ category }) => category === 'late' || (asked.lateness.byArrival && COMES.includes(category)))
      .map(({ id }) => id)
      .filter((id) => asked.states === null || asked.states.includes(id));
    // Where no arrival tells it, the state alone does: then days and sums are known without looking at marks.
    const rule = asked.lateness.byArrival
      ? { sql: `(s.category = 'late' or ${isLate(em, asked.lateness).sql})`, parameters: {} }
      : undefined;
    const { marks, total, isExact } = await listMarks(em, { ...asked, states }, slice, rule);
    return {
      columns: LIST.columns,
      rows: LIST.rowsOf(marks, asked),
      total,
      isExact,
      notes: notesFor(asked),
      ...(!asked.lateness.byArrival && { why: NOBODY_LATE }),
    };
  },
};

/** A hotel has no such state. */
const NOBODY_LATE = {
  text: 'Listed is whoever was marked late: no state in use says so now, so nobody is late by his time of arrival.',
};

const notesFor = ({ lateness: { grace, byArrival } }: Asked): Words[] => [
  byArrival
    ? {
        text: 'Listed is whoever was marked late, and whoever came more than {minutes} minutes after the start, whatever his mark says: so these may be more than are marked late.',
        params: { minutes: grace },
      }
    : NOBODY_LATE,
  {
    text: 'Minutes count from the planned start to the arrival; where none was noted, to the mark. Up to {minutes} minutes they are 0.',
    params: { minutes: grace },
  },
];

/**
 * What `lateMinutes` (presence/lateness.ts) gives minutes for, in SQL: more than the grace after the start, or marked late
 * while nobody knows by how much.
 */
export function isLate(em: EntityManager, { grace, byArrival }: LatenessRule): Condition {
  const at = 'coalesce(r.arrived_at, r.recorded_at)';
  const isKnown = `(r.arrived_at is not null or (r.recorded_at >= x.scheduled_start_at and r.recorded_at <= x.scheduled_end_at))`;
  const isAfter = `${secondsBefore(em, at, (grace + 1) * 60)} >= x.scheduled_start_at`;
  const isTold = `(s.category = 'late'${byArrival ? ` or (s.category = 'present' and r.arrived_at is not null)` : ''})`;
  return { sql: `${isTold} and (not ${isKnown} or ${isAfter})`, parameters: {} };
}
