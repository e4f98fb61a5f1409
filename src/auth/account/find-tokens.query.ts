import { type EntityManager } from '@mikro-orm/core';
import { afterCursor, cursorOf, type PageMeta, type Paging } from '../../platform/http/paging.js';
import { ApiToken } from '../api-token.entity.js';

/** A token as its owner sees it: its text is told once, when it is made. */
export interface TokenJson {
  id: number;
  name: string;
  hint: string;
  scopes: string[];
  expires_at: string;
  last_used_at: string | null;
  revoked_at: string | null;
  created_at: string;
}

export const tokenJson = (token: ApiToken): TokenJson => ({
  id: token.id,
  name: token.name,
  hint: token.hint,
  scopes: token.scopes,
  expires_at: token.expiresAt.toISOString(),
  last_used_at: token.lastUsedAt?.toISOString() ?? null,
  revoked_at: token.revokedAt?.toISOString() ?? null,
  created_at: token.createdAt.toISOString(),
});

/** One page of somebody's tokens, those that ended among them. */
export async function findTokens(
  em: EntityManager,
  user: number,
  paging: Paging,
): Promise<{ data: TokenJson[]; meta: PageMeta }> {
  const rows = await em.find(
    ApiToken,
    { user, id: { $gt: afterCursor(paging.cursor) } },
    {
      orderBy: { id: 'asc' },
      limit: paging.per_page + 1,
      offset: paging.cursor ? 0 : (paging.page - 1) * paging.per_page,
    },
  );
  const data = rows.slice(0, paging.per_page).map(tokenJson);
  const next = rows.length > paging.per_page ? cursorOf(data.at(-1)!.id) : null;
  const total = await em.count(ApiToken, { user });
  return { data, meta: { page: paging.page, per_page: paging.per_page, total, next } };
}

/** The tokens that can be used now, the newest first: at most 50 (CreateToken). */
export const livingTokens = (em: EntityManager, user: number, now: Date): Promise<ApiToken[]> =>
  em.find(ApiToken, { user, revokedAt: null, expiresAt: { $gt: now } }, { orderBy: { id: 'desc' }, limit: 50 });
