import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { findLocked } from '../../platform/database/locked.js';
import { transact } from '../../platform/database/transaction.js';
import { Problem } from '../../platform/http/problem.js';
import { makeLink, type Purpose, type UserLink } from '../links/user-link.js';
import { User } from '../user.entity.js';
import { refuseAdministratorsToTokens, refuseOwnPassword } from './beyond-asker.js';

const WRONG_STATUS: Record<Purpose, string> = {
  invitation: 'An invitation is for somebody who was invited and has no password yet.',
  password_reset: 'A new password is for somebody who is active. Whoever was invited needs an invitation.',
};

/** An administrator makes a link for a user: the invitation once more, or one that resets a forgotten password. */
export class MakeUserLink implements ICommand {
  constructor(
    readonly id: number,
    readonly purpose: Purpose,
  ) {}
}

@CommandHandler(MakeUserLink)
export class MakeUserLinkHandler implements ICommandHandler<MakeUserLink, UserLink> {
  constructor(private readonly em: EntityManager) {}

  async execute({ id, purpose }: MakeUserLink): Promise<UserLink> {
    return transact(this.em, purpose === 'invitation' ? 'user.invited' : 'user.password_reset_asked', async (tx) => {
      const user = await findLocked(tx, User, id);
      refuseAdministratorsToTokens(user.role);
      refuseOwnPassword(id);
      if (user.status !== (purpose === 'invitation' ? 'invited' : 'active'))
        throw new Problem(409, { code: 'wrong_status', message: WRONG_STATUS[purpose] });
      const link = await makeLink(tx, user, purpose);
      await tx.flush();
      return link;
    });
  }
}
