import { type EntityManager } from '@mikro-orm/core';
import { reachOf, type SignedInUser } from '../auth/index.js';
import { isOwnGroup, ownGroupsOf } from '../participants/index.js';
import { read } from '../platform/database/read.js';

/**
 * Whether somebody who may not act for this group sees it, or did: then what he did is parked (he lost the right), else
 * the group and its sessions do not exist for him. Evidence that he did: marks of his in the group that counted, an assignment to it that was
 * ended, or a role that was changed.
 */
export async function everSaw(tx: EntityManager, user: SignedInUser, group: number): Promise<boolean> {
  if (await sees(tx, user, group)) return true;
  const rows = await read(
    tx,
    `select 1 as yes where exists (
        select 1 from presence_operations o
          join sessions s on s.organization_id = o.organization_id and s.id = o.session_id and s.group_id = :group
         where o.organization_id = :organization and o.author_id = :user
           and o.outcome in ('applied', 'merged', 'conflict'))
      or exists (
        select 1 from audit_logs a
         where a.organization_id = :organization and a.table_name = 'group_assignments' and a.action = 'delete'
           and a.old_values like :assignment_group
           and (a.old_values like :assignment_user or a.old_values like :assignment_user_last))
      or exists (
        select 1 from audit_logs a
         where a.organization_id = :organization and a.table_name = 'users' and a.record_id = :user
           and a.action = 'update' and (a.old_values like '%"role":"administrator"%' or a.old_values like '%"role":"frontline"%'))`,
    {
      group,
      user: user.id,
      assignment_group: `%"group_id":${group},%`,
      assignment_user: `%"user_id":${user.id},%`,
      assignment_user_last: `%"user_id":${user.id}}`,
    },
  );
  return rows.length > 0;
}

async function sees(tx: EntityManager, user: SignedInUser, group: number): Promise<boolean> {
  const reach = reachOf(user.role, 'roster.view', user.organization.settings);
  return reach === 'all' || (reach === 'groups' && (await isOwnGroup(tx, ownGroupsOf(user), group)));
}

/** Whether somebody may see this session's register now. */
export async function seesSession(tx: EntityManager, user: SignedInUser, session: number | null): Promise<boolean> {
  const [row] = await read<{ group_id: number }>(
    tx,
    'select group_id from sessions where organization_id = :organization and id = :session',
    { session },
  );
  return !!row && sees(tx, user, Number(row.group_id));
}
