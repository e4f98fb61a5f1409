import { randomBytes } from 'node:crypto';
import { type EntityManager } from '@mikro-orm/core';
import { clock } from '../../platform/clock.js';
import { sha256 } from '../../platform/text.js';
import { UserToken } from '../user-token.entity.js';
import { type User } from '../user.entity.js';

export type Purpose = UserToken['purpose'];

/** How long a link can be used. */
const VALID_MS: Record<Purpose, number> = { invitation: 7 * 86_400_000, password_reset: 2 * 3_600_000 };
const PATHS: Record<Purpose, string> = { invitation: '/invitation', password_reset: '/password-reset' };

/** A link that was just made. It is told once; only the hash of its secret is kept. */
export interface UserLink {
  purpose: Purpose;
  /** Path of the page, the secret in it. */
  path: string;
  expiresAt: Date;
}

/** Makes a link for this user, whose row the caller holds. Links of the same purpose that were made before are dead. */
export async function makeLink(tx: EntityManager, user: User, purpose: Purpose): Promise<UserLink> {
  await voidLinks(tx, user, purpose);
  const secret = randomBytes(32).toString('base64url');
  const expiresAt = new Date(clock.now().getTime() + VALID_MS[purpose]);
  tx.create(UserToken, { user: user.id, purpose, tokenHash: sha256(secret), expiresAt });
  return { purpose, path: `${PATHS[purpose]}/${secret}`, expiresAt };
}

/** Makes links useless: of one purpose, or all of this user's. */
export async function voidLinks(tx: EntityManager, user: Pick<User, 'id'>, purpose?: Purpose): Promise<void> {
  const where = { user: user.id, usedAt: null, ...(purpose && { purpose }) };
  for (const link of await tx.find(UserToken, where)) link.usedAt = clock.now();
}
