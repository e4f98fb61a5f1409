import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { Logger } from '@nestjs/common';
import { EntityManager } from '@mikro-orm/core';
import { clock } from '../../platform/clock.js';
import { findLocked } from '../../platform/database/locked.js';
import { readAcrossOrganizations } from '../../platform/database/read.js';
import { transact } from '../../platform/database/transaction.js';
import { actAs } from '../act-as.js';
import { brakeKey, countTry, placeOf } from '../brake.js';
import { UserToken } from '../user-token.entity.js';
import { User } from '../user.entity.js';
import { SendLink } from './send-link.js';
import { makeLink } from './user-link.js';

/** A school behind one address may forget as many passwords in an hour before it has to wait. */
const FREE_ASKS = 20;
/** Nobody's mailbox is filled: a second link within this time is not sent. */
const PAUSE_MS = 5 * 60_000;
const ACCOUNTS_SERVED = 5;

interface Account {
  id: number;
  organization_id: number;
  email: string;
  first_name: string;
  last_name: string;
  locale: string | null;
  organization: string;
  organization_locale: string;
}

/**
 * Somebody says that he forgot his password. The answer is the same whether the address is known or not, and so is the
 * time that it takes: what is done for a known one is done after the answer.
 */
export class AskPasswordReset implements ICommand {
  constructor(
    readonly email: string,
    readonly ip: string,
  ) {}
}

@CommandHandler(AskPasswordReset)
export class AskPasswordResetHandler implements ICommandHandler<AskPasswordReset, void> {
  private readonly logger = new Logger('auth');

  constructor(
    private readonly em: EntityManager,
    private readonly send: SendLink,
  ) {}

  async execute({ email, ip }: AskPasswordReset): Promise<void> {
    await countTry(this.em, brakeKey('forgot', placeOf(ip)), FREE_ASKS);
    if (!this.send.canMailStrangers) return;
    const accounts = await readAcrossOrganizations<Account>(
      this.em,
      `select u.id, u.organization_id, u.email, u.first_name, u.last_name, u.locale, o.name as organization,
              o.locale as organization_locale
         from users u join organizations o on o.id = u.organization_id
        where u.email = :email and u.status = 'active' and o.deleted_at is null order by u.id`,
      { email },
    );
    // An EntityManager of its own: the request's is gone by then.
    const em = this.em.fork({ clear: true });
    void this.serve(em, accounts.slice(0, ACCOUNTS_SERVED)).catch((error: unknown) =>
      this.logger.error('a link for a new password could not be made', (error as Error).stack),
    );
  }

  private async serve(em: EntityManager, accounts: Account[]): Promise<void> {
    for (const account of accounts) {
      const who = { userId: Number(account.id), organizationId: Number(account.organization_id) };
      const link = await transact(em, 'user.password_reset_asked', async (tx) => {
        actAs(tx, who);
        const user = await findLocked(tx, User, who.userId);
        const since = new Date(clock.now().getTime() - PAUSE_MS);
        const recent = await tx.count(UserToken, {
          user: user.id,
          purpose: 'password_reset',
          createdAt: { $gt: since },
        });
        if (recent > 0 || user.status !== 'active') return null;
        const made = await makeLink(tx, user, 'password_reset');
        await tx.flush();
        return made;
      });
      if (!link) continue;
      const to = {
        email: account.email,
        name: `${account.first_name} ${account.last_name}`.trim(),
        organization: account.organization,
        locale: account.locale ?? account.organization_locale,
      };
      await this.send.mailTo(to, 'password_reset', this.send.addressOf(link, null));
    }
  }
}
