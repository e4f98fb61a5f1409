import { type EntityManager } from '@mikro-orm/core';
import { type RequestHandler } from 'express';
import { clock } from '../../platform/clock.js';
import { instant, readAcrossOrganizations } from '../../platform/database/read.js';
import { isApi } from '../../platform/http/request.js';
import { sha256 } from '../../platform/text.js';
import { type AuthRequest } from '../access.guard.js';
import { ApiToken } from '../api-token.entity.js';
import { signedInUser } from '../signed-in.js';

interface Row {
  id: number;
  user_id: number;
  scopes: string | string[];
  last_used_at: number | string | null;
}

/** last_used_at is renewed at most this often, so that reading does not write. */
const USED_EVERY_MS = 60_000;

/**
 * `Authorization: Bearer <token>`: the request acts as the token's user, no further than its scopes. Where one is sent,
 * the cookie counts for nothing, also when the token is worth nothing. Programs only: pages do not look at it.
 */
export const bearerTokens =
  (em: () => EntityManager): RequestHandler =>
  (request, response, next) => {
    const given = isApi(request) ? /^Bearer(?: +(.*))?$/i.exec(request.headers.authorization?.trim() ?? '') : null;
    if (!given) return next();
    const asked = request as unknown as AuthRequest;
    asked.user = undefined;
    asked.scopes = [];
    take(em(), asked, given[1] ?? '').then((known) => {
      if (!known) response.setHeader('WWW-Authenticate', 'Bearer error="invalid_token"');
      next();
    }, next);
  };

/** Puts the token's user and scopes onto the request. @returns whether the token is worth anything */
async function take(em: EntityManager, request: AuthRequest, token: string): Promise<boolean> {
  const now = clock.now();
  const [row] = await readAcrossOrganizations<Row>(
    em,
    `select id, user_id, scopes, last_used_at from api_tokens
      where token_hash = :hash and revoked_at is null and expires_at > :now`,
    { hash: sha256(token), now },
  );
  const user = row ? await signedInUser(em, Number(row.user_id)) : null;
  if (!row || !user) return false;
  request.user = user;
  request.tokenId = Number(row.id);
  request.scopes = typeof row.scopes === 'string' ? (JSON.parse(row.scopes) as string[]) : row.scopes;
  const usedAt = instant(row.last_used_at);
  if (!usedAt || now.getTime() - usedAt.getTime() >= USED_EVERY_MS)
    await em.nativeUpdate(ApiToken, { id: Number(row.id) }, { lastUsedAt: now }, { filters: false });
  return true;
}
