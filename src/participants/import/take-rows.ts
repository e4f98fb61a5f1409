import { type Draft } from './drafts.js';
import { duplicateFinder } from './duplicates.js';
import { type RowProblem } from './problem.js';
import { rowReader, type RowRead } from './read-row.js';
import { type TableRow } from './read-table.js';
import { type Recognition } from './recognise.js';
import { takeGroups } from './take-groups.js';
import { takeMemberships } from './take-memberships.js';
import { namesakeKey, takeParticipants } from './take-participants.js';
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
  const namesakes = new Map<string, number>();
  return (raw) => {
    const read = reader.read(raw);
    const { row, draft } = read;
    if (!draft) return { row, taken: refused(read, recognition) };
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

/** A teacher without an address is no mistake in the file: there is just nobody who could be invited. */
function refused({ row, errors }: RowRead, { kind }: Recognition): Taken {
  const noEmail =
    kind === 'clever_teachers' && errors.every((each) => each.field === 'email' && each.code === 'required');
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
  if (drafts.length > 0) taken.push(...(await takers[drafts[0]!.draft.type](taking, drafts as DraftRow<never>[])));
  return taken.sort((a, b) => a.row - b.row);
}

const takers: Record<Draft['type'], (taking: Taking, rows: DraftRow<never>[]) => Promise<Taken[]>> = {
  participant: takeParticipants,
  group: takeGroups,
  membership: takeMemberships,
  user: takeUsers,
};
