import { type EntityManager } from '@mikro-orm/core';
import { read } from '../platform/database/read.js';
import { onRegister } from './membership.js';

/** How many people are on the register of each of these groups on a day: one statement for a whole page of sessions. */
export async function memberCounts(em: EntityManager, groups: number[], day: string): Promise<Map<number, number>> {
  if (groups.length === 0) return new Map();
  const rows = await read<{ group_id: number; people: number }>(
    em,
    `select m.group_id, count(distinct m.participant_id) as people from group_memberships m
       join participants a on a.organization_id = m.organization_id and a.id = m.participant_id and a.is_active = true
      where m.organization_id = :organization and m.group_id in (:groups) and ${onRegister('m')}
      group by m.group_id`,
    { groups: [...new Set(groups)], day },
  );
  return new Map(rows.map((row) => [Number(row.group_id), Number(row.people)]));
}
