import { type EntityManager } from '@mikro-orm/core';
import { inOwnGroups, type OwnGroups, ownGroupsParameters } from '../participants/index.js';
import { instant, read, type Parameters } from '../platform/database/read.js';
import { afterCursor, cursorOf, type PageMeta, type Paging } from '../platform/http/paging.js';
import { notFound } from '../platform/http/problem.js';
import { type Session } from './session.entity.js';
import { sessionJson } from './session-json.js';

export type SessionJson = ReturnType<typeof sessionJson>;

/** What a list of sessions may be narrowed to. Times compare with the scheduled start. */
export interface SessionFilter {
  group_id?: number | undefined;
  status?: Session['status'] | undefined;
  location?: string | undefined;
  /** Inclusive. */
  from?: Date | undefined;
  /** Exclusive. */
  to?: Date | undefined;
}

type RawTime = number | string | Date;

/** A row of sessions s, as the driver gives it. */
export interface SessionRow {
  id: number;
  group_id: number;
  name: string;
  location: string | null;
  scheduled_start_at: RawTime;
  scheduled_end_at: RawTime;
  actual_start_at: RawTime | null;
  actual_end_at: RawTime | null;
  status: Session['status'];
  locked_at: RawTime | null;
  register_completed_at: RawTime | null;
  series_id: number | null;
  extra_data: string | Record<string, unknown>;
  created_at: RawTime;
  updated_at: RawTime;
}

export const SESSION_COLUMNS = `s.id, s.group_id, s.name, s.location, s.scheduled_start_at, s.scheduled_end_at,
  s.actual_start_at, s.actual_end_at, s.status, s.locked_at, s.register_completed_at, s.series_id, s.extra_data,
  s.created_at, s.updated_at`;

const rowJson = (row: SessionRow): SessionJson =>
  sessionJson({
    id: Number(row.id),
    group: Number(row.group_id),
    name: row.name,
    location: row.location,
    scheduledStartAt: instant(row.scheduled_start_at),
    scheduledEndAt: instant(row.scheduled_end_at),
    actualStartAt: instant(row.actual_start_at),
    actualEndAt: instant(row.actual_end_at),
    status: row.status,
    lockedAt: instant(row.locked_at),
    registerCompletedAt: instant(row.register_completed_at),
    seriesId: row.series_id === null ? null : Number(row.series_id),
    extraData: typeof row.extra_data === 'string' ? JSON.parse(row.extra_data) : row.extra_data,
    createdAt: instant(row.created_at),
    updatedAt: instant(row.updated_at),
  } as Session);

/** One page of sessions in the order of their ids. Two statements whatever the size. */
export async function findSessions(
  em: EntityManager,
  filter: SessionFilter,
  paging: Paging,
  own: OwnGroups,
): Promise<{ data: SessionJson[]; meta: PageMeta }> {
  const parts = ['s.organization_id = :organization', inOwnGroups(own, 's.group_id')];
  const parameters: Parameters = { ...ownGroupsParameters(own) };
  const add = (name: keyof SessionFilter, sql: string) => {
    const value = filter[name];
    if (value === undefined) return;
    parts.push(sql);
    parameters[name] = value;
  };
  add('group_id', 's.group_id = :group_id');
  add('status', 's.status = :status');
  // Byte for byte: what counts as the same place must not hang on a collation.
  add('location', 'hex(s.location) = hex(:location)');
  add('from', 's.scheduled_start_at >= :from');
  add('to', 's.scheduled_start_at < :to');
  const where = parts.join(' and ');
  const rows = await read<SessionRow>(
    em,
    `select ${SESSION_COLUMNS} from sessions s where ${where} and s.id > :after order by s.id limit :take offset :skip`,
    {
      ...parameters,
      after: afterCursor(paging.cursor),
      take: paging.per_page + 1,
      skip: paging.cursor ? 0 : (paging.page - 1) * paging.per_page,
    },
  );
  const [count] = await read<{ total: number }>(
    em,
    `select count(*) as total from sessions s where ${where}`,
    parameters,
  );
  const data = rows.slice(0, paging.per_page).map(rowJson);
  const next = rows.length > paging.per_page ? cursorOf(data.at(-1)!.id) : null;
  return { data, meta: { page: paging.page, per_page: paging.per_page, total: Number(count!.total), next } };
}

/** @returns these sessions in the order of their ids */
export async function sessionsByIds(em: EntityManager, ids: number[]): Promise<SessionJson[]> {
  if (ids.length === 0) return [];
  const rows = await read<SessionRow>(
    em,
    `select ${SESSION_COLUMNS} from sessions s where s.organization_id = :organization and s.id in (:ids) order by s.id`,
    { ids },
  );
  return rows.map(rowJson);
}

/** @throws Problem 404 */
export async function sessionById(em: EntityManager, id: number): Promise<SessionJson> {
  const [row] = await read<SessionRow>(
    em,
    `select ${SESSION_COLUMNS} from sessions s where s.organization_id = :organization and s.id = :id`,
    { id },
  );
  if (!row) throw notFound();
  return rowJson(row);
}
