import { type EntityManager } from '@mikro-orm/core';
import { LoginSession } from './login-session.entity.js';

/**
 * Ends login sessions of the organization that is acted for: the next request of those browsers is signed out.
 * @param tokenHashes SHA-256 of each session's token; sessions of another organization are not touched
 * @returns how many were still there
 */
export async function endLoginSessions(tx: EntityManager, tokenHashes: string[]): Promise<number> {
  if (tokenHashes.length === 0) return 0;
  return tx.nativeDelete(LoginSession, { tokenHash: { $in: tokenHashes } });
}
