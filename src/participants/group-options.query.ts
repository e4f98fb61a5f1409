import { type EntityManager } from '@mikro-orm/core';
import { read } from '../platform/database/read.js';
import { inOwnGroups, type OwnGroups, ownGroupsParameters } from './own-groups.js';

/** More than this nobody can choose from in a list; a page then says how to go on. */
export const MOST_OPTIONS = 1000;

/** `[id, text]` for a select; the text names the parent where there is one. */
export type GroupOption = [number, string];

/**
 * The active groups to choose from, by name; one of them stays offered though it is not active.
 * @param also the group that is chosen now
 */
export async function groupOptions(em: EntityManager, own: OwnGroups, also?: number | null): Promise<GroupOption[]> {
  const rows = await read<{ id: number; name: string; parent_name: string | null }>(
    em,
    `select g.id, g.name, x.name as parent_name from \`groups\` g
       left join \`groups\` x on x.organization_id = g.organization_id and x.id = g.parent_id
      where g.organization_id = :organization and (g.is_active = true or g.id = :also) and ${inOwnGroups(own, 'g.id')}
      order by case when g.id = :also then 0 else 1 end, g.sort_name, g.id limit :take`,
    { also: also ?? 0, take: MOST_OPTIONS, ...ownGroupsParameters(own) },
  );
  return rows.map((row) => [Number(row.id), row.parent_name ? `${row.name} (${row.parent_name})` : row.name]);
}
