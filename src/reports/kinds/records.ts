import { type EntityManager } from '@mikro-orm/core';
import { type Asked } from '../asked.js';
import { figureNotes, sumOf } from '../figures.js';
import { type Answer, type Slice } from '../report.js';
import { marksOfScope } from '../scope.js';
import { countMarks } from '../tallies/count-marks.query.js';
import { markColumns } from './mark-columns.js';
import { listMarks } from './marks-list.js';

/** The file of presence: the heads of the contract, then what tells the rows apart. */
const LIST = markColumns(
  'timestamp',
  'participant',
  'session',
  'status',
  'record_id',
  'participant_id',
  'session_id',
  'group_id',
  'identifier',
  'group',
  'starts_at',
  'category',
  'arrived_at',
  'left_at',
  'late_minutes',
  'note',
  'disputed',
);
export const RECORD_FILE_COLUMNS = LIST.columns;

/** @returns the marks themselves, one row each, the newest day first */
export async function recordsInSessions(em: EntityManager, asked: Asked, slice: Slice): Promise<Answer> {
  const { marks, total, isExact } = await listMarks(em, asked, slice);
  const sum = sumOf(await countMarks(em, marksOfScope(asked), []));
  return {
    columns: LIST.columns,
    rows: LIST.rowsOf(marks, asked),
    total,
    isExact,
    notes: figureNotes(sum, asked),
    meta: { figures: sum },
  };
}
