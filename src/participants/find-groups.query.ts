import { type EntityManager } from '@mikro-orm/core';
import { instant, read, type Parameters } from '../platform/database/read.js';
import { searchCondition } from '../platform/database/search.js';
import { afterCursor, cursorOf, type PageMeta, type Paging } from '../platform/http/paging.js';
import { notFound } from '../platform/http/problem.js';
import { isMember } from './membership.js';
import { inOwnGroups, type OwnGroups, ownGroupsParameters } from './own-groups.js';

/** A group as programs see it: the contract's object. */
export interface GroupJson {
  id: number;
  external_id: string | null;
  parent_id: number | null;
  name: string;
  group_type: string;
  extra_data: Record<string, unknown>;
  is_active: boolean;
  /** Direct members today; people who were deactivated are not counted. */
  member_count: number;
  created_at: string;
  updated_at: string;
}

/** What a list of groups may be narrowed to. */
export interface GroupFilter {
  q?: string | undefined;
  group_type?: string | undefined;
  parent_id?: number | undefined;
  is_active?: boolean | undefined;
}

interface GroupRow {
  id: number;
  external_id: string | null;
  parent_id: number | null;
  name: string;
  group_type: string;
  extra_data: string | Record<string, unknown>;
  is_active: number | boolean;
  member_count: number;
  created_at: number | string | Date;
  updated_at: number | string | Date;
}

/** How many active people are members of group g on `:day`. */
export const MEMBER_COUNT = `(select count(distinct m.participant_id) from group_memberships m
    join participants a on a.organization_id = m.organization_id and a.id = m.participant_id and a.is_active = true
   where m.organization_id = :organization and m.group_id = g.id and ${isMember('m')}) as member_count`;

const COLUMNS = `g.id, g.external_id, g.parent_id, g.name, g.group_type, g.extra_data, g.is_active, g.created_at,
  g.updated_at, ${MEMBER_COUNT}`;

function groupJson(row: GroupRow): GroupJson {
  return {
    id: Number(row.id),
    external_id: row.external_id,
    parent_id: row.parent_id === null ? null : Number(row.parent_id),
    name: row.name,
    group_type: row.group_type,
    extra_data: typeof row.extra_data === 'string' ? JSON.parse(row.extra_data) : row.extra_data,
    is_active: Boolean(row.is_active),
    member_count: Number(row.member_count),
    created_at: instant(row.created_at).toISOString(),
    updated_at: instant(row.updated_at).toISOString(),
  };
}

/** Which groups somebody sees, and which day decides who is a member. */
export interface GroupScope {
  own: OwnGroups;
  today: string;
}

/** One page of groups in the order of their ids (or names). Two statements whatever the size. */
export async function findGroups(
  em: EntityManager,
  filter: GroupFilter,
  paging: Paging,
  scope: GroupScope,
  order: 'id' | 'name' = 'id',
): Promise<{ data: GroupJson[]; meta: PageMeta }> {
  const search = searchCondition('g.sort_name', filter.q);
  const parts = ['g.organization_id = :organization', search.sql, inOwnGroups(scope.own, 'g.id')];
  const parameters: Parameters = { ...search.parameters, ...ownGroupsParameters(scope.own), day: scope.today };
  for (const name of ['group_type', 'parent_id', 'is_active'] as const) {
    const value = filter[name];
    if (value === undefined) continue;
    parts.push(`g.${name} = :${name}`);
    parameters[name] = value;
  }
  const where = parts.join(' and ');
  const rows = await read<GroupRow>(
    em,
    `select ${COLUMNS} from \`groups\` g where ${where} and g.id > :after
      order by ${order === 'name' ? 'g.sort_name, g.id' : 'g.id'} limit :take offset :skip`,
    {
      ...parameters,
      after: afterCursor(paging.cursor),
      take: paging.per_page + 1,
      skip: paging.cursor ? 0 : (paging.page - 1) * paging.per_page,
    },
  );
  const [count] = await read<{ total: number }>(
    em,
    `select count(*) as total from \`groups\` g where ${where}`,
    parameters,
  );
  const data = rows.slice(0, paging.per_page).map(groupJson);
  const next = rows.length > paging.per_page ? cursorOf(data.at(-1)!.id) : null;
  return { data, meta: { page: paging.page, per_page: paging.per_page, total: Number(count!.total), next } };
}

/** @throws Problem 404 */
export async function groupById(em: EntityManager, id: number, today: string): Promise<GroupJson> {
  const [row] = await read<GroupRow>(
    em,
    `select ${COLUMNS} from \`groups\` g where g.organization_id = :organization and g.id = :id`,
    { id, day: today },
  );
  if (!row) throw notFound();
  return groupJson(row);
}
