import { type EntityManager } from '@mikro-orm/core';
import { instant, read } from '../../platform/database/read.js';

type RawTime = number | string | Date;

/** The addresses of a user that are in use, with what each shows. */
export async function ownFeeds(em: EntityManager, user: number) {
  const rows = await read<{
    id: number;
    group_id: number | null;
    group_name: string | null;
    created_at: RawTime;
    last_used_at: RawTime | null;
  }>(
    em,
    `select f.id, f.group_id, g.name as group_name, f.created_at, f.last_used_at from calendar_feeds f
       left join \`groups\` g on g.organization_id = f.organization_id and g.id = f.group_id
      where f.organization_id = :organization and f.user_id = :user and f.revoked_at is null order by f.id limit 100`,
    { user },
  );
  return rows.map((row) => ({
    id: Number(row.id),
    group_id: row.group_id === null ? null : Number(row.group_id),
    group_name: row.group_name,
    created_at: instant(row.created_at),
    last_used_at: instant(row.last_used_at),
  }));
}
