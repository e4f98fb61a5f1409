import { type EntityManager } from '@mikro-orm/core';
import { instant, read, type Parameters } from '../platform/database/read.js';
import { searchCondition } from '../platform/database/search.js';
import { afterCursor, cursorOf, type PageMeta, type Paging } from '../platform/http/paging.js';
import { notFound } from '../platform/http/problem.js';
import { amongOwnPeople, type OwnGroups, ownGroupsParameters } from './own-groups.js';
import { isMember } from './membership.js';

/** A participant as programs see it: the contract's object. */
export interface ParticipantJson {
  id: number;
  external_id: string | null;
  first_name: string;
  last_name: string;
  identifier: string | null;
  date_of_birth: string | null;
  email: string | null;
  phone: string | null;
  extra_data: Record<string, unknown>;
  is_active: boolean;
  created_at: string;
  updated_at: string;
}

/** What a list of participants may be narrowed to. */
export interface ParticipantFilter {
  q?: string | undefined;
  /** Only members of this group. */
  group_id?: number | undefined;
  /** Everybody but the members of this group. */
  not_in_group?: number | undefined;
  is_active?: boolean | undefined;
  identifier?: string | undefined;
}

type RawTime = number | string | Date;

export interface ParticipantRow {
  id: number;
  external_id: string | null;
  first_name: string;
  last_name: string;
  identifier: string | null;
  date_of_birth: string | null;
  email: string | null;
  phone: string | null;
  extra_data: string | Record<string, unknown>;
  is_active: number | boolean;
  created_at: RawTime;
  updated_at: RawTime;
}

/** Columns of participants p that `participantJson` needs. */
export const PARTICIPANT_COLUMNS = `p.id, p.external_id, p.first_name, p.last_name, p.identifier, p.date_of_birth,
  p.email, p.phone, p.extra_data, p.is_active, p.created_at, p.updated_at`;

export function participantJson(row: ParticipantRow): ParticipantJson {
  return {
    id: Number(row.id),
    external_id: row.external_id,
    first_name: row.first_name,
    last_name: row.last_name,
    identifier: row.identifier,
    date_of_birth: row.date_of_birth === null ? null : String(row.date_of_birth).slice(0, 10),
    email: row.email,
    phone: row.phone,
    extra_data: typeof row.extra_data === 'string' ? JSON.parse(row.extra_data) : row.extra_data,
    is_active: Boolean(row.is_active),
    created_at: instant(row.created_at).toISOString(),
    updated_at: instant(row.updated_at).toISOString(),
  };
}

/**
 * One page of participants. Two statements whatever the size.
 * @param today the organization's day, for who is a member of a group
 * @param order by id (the contract's order, and the only one for cursors) or by name
 */
export async function findParticipants(
  em: EntityManager,
  filter: ParticipantFilter,
  paging: Paging,
  scope: { own: OwnGroups; today: string },
  order: 'id' | 'name' = 'id',
): Promise<{ data: ParticipantJson[]; meta: PageMeta }> {
  const search = searchCondition('p.search_text', filter.q);
  const parts = ['p.organization_id = :organization', search.sql, amongOwnPeople(scope.own, 'p.id')];
  const parameters: Parameters = { ...search.parameters, ...ownGroupsParameters(scope.own), day: scope.today };
  if (filter.is_active !== undefined) {
    parts.push('p.is_active = :is_active');
    parameters.is_active = filter.is_active;
  }
  if (filter.identifier !== undefined) {
    parts.push('p.identifier = :identifier');
    parameters.identifier = filter.identifier;
  }
  for (const [name, word] of [
    ['group_id', 'exists'],
    ['not_in_group', 'not exists'],
  ] as const) {
    if (filter[name] === undefined) continue;
    parts.push(`${word} (select 1 from group_memberships m where m.organization_id = :organization
      and m.group_id = :${name} and m.participant_id = p.id and ${isMember('m')})`);
    parameters[name] = filter[name];
  }
  const where = parts.join(' and ');
  const rows = await read<ParticipantRow>(
    em,
    `select ${PARTICIPANT_COLUMNS} from participants p where ${where} and p.id > :after
      order by ${order === 'name' ? 'p.sort_name, p.id' : 'p.id'} limit :take offset :skip`,
    {
      ...parameters,
      after: afterCursor(paging.cursor),
      take: paging.per_page + 1,
      skip: paging.cursor ? 0 : (paging.page - 1) * paging.per_page,
    },
  );
  const [count] = await read<{ total: number }>(
    em,
    `select count(*) as total from participants p where ${where}`,
    parameters,
  );
  const data = rows.slice(0, paging.per_page).map(participantJson);
  const next = rows.length > paging.per_page ? cursorOf(data.at(-1)!.id) : null;
  return { data, meta: { page: paging.page, per_page: paging.per_page, total: Number(count!.total), next } };
}

/** @throws Problem 404 */
export async function participantById(em: EntityManager, id: number): Promise<ParticipantJson> {
  const [row] = await read<ParticipantRow>(
    em,
    `select ${PARTICIPANT_COLUMNS} from participants p where p.organization_id = :organization and p.id = :id`,
    { id },
  );
  if (!row) throw notFound();
  return participantJson(row);
}
