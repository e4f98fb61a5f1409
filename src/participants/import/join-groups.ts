import { lockingRows, read } from '../../platform/database/read.js';
import { insertRows, updateRows } from '../../platform/ledger/audited-rows.js';
import { addDays } from '../../tenancy/index.js';
import { ALWAYS, GroupMembership } from '../group-membership.entity.js';
import { inSlices, jsonColumn, type Effect, type Taking } from './taken.js';

/** Somebody who shall be a member of a group. Negative ids exist in a dry run only. */
export interface Pair {
  participant: number;
  group: number;
}

/** What somebody has with a group. */
export interface Membership {
  id: number;
  group_id: number;
  participant_id: number;
  joined_on: string;
  left_on: string | null;
  extra: Record<string, unknown>;
  /** OneRoster's id of the enrolment that it came from. */
  enrollment: string | null;
}

export const keyOf = ({ participant, group }: Pair) => `${participant} ${group}`;

/**
 * Makes each pair a membership that is in force today and goes on. One that does already is left alone; one that ends
 * today or ended yesterday goes on; one that ended earlier is followed by a new one from today on, so that what was
 * stays told. Each lasts until the next one begins, if there is one already.
 * @returns the effect of each pair, null where nothing had to be done (a pair given twice counts once)
 */
export async function joinGroups(taking: Taking, pairs: Pair[]): Promise<(Effect | null)[]> {
  const { tx, dryRun, today } = taking;
  const yesterday = addDays(today, -1);
  const standing = await membershipsOf(taking, pairs);
  const inserts: { at: number; row: Pair & { joinedOn: string; leftOn: string | null } }[] = [];
  const reopened: { at: number; row: Membership; leftOn: string | null }[] = [];
  const seen = new Set<string>();
  pairs.forEach(({ participant, group }, at) => {
    const key = keyOf({ participant, group });
    if (seen.has(key)) return;
    seen.add(key);
    const rows = standing.get(key) ?? [];
    const begun = rows.filter((row) => row.joined_on <= today);
    if (begun.some((row) => row.left_on === null || row.left_on > today)) return;
    const last = begun.find((row) => row.left_on! >= yesterday);
    const next = rows.find((row) => row.joined_on > today);
    const leftOn = next ? addDays(next.joined_on, -1) : null;
    if (last && last.left_on !== leftOn) reopened.push({ at, row: last, leftOn });
    else if (!last)
      inserts.push({
        at,
        row: {
          participant,
          group,
          joinedOn: rows.length > 0 ? today : ALWAYS,
          leftOn,
        },
      });
  });

  const effects: (Effect | null)[] = pairs.map(() => null);
  if (dryRun) {
    // What an earlier row of the file would have joined is joined.
    const isFirst = ({ at }: { at: number }) => taking.imagined.link('group_memberships', keyOf(pairs[at]!));
    inserts.splice(0, inserts.length, ...inserts.filter(isFirst));
    reopened.splice(0, reopened.length, ...reopened.filter(isFirst));
  }
  const ids = dryRun
    ? []
    : await insertRows(
        tx,
        GroupMembership,
        inserts.map(({ row }) => ({ ...row, extraData: {} })),
      );
  inserts.forEach(({ at, row }, index) => {
    effects[at] = { table: 'group_memberships', record: ids[index] ?? 0, before: null, after: { ...row } };
  });
  const changes = reopened.map(({ row, leftOn }) => ({
    id: row.id,
    before: { leftOn: row.left_on },
    after: { leftOn },
  }));
  if (!dryRun) await updateRows(tx, GroupMembership, changes);
  reopened.forEach(({ at }, index) => {
    const { id, before, after } = changes[index]!;
    effects[at] = { table: 'group_memberships', record: id, before, after };
  });
  return effects;
}

/** What these people have with these groups, ended memberships included, the earliest first. */
export async function membershipsOf({ tx, dryRun }: Taking, pairs: Pair[]): Promise<Map<string, Membership[]>> {
  const groups = [...new Set(pairs.map((pair) => pair.group).filter((id) => id > 0))];
  const people = pairs.map((pair) => pair.participant).filter((id) => id > 0);
  const wanted = new Set(pairs.map(keyOf));
  const found = new Map<string, Membership[]>();
  if (groups.length === 0) return found;
  const rows: (Omit<Membership, 'extra' | 'enrollment'> & { extra_data: unknown })[] = [];
  for (let at = 0; at < groups.length; at += 5000)
    rows.push(
      ...(await inSlices(people, (participants) =>
        read<(typeof rows)[number]>(
          tx,
          `select m.id, m.group_id, m.participant_id, m.joined_on, m.left_on, m.extra_data from group_memberships m
            where m.organization_id = :organization and m.participant_id in (:participants) and m.group_id in (:groups)
            ${dryRun ? '' : lockingRows(tx, 'm')}`,
          { participants, groups: groups.slice(at, at + 5000) },
        ),
      )),
    );
  rows.sort((a, b) => (a.joined_on < b.joined_on ? -1 : 1));
  for (const row of rows) {
    const [participant, group] = [Number(row.participant_id), Number(row.group_id)];
    const key = keyOf({ participant, group });
    if (!wanted.has(key)) continue;
    const extra = jsonColumn(row.extra_data);
    const enrollment = typeof extra.enrollment === 'string' ? extra.enrollment : null;
    const { id, joined_on, left_on } = row;
    const membership = { id: Number(id), participant_id: participant, group_id: group, joined_on, left_on };
    found.set(key, [...(found.get(key) ?? []), { ...membership, extra, enrollment }]);
  }
  return found;
}
