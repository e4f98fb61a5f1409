import { type EntityManager } from '@mikro-orm/core';
import { clock } from '../../platform/clock.js';
import { instant, read } from '../../platform/database/read.js';

/** A browser in which somebody is signed in. */
export interface LoginSessionJson {
  id: number;
  device_label: string;
  ip: string;
  created_at: string;
  last_seen_at: string;
  /** Whether it is the one that asks. */
  current: boolean;
}

/** More browsers than this nobody looks through; the newest come first. */
const MOST = 200;

/**
 * The browsers in which a user is signed in now, the one seen last first.
 * @param own SHA-256 of the token of the browser that asks
 * @param idleMinutes after which a sign-in has ended without being used
 */
export async function findLoginSessions(
  em: EntityManager,
  user: number,
  own: string,
  idleMinutes: number,
): Promise<LoginSessionJson[]> {
  const now = clock.now();
  const rows = await read<Record<string, any>>(
    em,
    `select id, device_label, ip, created_at, last_seen_at, token_hash from login_sessions
      where organization_id = :organization and user_id = :user and expires_at > :now and last_seen_at > :idle
      order by last_seen_at desc, id desc limit :most`,
    { user, now, idle: new Date(now.getTime() - idleMinutes * 60_000), most: MOST },
  );
  return rows.map((row) => ({
    id: Number(row.id),
    device_label: row.device_label,
    ip: row.ip,
    created_at: instant(row.created_at as number).toISOString(),
    last_seen_at: instant(row.last_seen_at as number).toISOString(),
    current: row.token_hash === own,
  }));
}
