import { type EntityManager } from '@mikro-orm/core';
import { Store, type SessionData } from 'express-session';
import { clock } from '../platform/clock.js';
import { instant, lockingRows, readAcrossOrganizations } from '../platform/database/read.js';
import { transact } from '../platform/database/transaction.js';
import { sha256 } from '../platform/text.js';
import { LoginSession } from './login-session.entity.js';
import { invalidCredentials, proofOf } from './sign-in.js';

declare module 'express-session' {
  interface SessionData {
    passport?: { user?: number };
    /** The tenant of the signed-in user; a session without it is never stored. */
    organizationId?: number;
    deviceLabel?: string;
    deviceHash?: string | null;
    ip?: string;
    /** Of a session that begins: the password that was proven (sign-in.ts). It is looked at, and not kept. */
    proof?: string | undefined;
  }
}

interface Row {
  id: number;
  data: string;
  expires_at: number | string;
  last_seen_at: number | string;
}

/** last_seen_at is renewed at most this often, so that reading a page does not write. */
const SEEN_EVERY_MS = 60_000;

/**
 * Keeps login sessions in our own table. The cookie's token is stored as its hash only. Expiry is decided here, on every
 * read: idle (since last seen) and absolute (since signing in).
 */
export class LoginSessionStore extends Store {
  constructor(
    private readonly em: () => EntityManager,
    private readonly idleMinutes: number,
    private readonly maxHours: number,
  ) {
    super();
  }

  override get(token: string, done: (error: unknown, data?: SessionData | null) => void): void {
    void this.find(token).then(
      (data) => done(null, data),
      (error) => done(error),
    );
  }

  private async find(token: string): Promise<SessionData | null> {
    const em = this.em();
    const [row] = await readAcrossOrganizations<Row>(
      em,
      'select id, data, expires_at, last_seen_at from login_sessions where token_hash = :hash',
      { hash: sha256(token) },
    );
    if (!row) return null;
    const now = clock.now().getTime();
    const lastSeenAt = instant(row.last_seen_at).getTime();
    if (now >= instant(row.expires_at).getTime() || now >= lastSeenAt + this.idleMinutes * 60_000) {
      await this.remove(token);
      return null;
    }
    if (now - lastSeenAt >= SEEN_EVERY_MS)
      await em.nativeUpdate(LoginSession, { id: Number(row.id) }, { lastSeenAt: clock.now() }, { filters: false });
    return JSON.parse(row.data) as SessionData;
  }

  override set(token: string, data: SessionData, done?: (error?: unknown) => void): void {
    void this.keep(token, data).then(
      () => done?.(),
      (error) => done?.(error),
    );
  }

  private async keep(token: string, { proof, ...data }: SessionData): Promise<void> {
    const user = data.passport?.user;
    const { organizationId } = data;
    if (!user || !organizationId) return;
    const em = this.em();
    const now = clock.now();
    const text = JSON.stringify(data);
    const updated = await em.nativeUpdate(
      LoginSession,
      { tokenHash: sha256(token) },
      { data: text, lastSeenAt: now },
      { filters: false },
    );
    if (updated > 0) return;
    const session = {
      organization: organizationId,
      user,
      tokenHash: sha256(token),
      data: text,
      deviceLabel: data.deviceLabel ?? '',
      deviceHash: data.deviceHash ?? null,
      ip: data.ip ?? '',
      expiresAt: new Date(now.getTime() + this.maxHours * 3_600_000),
      lastSeenAt: now,
      createdAt: now,
      updatedAt: now,
    };
    // Held against a change of the password: it either finds this session and ends it, or is seen here.
    await transact(em, 'auth.session_kept', async (tx) => {
      if (proof !== undefined) await refuseOtherPassword(tx, user, proof);
      await tx.insert(LoginSession, session);
    });
  }

  override destroy(token: string, done?: (error?: unknown) => void): void {
    void this.remove(token).then(
      () => done?.(),
      (error) => done?.(error),
    );
  }

  private async remove(token: string): Promise<void> {
    await this.em().nativeDelete(LoginSession, { tokenHash: sha256(token) }, { filters: false });
  }

  /** Reading already renewed it. */
  override touch(_token: string, _data: SessionData, done?: () => void): void {
    done?.();
  }
}

async function refuseOtherPassword(tx: EntityManager, user: number, proof: string): Promise<void> {
  const [row] = await readAcrossOrganizations<{ password_hash: string | null }>(
    tx,
    `select u.password_hash from users u where u.id = :user ${lockingRows(tx, 'u')}`,
    { user },
  );
  if (!row || proofOf(row.password_hash) !== proof) throw invalidCredentials();
}
