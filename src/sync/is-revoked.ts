import { type EntityManager } from '@mikro-orm/core';
import { readAcrossOrganizations } from '../platform/database/read.js';

/**
 * Whether this browser was taken out of use by some organization, and nobody of it has signed in on it since. Asked while nobody is signed in: then
 * the device may forget the names that it keeps. It says nothing of whose device it is.
 * @param deviceHash SHA-256 of the device cookie
 */
export async function isRevoked(em: EntityManager, deviceHash: string | null): Promise<boolean> {
  if (deviceHash === null) return false;
  const rows = await readAcrossOrganizations<{ revoked_at: unknown }>(
    em,
    'select revoked_at from sync_clients where device_hash = :device limit 100',
    { device: deviceHash },
  );
  return rows.some((row) => row.revoked_at !== null);
}
