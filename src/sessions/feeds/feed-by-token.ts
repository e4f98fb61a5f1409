import { type EntityManager } from '@mikro-orm/core';
import { reachOf, signedInUser, type SignedInUser } from '../../auth/index.js';
import { instant, readAcrossOrganizations } from '../../platform/database/read.js';
import { sha256 } from '../../platform/text.js';

/** A feed that is in use, and the user in whose name it is read. */
export interface OpenFeed {
  id: number;
  group: number | null;
  lastUsedAt: Date | null;
  user: SignedInUser;
}

/** @returns the feed of a token; null when there is none, it was revoked, or its user may not look at sessions any more */
export async function feedByToken(em: EntityManager, token: string): Promise<OpenFeed | null> {
  if (!/^[\w-]{43}$/.test(token)) return null;
  const [row] = await readAcrossOrganizations<{
    id: number;
    user_id: number;
    group_id: number | null;
    last_used_at: number | string | null;
  }>(
    em,
    `select id, user_id, group_id, last_used_at from calendar_feeds where token_hash = :hash and revoked_at is null`,
    { hash: sha256(token) },
  );
  const user = row && (await signedInUser(em, Number(row.user_id)));
  if (!row || !user) return null;
  const reach = reachOf(user.role, 'roster.view', user.organization.settings);
  if (reach === null || reach === 'own') return null;
  const group = row.group_id === null ? null : Number(row.group_id);
  return { id: Number(row.id), group, lastUsedAt: instant(row.last_used_at), user };
}
