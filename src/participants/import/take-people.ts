import { read } from '../../platform/database/read.js';
import { type ParticipantDraft, type PersonDraft, type UserDraft } from './drafts.js';
import { notHere } from './leaving.js';
import { shown, type RowProblem } from './problem.js';
import { takeParticipants } from './take-participants.js';
import { takeUsers } from './take-users.js';
import { failed, inSlices, type DraftRow, type Taken, type Taking } from './taken.js';

/**
 * People of whom the file does not say what they are (OneRoster 1.2 has the roles in another file, and a delta holds
 * only what changed): who is here already is what he is here.
 */
export async function takePeople(taking: Taking, rows: DraftRow<PersonDraft>[]): Promise<Taken[]> {
  const ids = rows.map(({ draft }) => draft.external_id);
  const students = await here(taking, 'participants', ids);
  const staff = await here(taking, 'users', ids);
  const taken: Taken[] = [];
  const asStudents: DraftRow<ParticipantDraft>[] = [];
  const asStaff: DraftRow<UserDraft>[] = [];
  for (const row of rows) {
    const { draft } = row;
    if (students.has(draft.external_id)) asStudents.push({ ...row, draft: draft.student });
    else if (!staff.has(draft.external_id))
      taken.push(draft.leaving === 'deleted' ? notHere(row.row) : failed(row.row, whichRole(row.row, draft)));
    else if (draft.staff) asStaff.push({ ...row, draft: draft.staff });
    else taken.push({ row: row.row, outcome: 'unchanged', effects: [], notes: [] });
  }
  if (asStudents.length > 0) taken.push(...(await takeParticipants(taking, asStudents)));
  if (asStaff.length > 0) taken.push(...(await takeUsers(taking, asStaff)));
  return taken;
}

async function here({ tx }: Taking, table: 'participants' | 'users', ids: string[]): Promise<Set<string>> {
  const rows = await inSlices(ids, (list) =>
    read<{ external_id: string }>(
      tx,
      `select x.external_id from ${table} x where x.organization_id = :organization and x.external_id in (:list)`,
      { list },
    ),
  );
  return new Set(rows.map((row) => row.external_id));
}

const whichRole = (row: number, draft: PersonDraft): RowProblem => ({
  row,
  field: 'role',
  code: 'required',
  message: 'Nothing says which role {value} has. Send users.csv and roles.csv together in one ZIP archive.',
  params: { value: shown(draft.external_id) },
});
