import { type Draft } from './drafts.js';
import { duplicateFinder } from './duplicates.js';
import { type RowProblem } from './problem.js';
import { rowReader, type RowRead } from './read-row.js';
import { type TableRow } from './read-table.js';
import { type Recognition } from './recognise.js';
import { takeEnrollments } from './take-enrollments.js';
import { takeGroups } from './take-groups.js';
import { takeMemberships } from './take-memberships.js';
import { namesakeKey, takeParticipants } from './take-participants.js';
import { takePeople } from './take-people.js';
import { takeUsers } from './take-users.js';
import { type DraftRow, type Taken, type Taking } from './taken.js';

/** One row as far as the file alone decides: a draft, or already failed or skipped. */
export type ReadyRow = { row: number; draft: DraftRow } | { row: number; taken: Taken };

/**
 * Reads the rows of one file in their order, and what only the whole file tells: doubles, and which of several
 * namesakes a row is. Give it every row from the first one on, also when a job goes on in the middle.
 */
export function fileReader(recognition: Recognition, today: string): (row: TableRow) => ReadyRow {
  const reader = rowReader(recognition, { today });
  const double = duplicateFinder();
  const isWritten = recognition.kind === 'participants' || recognition.kind === 'groups';
  const namesakes = new Map<string, number>();
  return (raw) => {
    const read = reader.read(raw);
    const { row, draft } = read;
    // In a list that people wrote, a second row of a number must not become the person whose own row was refused.
    if (read.refused && isWritten) double(row, read.refused);
    if (!draft) return { row, taken: read.errors.length > 0 ? refused(read, recognition) : passedOver(row) };
    const problem = double(row, draft);
    if (problem) return { row, taken: { row, outcome: 'failed', effects: [], notes: [problem] } };
    let nth = 0;
    const key = draft.type === 'participant' ? namesakeKey(draft) : null;
    if (key !== null) {
      nth = namesakes.get(key) ?? 0;
      namesakes.set(key, nth + 1);
    }
    return { row, draft: { row, draft, nth, warnings: read.warnings.map(rowIsTaken) } };
  };
}

/** Rows about what is never taken (guardians) are counted; a sentence for each of thousands would bury the others. */
const passedOver = (row: number): Taken => ({ row, outcome: 'skipped', effects: [], notes: [] });

/** A teacher without an address is no mistake in the file: there is just nobody who could be invited. */
function refused({ row, errors }: RowRead, { kind }: Recognition): Taken {
  const noEmail =
    (kind === 'clever_teachers' || kind === 'oneroster_users') &&
    errors.every((each) => each.field === 'email' && each.code === 'required');
  if (!noEmail) return { row, outcome: 'failed', effects: [], notes: errors };
  const notes = errors.map((each) => ({
    ...each,
    message: 'Without an e-mail address nobody can be invited, so this row was passed over.',
  }));
  return { row, outcome: 'skipped', effects: [], notes };
}

/** A warning must say that the row is taken all the same. */
function rowIsTaken(warning: RowProblem): RowProblem {
  const message = IN_SPITE[warning.message];
  return message ? { ...warning, message } : warning;
}

const IN_SPITE: Record<string, string> = {
  'This date does not exist: {value}.':
    'This date does not exist: {value}. The row is taken, with the date left empty.',
  'This date lies too far in the future: {value}.':
    'This date lies too far in the future: {value}. The row is taken, with the date left empty.',
  'Write this date as {format}: {value}.':
    'This date cannot be read as {format}: {value}. The row is taken, with the date left empty.',
};

/** Looks up and writes (unless dry) the rows of one chunk, inside the caller's transaction. Answers in the rows' order. */
export async function takeRows(taking: Taking, rows: ReadyRow[]): Promise<Taken[]> {
  const taken = rows.flatMap((row) => ('taken' in row ? [row.taken] : []));
  const drafts = rows.flatMap((row) => ('draft' in row ? [row.draft] : []));
  // One file of OneRoster holds several: students and staff.
  for (const type of new Set(drafts.map(({ draft }) => draft.type)))
    taken.push(...(await takers[type](taking, drafts.filter(({ draft }) => draft.type === type) as DraftRow<never>[])));
  return taken.sort((a, b) => a.row - b.row);
}

const takers: Record<Draft['type'], (taking: Taking, rows: DraftRow<never>[]) => Promise<Taken[]>> = {
  participant: takeParticipants,
  group: takeGroups,
  membership: takeMemberships,
  user: takeUsers,
  person: takePeople,
  enrollment: takeEnrollments,
};
