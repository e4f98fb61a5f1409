import { lateMinutes } from '../../presence/index.js';
import { type Asked } from '../asked.js';
import { nameOf } from '../people.query.js';
import { type CellValue, type Column, type Row } from '../report-table.js';
import { GROUP_ID, PARTICIPANT_ID, RECORD_ID, SESSION_ID } from './id-columns.js';
import { type ListedMark } from './marks-list.js';

/** A column of a list of marks, and what it says of a mark. */
type MarkColumn = Omit<Column, 'key'> & { of: (mark: ListedMark, asked: Asked) => CellValue };

/** Everything that a list of marks may say, by the key of its column. */
const COLUMNS = {
  participant: {
    head: { text: '{participant}' },
    kind: 'text',
    of: (mark) => nameOf({ first_name: mark.firstName, last_name: mark.lastName }),
  },
  identifier: { head: { text: 'Identifier' }, kind: 'text', of: (mark) => mark.identifier },
  timestamp: { head: { text: 'Recorded at' }, kind: 'time', of: (mark) => mark.recordedAt },
  starts_at: { head: { text: 'Begins' }, kind: 'time', of: (mark) => mark.startsAt },
  session: { head: { text: '{session}' }, kind: 'text', of: (mark) => mark.session },
  group: { head: { text: '{group}' }, kind: 'text', of: (mark) => mark.group },
  state: { head: { text: 'State' }, kind: 'text', of: (mark) => mark.label },
  /** The code of the state, under the name that the contract gives it. */
  status: { head: { text: 'State' }, kind: 'text', of: (mark) => mark.code },
  presence_state: { head: { text: 'Code' }, kind: 'text', hidden: true, of: (mark) => mark.code },
  category: { head: { text: 'Category' }, kind: 'text', hidden: true, of: (mark) => mark.category },
  arrived_at: { head: { text: 'Arrived' }, kind: 'time', sparse: true, of: (mark) => mark.arrivedAt },
  left_at: { head: { text: 'Left' }, kind: 'time', sparse: true, of: (mark) => mark.leftAt },
  late_minutes: { head: { text: 'Minutes late' }, kind: 'minutes', sparse: true, of: minutesLate },
  note: { head: { text: 'Note' }, kind: 'text', sparse: true, of: (mark) => mark.note },
  disputed: { head: { text: 'Disputed' }, kind: 'yes', of: (mark) => mark.disputed },
  record_id: { ...RECORD_ID, of: (mark) => mark.id },
  participant_id: { ...PARTICIPANT_ID, of: (mark) => mark.participantId },
  session_id: { ...SESSION_ID, of: (mark) => mark.sessionId },
  group_id: { ...GROUP_ID, of: (mark) => mark.groupId },
} satisfies Record<string, MarkColumn>;

/** Whole minutes after the planned start; null where lateness says nothing or is not known. */
function minutesLate(mark: ListedMark, { lateness }: Asked): number | null {
  const arrival = {
    category: mark.category,
    arrived_at: mark.arrivedAt?.toISOString() ?? null,
    recorded_at: mark.recordedAt.toISOString(),
  };
  return lateMinutes(arrival, { start: mark.startsAt, end: mark.endsAt }, lateness);
}

/**
 * @param keys the columns of a list, in their order
 * @returns these columns, and what gives the rows of marks
 */
export function markColumns(...keys: (keyof typeof COLUMNS)[]) {
  const chosen = keys.map((key) => ({ key, ...(COLUMNS[key] as MarkColumn) }));
  return {
    columns: chosen.map(({ of: _of, ...column }): Column => column),
    rowsOf: (marks: ListedMark[], asked: Asked): Row[] => marks.map((mark) => chosen.map(({ of }) => of(mark, asked))),
  };
}
