import { type EntityManager } from '@mikro-orm/core';
import { folded } from '../../platform/database/dialect.js';
import { instant, read, type Parameters } from '../../platform/database/read.js';
import { searchCondition } from '../../platform/database/search.js';
import { afterCursor, cursorOf, type PageMeta, type Paging } from '../../platform/http/paging.js';
import { notFound } from '../../platform/http/problem.js';
import { type Role } from '../permissions.js';
import { type User } from '../user.entity.js';
import { userBonds } from './user-bonds.js';

/** A user as programs see him: the contract's object, and whether he uses a second factor. */
export interface UserJson {
  id: number;
  email: string;
  first_name: string;
  last_name: string;
  role: Role;
  status: User['status'];
  participant_id: number | null;
  last_login_at: string | null;
  group_ids: number[];
  second_factor: boolean;
  created_at: string;
  updated_at: string;
}

export interface UserFilter {
  q?: string | undefined;
  role?: string | undefined;
  status?: string | undefined;
}

type RawTime = number | string | Date;

interface Row {
  id: number;
  email: string;
  first_name: string;
  last_name: string;
  role: Role;
  status: User['status'];
  participant_id: number | null;
  last_login_at: RawTime | null;
  totp_enabled_at: RawTime | null;
  created_at: RawTime;
  updated_at: RawTime;
}

const COLUMNS = `u.id, u.email, u.first_name, u.last_name, u.role, u.status, u.participant_id, u.last_login_at,
  u.totp_enabled_at, u.created_at, u.updated_at`;

/**
 * One page of users. Three statements whatever the size.
 * @param order by id (the contract's order, and the only one for cursors) or by name
 */
export async function findUsers(
  em: EntityManager,
  filter: UserFilter,
  paging: Paging,
  order: 'id' | 'name' = 'id',
): Promise<{ data: UserJson[]; meta: PageMeta }> {
  const search = searchCondition(folded(em, `concat(u.first_name, ' ', u.last_name, ' ', u.email)`), filter.q);
  const parts = ['u.organization_id = :organization', search.sql];
  const parameters: Parameters = { ...search.parameters };
  for (const name of ['role', 'status'] as const) {
    if (filter[name] === undefined) continue;
    parts.push(`u.${name} = :${name}`);
    parameters[name] = filter[name];
  }
  const where = parts.join(' and ');
  const names = `${folded(em, 'u.last_name')}, ${folded(em, 'u.first_name')}, u.id`;
  const rows = await read<Row>(
    em,
    `select ${COLUMNS} from users u where ${where} and u.id > :after
      order by ${order === 'name' ? names : 'u.id'} limit :take offset :skip`,
    {
      ...parameters,
      after: afterCursor(paging.cursor),
      take: paging.per_page + 1,
      skip: paging.cursor ? 0 : (paging.page - 1) * paging.per_page,
    },
  );
  const [count] = await read<{ total: number }>(em, `select count(*) as total from users u where ${where}`, parameters);
  const data = await withGroups(em, rows.slice(0, paging.per_page));
  const next = rows.length > paging.per_page ? cursorOf(data.at(-1)!.id) : null;
  return { data, meta: { page: paging.page, per_page: paging.per_page, total: Number(count!.total), next } };
}

/** @throws Problem 404 */
export async function userById(em: EntityManager, id: number): Promise<UserJson> {
  const rows = await read<Row>(
    em,
    `select ${COLUMNS} from users u where u.organization_id = :organization and u.id = :id`,
    { id },
  );
  const [user] = await withGroups(em, rows);
  if (!user) throw notFound();
  return user;
}

/** @returns how many administrators can sign in */
export async function activeAdministrators(em: EntityManager): Promise<number> {
  const [row] = await read<{ total: number }>(
    em,
    `select count(*) as total from users
      where organization_id = :organization and role = 'administrator' and status = 'active'`,
  );
  return Number(row!.total);
}

async function withGroups(em: EntityManager, rows: Row[]): Promise<UserJson[]> {
  const groups = await userBonds().groupIds(
    em,
    rows.map((row) => Number(row.id)),
  );
  return rows.map((row) => ({
    id: Number(row.id),
    email: row.email,
    first_name: row.first_name,
    last_name: row.last_name,
    role: row.role,
    status: row.status,
    participant_id: row.participant_id === null ? null : Number(row.participant_id),
    last_login_at: instant(row.last_login_at)?.toISOString() ?? null,
    group_ids: groups.get(Number(row.id)) ?? [],
    second_factor: row.totp_enabled_at !== null,
    created_at: instant(row.created_at).toISOString(),
    updated_at: instant(row.updated_at).toISOString(),
  }));
}
