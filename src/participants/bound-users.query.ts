import { type EntityManager } from '@mikro-orm/core';
import { read } from '../platform/database/read.js';

/** More than this nobody can choose from in a list: the page of the user has all groups. */
const MOST_OFFERED = 500;

/** `[id, text]` of the frontline users who could work with a group and do not yet, by name. */
export async function usersToAssign(em: EntityManager, group: number): Promise<[number, string][]> {
  const rows = await read<{ id: number; first_name: string; last_name: string; email: string }>(
    em,
    `select u.id, u.first_name, u.last_name, u.email from users u
      where u.organization_id = :organization and u.role = 'frontline' and u.status <> 'disabled'
        and not exists (select 1 from group_assignments a
          where a.organization_id = :organization and a.user_id = u.id and a.group_id = :group)
      order by u.last_name, u.first_name, u.id limit ${MOST_OFFERED}`,
    { group },
  );
  return rows.map(({ id, first_name, last_name, email }) => [
    Number(id),
    `${first_name} ${last_name} (${email})`.trim(),
  ]);
}

/** Who signs in as a participant: the users that are tied to him and not disabled. */
export async function usersOf(em: EntityManager, participant: number): Promise<{ id: number; email: string }[]> {
  const rows = await read<{ id: number; email: string }>(
    em,
    `select u.id, u.email from users u
      where u.organization_id = :organization and u.participant_id = :participant and u.status <> 'disabled'
      order by u.id limit 20`,
    { participant },
  );
  return rows.map((row) => ({ id: Number(row.id), email: row.email }));
}
