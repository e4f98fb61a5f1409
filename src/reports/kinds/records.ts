import { type EntityManager } from '@mikro-orm/core';
import { lateMinutes, type LatenessRule } from '../../presence/index.js';
import { type Asked } from '../asked.js';
import { figureNotes, sumOf } from '../figures.js';
import { nameOf } from '../people.query.js';
import { type Column } from '../report-table.js';
import { type Answer, type Slice } from '../report.js';
import { marksOfScope } from '../scope.js';
import { countMarks } from '../tallies/count-marks.query.js';
import { GROUP_ID, PARTICIPANT_ID, RECORD_ID, SESSION_ID } from './id-columns.js';
import { type ListedMark, listMarks } from './marks-list.js';

/** The file of presence: the heads of the contract, then what tells the rows apart. */
export const RECORD_FILE_COLUMNS: Column[] = [
  { key: 'timestamp', head: { text: 'Recorded at' }, kind: 'time' },
  { key: 'participant', head: { text: '{participant}' }, kind: 'text' },
  { key: 'session', head: { text: '{session}' }, kind: 'text' },
  { key: 'status', head: { text: 'State' }, kind: 'text' },
  RECORD_ID,
  PARTICIPANT_ID,
  SESSION_ID,
  GROUP_ID,
  { key: 'identifier', head: { text: 'Identifier' }, kind: 'text' },
  { key: 'group', head: { text: '{group}' }, kind: 'text' },
  { key: 'starts_at', head: { text: 'Begins' }, kind: 'time' },
  { key: 'category', head: { text: 'Category' }, kind: 'text' },
  { key: 'arrived_at', head: { text: 'Arrived' }, kind: 'time' },
  { key: 'left_at', head: { text: 'Left' }, kind: 'time' },
  { key: 'late_minutes', head: { text: 'Minutes late' }, kind: 'minutes' },
  { key: 'note', head: { text: 'Note' }, kind: 'text' },
  { key: 'disputed', head: { text: 'Disputed' }, kind: 'yes' },
];

/** @returns the marks themselves, one row each, the newest day first */
export async function recordsInSessions(em: EntityManager, asked: Asked, slice: Slice): Promise<Answer> {
  const { marks, total, isExact } = await listMarks(em, asked, slice);
  const sum = sumOf(await countMarks(em, marksOfScope(asked), []));
  return {
    columns: RECORD_FILE_COLUMNS,
    rows: marks.map((mark) => [
      mark.recordedAt,
      nameOf({ first_name: mark.firstName, last_name: mark.lastName }),
      mark.session,
      mark.code,
      mark.id,
      mark.participantId,
      mark.sessionId,
      mark.groupId,
      mark.identifier,
      mark.group,
      mark.startsAt,
      mark.category,
      mark.arrivedAt,
      mark.leftAt,
      lateOf(mark, asked.lateness),
      mark.note,
      mark.disputed,
    ]),
    total,
    isExact,
    notes: figureNotes(sum, asked),
    meta: { figures: sum },
  };
}

/** @returns whole minutes after the planned start; null where lateness says nothing or is not known */
export const lateOf = (mark: ListedMark, lateness: LatenessRule): number | null =>
  lateMinutes(
    {
      category: mark.category,
      arrived_at: mark.arrivedAt?.toISOString() ?? null,
      recorded_at: mark.recordedAt.toISOString(),
    },
    { start: mark.startsAt, end: mark.endsAt },
    lateness,
  );
