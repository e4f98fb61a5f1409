import { type EntityManager } from '@mikro-orm/core';
import { inOwnGroups, memberCounts, type OwnGroups, ownGroupsParameters } from '../participants/index.js';
import { instant, read, type Parameters } from '../platform/database/read.js';
import { searchCondition } from '../platform/database/search.js';
import { dayOf } from '../tenancy/index.js';
import { type Session } from './session.entity.js';

/** A session as lists on pages show it: one line. */
export interface SessionLine {
  id: number;
  name: string;
  location: string | null;
  group_id: number;
  group_name: string;
  starts_at: Date;
  ends_at: Date;
  status: Session['status'];
  locked: boolean;
  completed: boolean;
  /** How many people are on the group's register that day. */
  people: number;
  /** How many of its marks contradict each other; absent where nobody asked. */
  disputed?: number;
}

type RawTime = number | string | Date;
interface Row {
  id: number;
  name: string;
  location: string | null;
  group_id: number;
  group_name: string;
  scheduled_start_at: RawTime;
  scheduled_end_at: RawTime;
  status: Session['status'];
  locked_at: RawTime | null;
  register_completed_at: RawTime | null;
}

/** Who asks: his groups, and the time zone that decides which day a session belongs to. */
export interface Viewer {
  own: OwnGroups;
  userId: number;
  timeZone: string;
}

const TABLES = `from sessions s join \`groups\` g on g.organization_id = s.organization_id and g.id = s.group_id
  where s.organization_id = :organization`;

/**
 * Sessions as lines, and the people of each: two statements for a list of one day, whatever its size.
 * @param where a condition on sessions s and groups g
 * @param order what is assigned to the asking user can come first: see MINE_FIRST
 */
export async function sessionLines(
  em: EntityManager,
  viewer: Viewer,
  where: string,
  parameters: Parameters,
  slice: { take: number; skip?: number },
  order = 's.scheduled_start_at, g.sort_name, s.id',
): Promise<SessionLine[]> {
  const rows = await read<Row>(
    em,
    `select s.id, s.name, s.location, s.group_id, g.name as group_name, s.scheduled_start_at, s.scheduled_end_at, s.status,
            s.locked_at, s.register_completed_at
       ${TABLES} and ${inOwnGroups(viewer.own, 's.group_id')} and (${where}) order by ${order} limit :take offset :skip`,
    {
      ...parameters,
      ...ownGroupsParameters(viewer.own),
      me: viewer.userId,
      take: slice.take,
      skip: slice.skip ?? 0,
    },
  );
  const lines = rows.map((row) => ({
    id: Number(row.id),
    name: row.name,
    location: row.location,
    group_id: Number(row.group_id),
    group_name: row.group_name,
    starts_at: instant(row.scheduled_start_at),
    ends_at: instant(row.scheduled_end_at),
    status: row.status,
    locked: row.locked_at !== null,
    completed: row.register_completed_at !== null,
    people: 0,
  }));
  for (const [day, ofDay] of Map.groupBy(lines, (line) => dayOf(line.starts_at, viewer.timeZone))) {
    const counts = await memberCounts(
      em,
      ofDay.map((line) => line.group_id),
      day,
    );
    for (const line of ofDay) line.people = counts.get(line.group_id) ?? 0;
  }
  return lines;
}

/** For `order`: the groups that are assigned to the asking user, then the others. */
export const MINE_FIRST = `case when exists (select 1 from group_assignments mga where mga.organization_id = :organization
  and mga.user_id = :me and mga.group_id = s.group_id) then 0 else 1 end`;

/** How many sessions fit. */
export async function countSessions(
  em: EntityManager,
  viewer: Viewer,
  where: string,
  parameters: Parameters,
): Promise<number> {
  const [count] = await read<{ total: number }>(
    em,
    `select count(*) as total ${TABLES} and ${inOwnGroups(viewer.own, 's.group_id')} and (${where})`,
    { ...parameters, ...ownGroupsParameters(viewer.own) },
  );
  return Number(count!.total);
}

/** What lists of sessions may be narrowed to. */
export interface LineFilter {
  q?: string | undefined;
  group?: number | undefined;
  location?: string | undefined;
}

/** The sessions that begin on a day, or between any two instants, one page of them. */
export async function sessionsBetween(
  em: EntityManager,
  viewer: Viewer,
  bounds: { from: Date; to: Date },
  filter: LineFilter,
  paging: { page: number; per_page: number },
): Promise<{ lines: SessionLine[]; total: number }> {
  const byGroup = searchCondition('g.sort_name', filter.q);
  const byName = byGroup.sql.replaceAll('g.sort_name', 'lower(s.name)');
  const group = filter.group === undefined ? '' : 'and s.group_id = :group';
  const location = filter.location === undefined ? '' : 'and hex(s.location) = hex(:location)';
  const where = `s.scheduled_start_at >= :from and s.scheduled_start_at < :to ${group} ${location} and ((${byGroup.sql}) or (${byName}))`;
  const parameters = {
    ...bounds,
    ...byGroup.parameters,
    ...(filter.group === undefined ? {} : { group: filter.group }),
    ...(filter.location === undefined ? {} : { location: filter.location }),
  };
  const slice = { take: paging.per_page, skip: (paging.page - 1) * paging.per_page };
  const lines = await sessionLines(em, viewer, where, parameters, slice);
  return { lines, total: await countSessions(em, viewer, where, parameters) };
}
