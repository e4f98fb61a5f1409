import { type EntityManager } from '@mikro-orm/core';
import { read } from '../../platform/database/read.js';

/** A closing day as planning needs it. */
export interface Closure {
  id: number;
  name: string;
  from_on: string;
  to_on: string;
  group_id: number | null;
}

/** Which closing day keeps a group from meeting on a local day. */
export type Closures = (group: number, day: string) => Closure | undefined;

/**
 * The closing days of some groups within a time: those of the organization, and those of a group or of one above it.
 * Two statements for up to 500 groups.
 * @param from first local day; `to` is the last one
 */
export async function closuresOf(em: EntityManager, groups: number[], from: string, to: string): Promise<Closures> {
  const rows = await read<Closure>(
    em,
    `select id, name, from_on, to_on, group_id from closing_days
      where organization_id = :organization and to_on >= :from and from_on <= :to order by from_on, id`,
    { from, to },
  );
  const closures = rows.map((row) => ({
    ...row,
    id: Number(row.id),
    group_id: row.group_id === null ? null : Number(row.group_id),
  }));
  const above = closures.some((each) => each.group_id !== null) ? await groupsAbove(em, groups) : new Map();
  return (group, day) =>
    closures.find(
      (each) =>
        each.from_on <= day &&
        day <= each.to_on &&
        (each.group_id === null || each.group_id === group || above.get(group)?.has(each.group_id)),
    );
}

/** @returns for each group the groups above it in the tree */
async function groupsAbove(em: EntityManager, groups: number[]): Promise<Map<number, Set<number>>> {
  const above = new Map<number, Set<number>>();
  const all = [...new Set(groups)];
  for (let at = 0; at < all.length; at += 500)
    for (const row of await read<{ below: number; id: number }>(
      em,
      `with recursive up(below, id, depth) as (
         select g.id, g.parent_id, 1 from \`groups\` g where g.organization_id = :organization and g.id in (:groups)
         union all
         select up.below, g.parent_id, up.depth + 1 from up
           join \`groups\` g on g.organization_id = :organization and g.id = up.id where up.depth < 20)
       select below, id from up where id is not null`,
      { groups: all.slice(at, at + 500) },
    )) {
      const set = above.get(Number(row.below)) ?? new Set<number>();
      above.set(Number(row.below), set.add(Number(row.id)));
    }
  return above;
}
