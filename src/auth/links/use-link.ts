import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { clock } from '../../platform/clock.js';
import { findLocked } from '../../platform/database/locked.js';
import { instant, readAcrossOrganizations } from '../../platform/database/read.js';
import { transact } from '../../platform/database/transaction.js';
import { Problem } from '../../platform/http/problem.js';
import { sha256 } from '../../platform/text.js';
import { actAs, type Who } from '../act-as.js';
import { hashPassword } from '../passwords.js';
import { proofOf, type SignedIn } from '../sign-in.js';
import { UserToken } from '../user-token.entity.js';
import { User } from '../user.entity.js';
import { endSignIns } from '../users/end-access.js';
import { voidLinks, type Purpose } from './user-link.js';

/** Of whom a link must be, to be used. */
const STATUS: Record<Purpose, User['status']> = { invitation: 'invited', password_reset: 'active' };

/** A link that can be used now, and for whom it is. */
export interface LivingLink extends Who {
  id: number;
  email: string;
  name: string;
  organization: string;
  locale: string;
}

export const linkGone = () =>
  new Problem(404, {
    code: 'not_found',
    message: 'This link cannot be used any more: it was used already, or its time is over.',
  });

/** @param secret what stands in the link @returns null when the link was used, is too old, or never was */
export async function findLink(em: EntityManager, purpose: Purpose, secret: string): Promise<LivingLink | null> {
  const [row] = await readAcrossOrganizations<Record<string, any>>(
    em,
    `select k.id, k.expires_at, u.id as user_id, u.organization_id, u.email, u.first_name, u.last_name, u.locale,
            o.name as organization, o.locale as organization_locale
       from user_tokens k join users u on u.id = k.user_id join organizations o on o.id = u.organization_id
      where k.token_hash = :hash and k.purpose = :purpose and k.used_at is null and u.status = :status
        and o.deleted_at is null`,
    { hash: sha256(secret), purpose, status: STATUS[purpose] },
  );
  if (!row || instant(row.expires_at) <= clock.now()) return null;
  return {
    id: Number(row.id),
    userId: Number(row.user_id),
    organizationId: Number(row.organization_id),
    email: row.email,
    name: `${row.first_name} ${row.last_name}`.trim(),
    organization: row.organization,
    locale: row.locale ?? row.organization_locale,
  };
}

/** Sets the password by a link, which is used up. Whoever was signed in with the old one is signed out. */
export class UseLink implements ICommand {
  constructor(
    readonly purpose: Purpose,
    readonly secret: string,
    readonly password: string,
  ) {}
}

@CommandHandler(UseLink)
export class UseLinkHandler implements ICommandHandler<UseLink, SignedIn> {
  constructor(private readonly em: EntityManager) {}

  async execute({ purpose, secret, password }: UseLink): Promise<SignedIn> {
    const found = await findLink(this.em, purpose, secret);
    if (!found) throw linkGone();
    const passwordHash = await hashPassword(password);
    return transact(this.em, 'user.password_set', async (tx) => {
      actAs(tx, found);
      const user = await findLocked(tx, User, found.userId);
      const link = await findLocked(tx, UserToken, found.id);
      // Looked at again now that both are held: of two who use it at once, one does.
      if (link.usedAt || user.status !== STATUS[purpose]) throw linkGone();
      Object.assign(user, { passwordHash, status: 'active' });
      const codeDue = Boolean(user.totpEnabledAt);
      if (!codeDue) user.lastLoginAt = clock.now();
      await voidLinks(tx, user);
      await endSignIns(tx, user.id);
      await tx.flush();
      return { userId: found.userId, organizationId: found.organizationId, proof: proofOf(passwordHash), codeDue };
    });
  }
}
