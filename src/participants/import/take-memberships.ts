import { read } from '../../platform/database/read.js';
import { type MembershipDraft } from './drafts.js';
import { KnownGroups, updateGroups } from './find-groups.js';
import { joinGroups } from './join-groups.js';
import { shown, type RowProblem } from './problem.js';
import { differences, failed, inSlices, outcomeOf, type DraftRow, type Taken, type Taking } from './taken.js';

/** Enrolments: both sides must be here already; a row that misses one says which file to import first. */
export async function takeMemberships(taking: Taking, rows: DraftRow<MembershipDraft>[]): Promise<Taken[]> {
  const groupIds = rows.map(({ draft }) => draft.group_external_id);
  const groups = await KnownGroups.find(taking, groupIds, []);
  const people = await participantIds(
    taking,
    'external_id',
    rows.map(({ draft }) => draft.participant_external_id),
  );

  const taken: Taken[] = [];
  const work: { row: DraftRow<MembershipDraft>; participant: number; group: number }[] = [];
  for (const row of rows) {
    const { draft } = row;
    const participant = people.get(draft.participant_external_id);
    const group = groups.withExternalId(draft.group_external_id);
    const problems = [
      ...(participant ? [] : [missingParticipant(row.row, 'participant_external_id', draft.participant_external_id)]),
      ...(group ? [] : [missingGroup(row.row, 'group_external_id', draft.group_external_id)]),
    ];
    if (problems.length > 0) taken.push(failed(row.row, ...problems));
    else work.push({ row, participant: participant!, group: group!.id });
  }

  const asleep = [...new Set(work.map(({ row }) => groups.withExternalId(row.draft.group_external_id)!))].filter(
    (group) => !group.isActive,
  );
  const woken = await updateGroups(
    taking,
    asleep.map((group) => ({ group, ...differences({ isActive: false }, { isActive: true })! })),
  );
  const joined = await joinGroups(taking, work);
  work.forEach(({ row, group }, at) => {
    const effects = [joined[at], woken.find((effect) => effect.record === group)].filter((effect) => !!effect);
    const known = woken.findIndex((effect) => effect.record === group);
    if (known >= 0) woken.splice(known, 1);
    taken.push({ row: row.row, outcome: outcomeOf(joined[at] ?? null, effects), effects, notes: row.warnings });
  });
  return taken;
}

/** @returns the ids of living participants by identifier or external id; of a merged record, of the one it was merged into */
export async function participantIds(
  { tx }: Taking,
  column: 'identifier' | 'external_id',
  values: string[],
): Promise<Map<string, number>> {
  const rows = await inSlices(values, (list) =>
    read<{ id: number; value: string }>(
      tx,
      `select coalesce(p.merged_into_id, p.id) as id, p.${column} as value from participants p
        where p.organization_id = :organization and p.${column} in (:list) and p.anonymized_at is null`,
      { list },
    ),
  );
  return new Map(rows.map((row) => [row.value, Number(row.id)]));
}

export const missingParticipant = (row: number, field: string, value: string): RowProblem => ({
  row,
  field,
  code: 'unknown',
  message: 'No {participant} has the id {value}. Import the {participants} first, then this file again.',
  params: { value: shown(value) },
});

export const missingGroup = (row: number, field: string, value: string): RowProblem => ({
  row,
  field,
  code: 'unknown',
  message: 'No {group} has the id {value}. Import the {groups} first, then this file again.',
  params: { value: shown(withoutPrefix(value)), id: value },
});

export const missingSchool = (row: number, field: string, value: string): RowProblem => ({
  row,
  field,
  code: 'unknown',
  message: 'The parent {value} is not here. Import the file with the schools first, then this file again.',
  params: { value: shown(withoutPrefix(value)), id: value },
});

/** An external id as the file has it, without what keeps schools and classes apart. */
const withoutPrefix = (value: string): string => value.replace(/^(school|section|org|class):/, '');
