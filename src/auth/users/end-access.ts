import { type EntityManager } from '@mikro-orm/core';
import { clock } from '../../platform/clock.js';
import { ApiToken } from '../api-token.entity.js';
import { voidLinks } from '../links/user-link.js';
import { LoginSession } from '../login-session.entity.js';
import { type User } from '../user.entity.js';

/**
 * Signs a user out everywhere: the next request of each of his browsers is nobody's.
 * @param except SHA-256 of the one login session that stays: where he acts himself
 * @returns how many there were
 */
export async function endSignIns(tx: EntityManager, user: number, except: string | null = null): Promise<number> {
  return tx.nativeDelete(LoginSession, { user, ...(except && { tokenHash: { $ne: except } }) });
}

type Ending = (tx: EntityManager, user: number) => Promise<void>;
const endings = new Set<Ending>();

/** A module says what else lets somebody in, and ends it with his access. */
export function whenAccessEnds(ending: Ending): void {
  endings.add(ending);
}

/** Takes everything away by which this user could come in: sign-ins, links, tokens of integrations, and what other modules gave. */
export async function endAccess(tx: EntityManager, user: Pick<User, 'id'>): Promise<void> {
  await endSignIns(tx, user.id);
  await voidLinks(tx, user);
  for (const token of await tx.find(ApiToken, { user: user.id, revokedAt: null })) token.revokedAt = clock.now();
  for (const ending of endings) await ending(tx, user.id);
}
