import { lockingRows, read } from '../../platform/database/read.js';
import { insertRows, updateRows } from '../../platform/ledger/audited-rows.js';
import { addDays } from '../../tenancy/index.js';
import { ALWAYS, GroupMembership } from '../group-membership.entity.js';
import { inSlices, type Effect, type Taking } from './taken.js';

/** Somebody who shall be a member of a group. Negative ids exist in a dry run only. */
export interface Pair {
  participant: number;
  group: number;
}

interface Row {
  id: number;
  group_id: number;
  participant_id: number;
  joined_on: string;
  left_on: string | null;
}

const keyOf = ({ participant, group }: Pair) => `${participant} ${group}`;

/**
 * Makes each pair a membership that is in force today and goes on. One that does already is left alone; one that ends
 * today or ended yesterday goes on; one that ended earlier is followed by a new one from today on, so that what was
 * stays told.
 * @returns the effect of each pair, null where nothing had to be done (a pair given twice counts once)
 */
export async function joinGroups(taking: Taking, pairs: Pair[]): Promise<(Effect | null)[]> {
  const { tx, dryRun, today } = taking;
  const yesterday = addDays(today, -1);
  const standing = await membershipsOf(taking, pairs);
  const inserts: { at: number; row: Pair & { joinedOn: string; leftOn: string | null } }[] = [];
  const reopened: { at: number; row: Row }[] = [];
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
    if (last && !next) reopened.push({ at, row: last });
    else if (!last)
      inserts.push({
        at,
        row: {
          participant,
          group,
          joinedOn: rows.length > 0 ? today : ALWAYS,
          leftOn: next ? addDays(next.joined_on, -1) : null,
        },
      });
  });

  const effects: (Effect | null)[] = pairs.map(() => null);
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
  const changes = reopened.map(({ row }) => ({ id: row.id, before: { leftOn: row.left_on }, after: { leftOn: null } }));
  if (!dryRun) await updateRows(tx, GroupMembership, changes);
  reopened.forEach(({ at }, index) => {
    const { id, before, after } = changes[index]!;
    effects[at] = { table: 'group_memberships', record: id, before, after };
  });
  return effects;
}

/** What these people have with these groups, ended memberships included. */
async function membershipsOf({ tx, dryRun }: Taking, pairs: Pair[]): Promise<Map<string, Row[]>> {
  const groups = [...new Set(pairs.map((pair) => pair.group).filter((id) => id > 0))];
  const people = pairs.map((pair) => pair.participant).filter((id) => id > 0);
  const wanted = new Set(pairs.map(keyOf));
  const found = new Map<string, Row[]>();
  if (groups.length === 0) return found;
  const rows: Row[] = [];
  for (let at = 0; at < groups.length; at += 5000)
    rows.push(
      ...(await inSlices(people, (participants) =>
        read<Row>(
          tx,
          `select m.id, m.group_id, m.participant_id, m.joined_on, m.left_on from group_memberships m
            where m.organization_id = :organization and m.participant_id in (:participants) and m.group_id in (:groups)
            ${dryRun ? '' : lockingRows(tx, 'm')}`,
          { participants, groups: groups.slice(at, at + 5000) },
        ),
      )),
    );
  rows.sort((a, b) => (a.joined_on < b.joined_on ? -1 : 1));
  for (const row of rows) {
    const key = keyOf({ participant: Number(row.participant_id), group: Number(row.group_id) });
    if (wanted.has(key)) found.set(key, [...(found.get(key) ?? []), { ...row, id: Number(row.id) }]);
  }
  return found;
}
