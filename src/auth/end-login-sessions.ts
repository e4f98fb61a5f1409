import { type EntityManager } from '@mikro-orm/core';
import { LoginSession } from './login-session.entity.js';

/**
 * Notes in which browser a login session is, for one that began before the browser had its device cookie.
 * @param tokenHash SHA-256 of the session's token @param deviceHash SHA-256 of the device cookie
 */
export async function noteDevice(tx: EntityManager, tokenHash: string, deviceHash: string): Promise<void> {
  await tx.nativeUpdate(LoginSession, { tokenHash, deviceHash: null }, { deviceHash });
}

/**
 * Ends login sessions of the organization that is acted for: the next request of those browsers is signed out.
 * @param tokenHashes SHA-256 of each session's token; sessions of another organization are not touched
 * @param deviceHash SHA-256 of a device cookie: whoever signed in on that device is signed out too
 * @returns how many were still there
 */
export async function endLoginSessions(tx: EntityManager, tokenHashes: string[], deviceHash: string): Promise<number> {
  return tx.nativeDelete(LoginSession, { $or: [{ tokenHash: { $in: tokenHashes } }, { deviceHash }] });
}
