import { type EntityManager } from '@mikro-orm/core';
import { read } from '../platform/database/read.js';
import { membershipDays } from './find-members.query.js';
import { isMember } from './membership.js';

/** The tree is not followed deeper than this. */
const DEEPEST = 12;

/**
 * How many different people are members of the groups below each of these: one statement for a whole page of groups.
 * @returns nothing for a group without any below it
 */
export async function peopleBelow(em: EntityManager, groups: number[], day: string): Promise<Map<number, number>> {
  if (groups.length === 0) return new Map();
  const rows = await read<{ root: number; people: number }>(
    em,
    `with recursive below(root, id, depth) as (
       select g.parent_id, g.id, 1 from \`groups\` g
        where g.organization_id = :organization and g.parent_id in (:groups) and g.is_active = true
       union all
       select b.root, g.id, b.depth + 1 from below b
         join \`groups\` g on g.organization_id = :organization and g.parent_id = b.id and g.is_active = true
        where b.depth < ${DEEPEST})
     select b.root, count(distinct a.id) as people from below b
       left join group_memberships m on m.organization_id = :organization and m.group_id = b.id and ${isMember('m')}
       left join participants a on a.organization_id = :organization and a.id = m.participant_id and a.is_active = true
      group by b.root`,
    { groups, day },
  );
  return new Map(rows.map((row) => [Number(row.root), Number(row.people)]));
}

/** More than this a page does not name. */
const NAMED = 100;

/** Who works with a group: the users that it is assigned to, by name. */
export async function assignedUsers(em: EntityManager, group: number): Promise<{ id: number; name: string }[]> {
  const rows = await read<{ id: number; first_name: string; last_name: string }>(
    em,
    `select u.id, u.first_name, u.last_name from group_assignments a
       join users u on u.organization_id = a.organization_id and u.id = a.user_id and u.status <> 'disabled'
      where a.organization_id = :organization and a.group_id = :group
      order by u.last_name, u.first_name, u.id limit ${NAMED}`,
    { group },
  );
  return rows.map((row) => ({ id: Number(row.id), name: `${row.first_name} ${row.last_name}`.trim() }));
}

/** All memberships of one person in one group, the newest first. */
export async function membershipsOf(
  em: EntityManager,
  group: number,
  participant: number,
): Promise<{ joined_on: string | null; left_on: string | null }[]> {
  const rows = await read<{ joined_on: string; left_on: string | null }>(
    em,
    `select m.joined_on, m.left_on from group_memberships m
      where m.organization_id = :organization and m.group_id = :group and m.participant_id = :participant
      order by m.joined_on desc`,
    { group, participant },
  );
  return rows.map(membershipDays);
}
