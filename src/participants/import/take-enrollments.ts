import { lockingRows, read } from '../../platform/database/read.js';
import { deleteRows, insertRows, updateRows } from '../../platform/ledger/audited-rows.js';
import { addDays } from '../../tenancy/index.js';
import { GroupAssignment } from '../group-assignment.entity.js';
import { ALWAYS, GroupMembership } from '../group-membership.entity.js';
import { type EnrollmentDraft } from './drafts.js';
import { KnownGroups, type KnownGroup } from './find-groups.js';
import { keyOf, membershipsOf, type Membership, type Pair } from './join-groups.js';
import { notHere } from './leaving.js';
import { shown, type RowProblem } from './problem.js';
import { assign } from './take-groups.js';
import { missingGroup, missingParticipant, missingSchool, participantIds } from './take-memberships.js';
import {
  failed,
  inSlices,
  outcomeOf,
  takenOf,
  sameValue,
  type DraftRow,
  type Effect,
  type Taken,
  type Taking,
} from './taken.js';

type Row = DraftRow<EnrollmentDraft>;

/**
 * OneRoster's enrolments. A student's is a membership of its own days: its id stands in the membership's extra data, so
 * that other days in a later file change the same one. Staff is assigned to the class. Who and what an enrolment names
 * must be here already.
 */
export async function takeEnrollments(taking: Taking, rows: Row[]): Promise<Taken[]> {
  const ids = rows.flatMap(({ draft }) => [
    draft.group_external_id,
    ...(draft.school_external_id ? [draft.school_external_id] : []),
  ]);
  const groups = await KnownGroups.find(taking, ids, []);
  const students = await participantIds(taking, 'external_id', usersOf(rows, 'student'));
  const staff = await userIds(taking, usersOf(rows, 'staff'));

  const taken: Taken[] = [];
  const members: { row: Row; pair: Pair; group: KnownGroup }[] = [];
  const workers: { row: Row; user: number; group: number }[] = [];
  for (const row of rows) {
    const { draft } = row;
    const isStudent = draft.role === 'student';
    const person = (isStudent ? students : staff).get(draft.user_external_id);
    const group = groups.withExternalId(draft.group_external_id);
    if (draft.leaving && (person === undefined || !group)) {
      taken.push(notHere(row.row));
      continue;
    }
    const problems: RowProblem[] = [];
    if (person === undefined) problems.push(missingPerson(row));
    if (!group) problems.push(missingGroup(row.row, 'group_external_id', draft.group_external_id));
    if (draft.school_external_id && !groups.withExternalId(draft.school_external_id))
      problems.push(missingSchool(row.row, 'school_external_id', draft.school_external_id));
    if (problems.length > 0) taken.push(failed(row.row, ...problems));
    else if (!draft.leaving && !group!.isActive) taken.push(passedOver(row, classIsOff(row)));
    else if (isStudent) members.push({ row, group: group!, pair: { participant: person!, group: group!.id } });
    else workers.push({ row, user: person!, group: group!.id });
  }
  return [...taken, ...(await takeMembers(taking, members)), ...(await takeWorkers(taking, workers))];
}

const usersOf = (rows: Row[], role: EnrollmentDraft['role']): string[] =>
  rows.filter(({ draft }) => draft.role === role).map(({ draft }) => draft.user_external_id);

async function userIds({ tx }: Taking, externalIds: string[]): Promise<Map<string, number>> {
  const rows = await inSlices(externalIds, (list) =>
    read<{ id: number; external_id: string }>(
      tx,
      'select u.id, u.external_id from users u where u.organization_id = :organization and u.external_id in (:list)',
      { list },
    ),
  );
  return new Map(rows.map((row) => [row.external_id, Number(row.id)]));
}

/** A membership as it stands while the rows of one chunk are gone through. */
interface Standing extends Membership {
  /** What stood there before this chunk; null for one that it makes. */
  was: Pick<Membership, 'joined_on' | 'left_on' | 'enrollment'> | null;
  gone?: boolean;
}

/** Each enrolment sees what those before it did: two may be about the same person in the same class. */
async function takeMembers(taking: Taking, members: { row: Row; pair: Pair; group: KnownGroup }[]): Promise<Taken[]> {
  const found = await membershipsOf(
    taking,
    members.map(({ pair }) => pair),
  );
  const standing = new Map<string, Standing[]>();
  for (const [key, list] of found)
    standing.set(
      key,
      list.map((each) => ({ ...each, was: { ...each } })),
    );

  // In a trial run: as the rows of earlier chunks would have left it.
  for (const key of members.map(({ pair }) => keyOf(pair))) {
    const earlier = taking.imagined.memberships(key) as Standing[] | undefined;
    if (earlier) standing.set(key, earlier);
  }

  const taken: Taken[] = [];
  const touched = new Map<Standing, Row>();
  for (const { row, pair, group } of members) {
    const key = keyOf(pair);
    const own = standing.get(key) ?? [];
    standing.set(key, own);
    const decided = row.draft.leaving ? ended(taking, row, own) : placed(row, pair, group, own);
    if ('outcome' in decided) taken.push(decided);
    else if (touched.has(decided.membership)) taken.push(plain(row));
    else touched.set(decided.membership, row);
  }
  const effects = await writeMemberships(taking, [...touched.keys()]);
  if (taking.dryRun)
    for (const [key, list] of standing) {
      const left = list.filter((each) => !each.gone).map((each) => ({ ...each, was: { ...each } }));
      taking.imagined.keepMemberships(key, left);
    }
  for (const [membership, row] of touched) {
    const effect = effects.get(membership) ?? null;
    taken.push({
      row: row.row,
      outcome: effect?.removed ? 'updated' : outcomeOf(effect, []),
      effects: effect ? [effect] : [],
      notes: effect ? row.warnings : [],
    });
  }
  return taken;
}

/** The days of an enrolment: its own, else those of the class's terms; without any they are unbounded. */
function daysOf({ draft }: Row, { extraData }: KnownGroup): { from: string; to: string | null } {
  const day = (value: unknown) => (typeof value === 'string' && value !== '' ? value : null);
  return {
    from: draft.begin_date ?? day(extraData.term_start) ?? ALWAYS,
    to: lastDay(draft) ?? day(extraData.term_end),
  };
}

/** Gives the enrolment's membership its days; makes it if there is none yet. */
function placed(row: Row, pair: Pair, group: KnownGroup, own: Standing[]): Taken | { membership: Standing } {
  const { from, to } = daysOf(row, group);
  const id = row.draft.enrollment_id;
  // It ended when it began: nobody was ever there.
  if (to !== null && to < from) return passedOver(row, never(row, from));
  const mine = own.find((each) => each.enrollment === id);
  const others = own.filter((each) => each !== mine && !each.gone && overlap(each, { from, to }));
  // Made by hand or by another file before: from now on it is this enrolment's.
  const adopted = mine ?? others.find((each) => each.enrollment === null);
  const inTheWay = others.filter((each) => each !== adopted);
  if (inTheWay.some((each) => each.joined_on <= from && until(each.left_on) >= until(to)))
    // The same days twice, under two ids: he is a member already.
    return mine ? passedOver(row, overlaps(row, inTheWay[0]!)) : plain(row);
  if (inTheWay.length > 0) return failed(row.row, overlaps(row, inTheWay[0]!));
  if (adopted) {
    Object.assign(adopted, { joined_on: from, left_on: to, enrollment: id });
    return { membership: adopted };
  }
  const membership: Standing = {
    id: 0,
    participant_id: pair.participant,
    group_id: pair.group,
    joined_on: from,
    left_on: to,
    enrollment: id,
    extra: {},
    was: null,
  };
  own.push(membership);
  return { membership };
}

/** Ends it: today is his last day, or the enrolment's own last day if that is over. What has not begun is taken away. */
function ended({ today }: Taking, row: Row, own: Standing[]): Taken | { membership: Standing } {
  const { enrollment_id } = row.draft;
  const said = lastDay(row.draft);
  const begun = (each: Standing) => each.enrollment === null && until(each.left_on) > today;
  const mine = own.find((each) => each.enrollment === enrollment_id) ?? own.find(begun);
  if (!mine || mine.gone) return notHere(row.row);
  const last = said !== null && said < today ? said : today;
  if (mine.joined_on > last) {
    mine.gone = true;
    row.warnings.push(isTakenAway(row.row));
  } else if (until(mine.left_on) > last) {
    mine.left_on = last;
    row.warnings.push(endsOn(row.row, last));
  } else return plain(row);
  return { membership: mine };
}

async function writeMemberships({ tx, dryRun }: Taking, all: Standing[]): Promise<Map<Standing, Effect>> {
  const effects = new Map<Standing, Effect>();
  const values = (each: Pick<Standing, 'joined_on' | 'left_on' | 'enrollment'>, extra: Record<string, unknown>) => ({
    joinedOn: each.joined_on,
    leftOn: each.left_on,
    extraData: each.enrollment === null ? extra : { ...extra, enrollment: each.enrollment },
  });
  const link = (each: Standing) => ({ participant: each.participant_id, group: each.group_id });

  // First what is taken away, then what moves, then what is new: no two ever begin on the same day.
  const removed = all.filter((each) => each.gone && each.was);
  const goes = removed.map((each) => ({ id: each.id, ...link(each), ...values(each.was!, each.extra) }));
  if (!dryRun) await deleteRows(tx, GroupMembership, goes);
  removed.forEach((each, at) => {
    const { id, ...before } = goes[at]!;
    effects.set(each, { table: 'group_memberships', record: id, before, after: {}, removed: true });
  });

  const changes = all.flatMap((each) => {
    if (each.gone || !each.was) return [];
    const [before, after] = [values(each.was, each.extra), values(each, each.extra)];
    const names = (Object.keys(after) as (keyof typeof after)[]).filter(
      (name) => !sameValue(before[name], after[name]),
    );
    const pick = (from: typeof after) => Object.fromEntries(names.map((name) => [name, from[name]]));
    return names.length > 0 ? [{ each, id: each.id, before: pick(before), after: pick(after) }] : [];
  });
  if (!dryRun) await updateRows(tx, GroupMembership, changes);
  for (const { each, id, before, after } of changes)
    effects.set(each, { table: 'group_memberships', record: id, before, after });

  const made = all.filter((each) => !each.was && !each.gone);
  const rows = made.map((each) => ({ ...link(each), ...values(each, each.extra) }));
  const ids = dryRun ? [] : await insertRows(tx, GroupMembership, rows);
  made.forEach((each, at) => {
    effects.set(each, { table: 'group_memberships', record: ids[at] ?? 0, before: null, after: rows[at]! });
  });
  return effects;
}

/** Staff works with its classes as long as it is enrolled in them; the days to come are not waited for. */
async function takeWorkers(taking: Taking, workers: { row: Row; user: number; group: number }[]): Promise<Taken[]> {
  const taken: Taken[] = [];
  const active = workers.filter(({ row }) => !row.draft.leaving && until(lastDay(row.draft)) >= taking.today);
  const over = workers.filter(({ row }) => !row.draft.leaving && until(lastDay(row.draft)) < taking.today);
  for (const { row } of over) taken.push(passedOver(row, isOver(row)));

  const assigned = new Map((await assign(taking, active)).map(({ row, effect }) => [row, effect]));
  taken.push(...active.map(({ row }) => takenOf(row, assigned.get(row))));
  // Another enrolment of the same person in the same class keeps him there.
  const stays = new Set(active.map(({ user, group }) => `${user} ${group}`));
  const leaving = workers.filter(({ row, user, group }) => row.draft.leaving && !stays.has(`${user} ${group}`));
  for (const { row } of workers.filter((each) => each.row.draft.leaving && !leaving.includes(each)))
    taken.push(plain(row));
  return [...taken, ...(await unassign(taking, leaving))];
}

async function unassign(
  { tx, dryRun, imagined }: Taking,
  pairs: { row: Row; user: number; group: number }[],
): Promise<Taken[]> {
  const rows = await inSlices(
    pairs.map(({ user }) => user),
    (users) =>
      read<{ id: number; user_id: number; group_id: number }>(
        tx,
        `select a.id, a.user_id, a.group_id from group_assignments a
          where a.organization_id = :organization and a.user_id in (:users) ${dryRun ? '' : lockingRows(tx, 'a')}`,
        { users },
      ),
  );
  const standing = new Map(rows.map((row) => [`${row.user_id} ${row.group_id}`, Number(row.id)]));
  const taken: Taken[] = [];
  const gone: { id: number; user: number; group: number }[] = [];
  for (const { row, user, group } of pairs) {
    const id = standing.get(`${user} ${group}`);
    if (id === undefined || (dryRun && !imagined.link('group_assignments', `gone ${id}`))) {
      taken.push(plain(row));
      continue;
    }
    standing.delete(`${user} ${group}`);
    gone.push({ id, user, group });
    const effect: Effect = {
      table: 'group_assignments',
      record: id,
      before: { user, group },
      after: {},
      removed: true,
    };
    taken.push({ row: row.row, outcome: 'updated', effects: [effect], notes: [isTakenAway(row.row)] });
  }
  if (!dryRun) await deleteRows(tx, GroupAssignment, gone);
  return taken;
}

/** The last day that belongs to it; terms are kept with theirs (oneroster/read-oneroster.ts). */
const lastDay = ({ end_date }: EnrollmentDraft): string | null => end_date && addDays(end_date, -1);

const until = (day: string | null): string => day ?? '9999-12-30';

const overlap = (one: Pick<Membership, 'joined_on' | 'left_on'>, { from, to }: { from: string; to: string | null }) =>
  one.joined_on <= until(to) && until(one.left_on) >= from;

const plain = ({ row }: Row): Taken => ({ row, outcome: 'unchanged', effects: [], notes: [] });

const passedOver = ({ row }: Row, note: RowProblem): Taken => ({ row, outcome: 'skipped', effects: [], notes: [note] });

function missingPerson({ row, draft }: Row): RowProblem {
  if (draft.role === 'student') return missingParticipant(row, 'user_external_id', draft.user_external_id);
  return {
    row,
    field: 'user_external_id',
    code: 'unknown',
    message: 'No user has the id {value}. Import the file with the users first, then this file again.',
    params: { value: shown(draft.user_external_id) },
  };
}

const classIsOff = ({ row, draft }: Row): RowProblem => ({
  row,
  field: 'group_external_id',
  code: 'inactive',
  message: 'The {group} {value} is deactivated, so nobody was enrolled.',
  params: { value: shown(draft.group_external_id.slice('class:'.length)) },
});

const never = ({ row }: Row, day: string): RowProblem => ({
  row,
  field: 'end_date',
  code: 'never',
  message: 'This enrolment ended before its first day ({day}), so nobody was ever there.',
  params: { day },
});

const overlaps = ({ row }: Row, other: Standing): RowProblem => ({
  row,
  field: 'begin_date',
  code: 'taken',
  message: 'In some of these days there is another membership of the same person, from {from} to {to}.',
  params: { from: other.joined_on === ALWAYS ? '…' : other.joined_on, to: other.left_on ?? '…' },
});

const isOver = ({ row, draft }: Row): RowProblem => ({
  row,
  field: 'end_date',
  code: 'over',
  message: 'This enrolment ended on {day}, so nobody was assigned.',
  params: { day: lastDay(draft) ?? '' },
});

const endsOn = (row: number, day: string): RowProblem => ({
  row,
  field: 'status',
  code: 'ended',
  message: 'Marked as deleted in the file: the membership ends on {day}.',
  params: { day },
});

const isTakenAway = (row: number): RowProblem => ({
  row,
  field: 'status',
  code: 'ended',
  message: 'Marked as deleted in the file: this link is taken away.',
  params: {},
});
