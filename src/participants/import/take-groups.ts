import { read } from '../../platform/database/read.js';
import { insertRows } from '../../platform/ledger/audited-rows.js';
import { GroupAssignment } from '../group-assignment.entity.js';
import { oneMoveAtATime } from '../group-input.js';
import { type GroupDraft } from './drafts.js';
import {
  ambiguousName,
  groupTypeOf,
  insertGroups,
  KnownGroups,
  updateGroups,
  type GroupChange,
  type KnownGroup,
} from './find-groups.js';
import { joinGroups } from './join-groups.js';
import { liesInside, parentsOf } from './group-parents.js';
import { isLeaving, notHere } from './leaving.js';
import { shown, type RowProblem } from './problem.js';
import { missingGroup, missingParticipant, missingSchool, participantIds } from './take-memberships.js';
import {
  differences,
  failed,
  inSlices,
  mergedExtra,
  takenOf,
  present,
  unlessSame,
  type DraftRow,
  type Effect,
  type Taken,
  type Taking,
} from './taken.js';

type Work = { row: DraftRow<GroupDraft>; group: KnownGroup; participant: number | null };

/**
 * Groups: matched by external id, else by a name that fits one group only. A row may carry a membership; several rows
 * may be about one group, and an empty cell takes nothing away. A section brings its teachers, as far as they are here.
 */
export async function takeGroups(taking: Taking, rows: DraftRow<GroupDraft>[]): Promise<Taken[]> {
  const taken: Taken[] = [];
  // A row that changes what an earlier one made or changed comes after that was written: what becomes of a row must not
  // hang on how the file is cut into chunks.
  for (let rest = rows; rest.length > 0;) rest = await takeRound(taking, rest, taken);
  return taken;
}

/** @returns the rows that must wait for the next round */
async function takeRound(
  taking: Taking,
  rows: DraftRow<GroupDraft>[],
  taken: Taken[],
): Promise<DraftRow<GroupDraft>[]> {
  const drafts = rows.map(({ draft }) => draft);
  const ids = drafts.flatMap((draft) => [draft.external_id, draft.parent_external_id]).filter(present);
  const names = drafts.map((draft) => draft.name);
  const ancestors = await ancestorsOf(taking, drafts);
  const known = await KnownGroups.find(taking, ids, names);
  const members = drafts.flatMap((draft) => (draft.member ? [draft.member] : []));
  const byIdentifier = await participantIds(
    taking,
    'identifier',
    members.map((each) => each.identifier).filter(present),
  );
  const byExternalId = await participantIds(
    taking,
    'external_id',
    members.map((each) => each.external_id).filter(present),
  );

  const work: Work[] = [];
  let later: DraftRow<GroupDraft>[] = [];
  const changes = new Map<KnownGroup, GroupChange>();
  const makers = new Map<KnownGroup, DraftRow>();
  for (const [at, row] of rows.entries()) {
    const { draft } = row;
    if (draft.leaving === 'deleted') {
      const own = known.withExternalId(draft.external_id ?? '');
      if (own && own.isActive && makers.has(own)) {
        later = rows.slice(at);
        break;
      }
      if (!own) taken.push(notHere(row.row));
      else {
        noteChange(changes, makers, row, own, asleep(row, own));
        work.push({ row, group: own, participant: null });
      }
      continue;
    }
    const problems: RowProblem[] = [];
    let participant: number | null = null;
    if (draft.member) {
      const { identifier, external_id } = draft.member;
      const found = identifier !== null ? byIdentifier.get(identifier) : byExternalId.get(external_id!);
      if (found) participant = found;
      else if (identifier !== null) problems.push(missingParticipant(row.row, 'participant_identifier', identifier));
      else problems.push(missingParticipant(row.row, 'participant_external_id', external_id!));
    }
    const parent = present(draft.parent_external_id) ? known.withExternalId(draft.parent_external_id) : undefined;
    if (present(draft.parent_external_id) && !parent) {
      const missing = /^(school|org):/.test(draft.parent_external_id) ? missingSchool : missingGroup;
      problems.push(missing(row.row, 'parent_external_id', draft.parent_external_id));
    }
    const found = problems.length > 0 ? null : groupOf(row, known, taking);
    if (found && 'code' in found) problems.push(found);
    else if (found && parent && leadsTo(parent, found, ancestors))
      problems.push(circle(row.row, draft.parent_external_id!));
    if (problems.length > 0) {
      taken.push(failed(row.row, ...problems));
      continue;
    }
    let group = found as KnownGroup | null;
    if (!group) {
      group = known.add({ id: 0, parent: null, ...newGroup(taking, draft), newParent: parent });
      makers.set(group, row);
    } else {
      const change = changeOf(taking, group, draft, parent);
      if (change && makers.has(group)) {
        later = rows.slice(at);
        break;
      }
      if (typeof change?.after.name === 'string') known.rename(group, change.after.name);
      if (draft.leaving && change?.after.isActive === false)
        row.warnings.push(isLeaving(row.row, draft.leaving, group.name));
      noteChange(changes, makers, row, group, change);
      if (present(draft.external_id)) known.adopt(group, draft.external_id);
    }
    if (parent && group.id !== 0) ancestors.set(group.id, parent.id);
    work.push({ row, group, participant });
  }
  taken.push(...(await write(taking, work, changes, makers)));
  return later;
}

async function write(
  taking: Taking,
  work: Work[],
  changes: Map<KnownGroup, GroupChange>,
  makers: Map<KnownGroup, DraftRow>,
): Promise<Taken[]> {
  const own = new Map<DraftRow, Effect>();
  const made = [...makers.keys()].filter((group) => group.id === 0);
  (await insertGroups(taking, made)).forEach((effect, at) => own.set(makers.get(made[at]!)!, effect));
  const changed = [...changes.values()];
  (await updateGroups(taking, changed)).forEach((effect, at) => own.set(makers.get(changed[at]!.group)!, effect));

  const joining = work.filter(({ participant }) => participant !== null);
  const joined = await joinGroups(
    taking,
    joining.map(({ participant, group }) => ({ participant: participant!, group: group.id })),
  );
  const others = new Map<DraftRow, Effect[]>();
  joining.forEach(({ row }, at) => joined[at] && others.set(row, [joined[at]]));
  for (const { row, effect } of await assignTeachers(taking, work))
    others.set(row, [...(others.get(row) ?? []), effect]);

  return work.map(({ row }) => takenOf(row, own.get(row), others.get(row)));
}

/** Which group the row means: one that is here, none yet (null), or why that cannot be said. */
function groupOf(row: DraftRow<GroupDraft>, known: KnownGroups, taking: Taking): KnownGroup | RowProblem | null {
  const { draft } = row;
  const type = groupTypeOf(taking, draft.group_type);
  if (present(draft.external_id)) {
    const own = known.withExternalId(draft.external_id);
    if (own) return own;
    // Made by hand before the file came: the same name and kind, and no external id of its own.
    const orphans = known
      .named(draft.name)
      .filter((group) => group.externalId === null && (!type || group.groupType === type));
    return orphans.length === 1 ? orphans[0]! : null;
  }
  const named = known.named(draft.name);
  const fitting = named.length > 1 && type ? named.filter((group) => group.groupType === type) : named;
  const living = fitting.length > 1 ? fitting.filter((group) => group.isActive) : fitting;
  if (living.length > 1) return ambiguousName(row.row, 'group_name', draft.name, living.length);
  return living[0] ?? null;
}

function newGroup(taking: Taking, draft: GroupDraft) {
  return {
    name: draft.name,
    externalId: draft.external_id ?? null,
    groupType: groupTypeOf(taking, draft.group_type) ?? taking.groupTypes[0]!.code,
    isActive: !draft.leaving,
    extraData: draft.extra_data as Record<string, unknown>,
  };
}

/** The file says that the group is gone: it is deactivated, and nothing else about it changes. */
function asleep(row: DraftRow<GroupDraft>, group: KnownGroup): Omit<GroupChange, 'group'> | null {
  const change = differences({ isActive: group.isActive }, { isActive: false });
  if (change) row.warnings.push(isLeaving(row.row, 'deleted', group.name));
  return change;
}

/** What the row changes of a group. Rows that only put somebody into it say nothing about its extra data. */
function changeOf(
  taking: Taking,
  group: KnownGroup,
  draft: GroupDraft,
  parent: KnownGroup | undefined,
): Omit<GroupChange, 'group'> | null {
  const change = differences(
    { ...group },
    {
      name: present(draft.external_id) ? unlessSame(group.name, draft.name) : undefined,
      externalId: draft.external_id ?? undefined,
      groupType: groupTypeOf(taking, draft.group_type),
      isActive: !draft.leaving,
      extraData: draft.member ? undefined : mergedExtra(taking, group.extraData, draft.extra_data, draft.keeps),
    },
  );
  const stays =
    !parent || parent === group.newParent || (!group.newParent && parent.id !== 0 && parent.id === group.parent);
  if (stays) return change;
  return {
    before: { ...change?.before, parent: group.parent },
    after: { ...change?.after, parent: parent.id },
    newParent: parent,
  };
}

/** The change is written with the others; what comes after it in this round sees it already. */
function noteChange(
  changes: Map<KnownGroup, GroupChange>,
  makers: Map<KnownGroup, DraftRow>,
  row: DraftRow,
  group: KnownGroup,
  change: Omit<GroupChange, 'group'> | null,
): void {
  if (!change) return;
  const { parent: _, ...values } = change.after;
  Object.assign(group, values, change.newParent ? { newParent: change.newParent } : {});
  makers.set(group, row);
  changes.set(group, { group, ...change });
}

/** The parent of every group, when a row may move one: a group must not end up inside itself. */
async function ancestorsOf({ tx, dryRun }: Taking, drafts: GroupDraft[]): Promise<Map<number, number>> {
  if (!drafts.some((draft) => present(draft.parent_external_id) && !/^(section|class):/.test(draft.external_id ?? '')))
    return new Map();
  if (!dryRun) await oneMoveAtATime(tx);
  return parentsOf(tx);
}

function leadsTo(parent: KnownGroup, group: KnownGroup, parents: Map<number, number>): boolean {
  if (parent === group) return true;
  for (let up: KnownGroup | undefined = parent; up; up = up.newParent) if (up === group) return true;
  return group.id !== 0 && liesInside(parent.id, group.id, parents);
}

const circle = (row: number, value: string): RowProblem => ({
  row,
  field: 'parent_external_id',
  code: 'invalid',
  message: 'A {group} cannot lie inside itself: {value}.',
  params: { value: shown(value) },
});

/** Assigns the teachers of sections who are users already; the others are assigned when the teachers' file comes. */
async function assignTeachers(taking: Taking, work: Work[]): Promise<{ row: DraftRow; effect: Effect }[]> {
  const wanted = work.flatMap(({ row, group }) =>
    (row.draft.teacher_external_ids ?? []).map((teacher) => ({ row, group: group.id, teacher })),
  );
  if (wanted.length === 0) return [];
  const users = await inSlices(
    wanted.map(({ teacher }) => teacher),
    (list) =>
      read<{ id: number; external_id: string }>(
        taking.tx,
        'select u.id, u.external_id from users u where u.organization_id = :organization and u.external_id in (:list)',
        { list },
      ),
  );
  const ids = new Map(users.map((user) => [user.external_id, Number(user.id)]));
  const pairs = wanted.flatMap((each) => {
    const user = ids.get(each.teacher);
    return user === undefined ? [] : [{ row: each.row, user, group: each.group }];
  });
  return assign(taking, pairs);
}

/** @returns the effects of the assignments that were not there yet */
export async function assign<R>(
  { tx, dryRun, imagined }: Taking,
  pairs: { row: R; user: number; group: number }[],
): Promise<{ row: R; effect: Effect }[]> {
  if (pairs.length === 0) return [];
  const standing = await inSlices(
    pairs.map(({ user }) => user).filter((id) => id > 0),
    (users) =>
      read<{ user_id: number; group_id: number }>(
        tx,
        'select a.user_id, a.group_id from group_assignments a where a.organization_id = :organization and a.user_id in (:users)',
        { users },
      ),
  );
  const seen = new Set(standing.map((row) => `${row.user_id} ${row.group_id}`));
  const missing = pairs.filter(({ user, group }) => {
    const key = `${user} ${group}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return !dryRun || imagined.link('group_assignments', key);
  });
  const ids = dryRun
    ? []
    : await insertRows(
        tx,
        GroupAssignment,
        missing.map(({ user, group }) => ({ user, group })),
      );
  return missing.map(({ row, user, group }, at) => ({
    row,
    effect: { table: 'group_assignments', record: ids[at] ?? 0, before: null, after: { user, group } },
  }));
}
