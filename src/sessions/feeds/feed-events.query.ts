import { type EntityManager } from '@mikro-orm/core';
import { inOwnGroups, type OwnGroups, ownGroupsParameters } from '../../participants/index.js';
import { instant, read } from '../../platform/database/read.js';
import { type FeedEvent } from './calendar-text.js';

const PAST_DAYS = 30;
const AHEAD_DAYS = 180;
const DAY_MS = 86_400_000;
/** A calendar program takes no more; a group's feed narrows it. */
const MOST = 5000;

type RawTime = number | string | Date;

/** What a feed shows: the sessions around today that its user may see at this moment. One statement. */
export async function feedEvents(
  em: EntityManager,
  own: OwnGroups,
  group: number | null,
  now: Date,
): Promise<FeedEvent[]> {
  // Whole days, so that the same plan is the same text all day long.
  const today = Math.floor(now.getTime() / DAY_MS) * DAY_MS;
  const rows = await read<{
    id: number;
    name: string;
    location: string | null;
    group_name: string;
    scheduled_start_at: RawTime;
    scheduled_end_at: RawTime;
    status: string;
    updated_at: RawTime;
  }>(
    em,
    `select s.id, s.name, s.location, g.name as group_name, s.scheduled_start_at, s.scheduled_end_at, s.status, s.updated_at
       from sessions s join \`groups\` g on g.organization_id = s.organization_id and g.id = s.group_id
      where s.organization_id = :organization and s.scheduled_start_at >= :from and s.scheduled_start_at < :to
        ${group === null ? '' : 'and s.group_id = :group'} and ${inOwnGroups(own, 's.group_id')}
      order by s.scheduled_start_at, s.id limit :take`,
    {
      from: new Date(today - PAST_DAYS * DAY_MS),
      to: new Date(today + AHEAD_DAYS * DAY_MS),
      take: MOST,
      ...(group === null ? {} : { group }),
      ...ownGroupsParameters(own),
    },
  );
  return rows.map((row) => ({
    id: Number(row.id),
    name: row.name,
    location: row.location,
    group_name: row.group_name,
    starts_at: instant(row.scheduled_start_at),
    ends_at: instant(row.scheduled_end_at),
    cancelled: row.status === 'cancelled',
    changed_at: instant(row.updated_at),
  }));
}
