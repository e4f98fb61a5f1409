import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { findLocked } from '../../platform/database/locked.js';
import { transact } from '../../platform/database/transaction.js';
import { Problem } from '../../platform/http/problem.js';
import { forgetSecondFactor } from '../second-factor/second-factor.js';
import { type SignedInUser } from '../signed-in.js';
import { User } from '../user.entity.js';
import { refuseAdministratorsToTokens } from './beyond-asker.js';
import { endSignIns } from './end-access.js';

/** Somebody lost his phone and his recovery codes: an administrator takes the second factor away, and signs him out. */
export class ResetSecondFactor implements ICommand {
  constructor(
    readonly id: number,
    readonly by: SignedInUser,
  ) {}
}

@CommandHandler(ResetSecondFactor)
export class ResetSecondFactorHandler implements ICommandHandler<ResetSecondFactor, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ id, by }: ResetSecondFactor): Promise<void> {
    // Whoever finds an administrator's browser open must not take his second factor away: that asks for the password.
    if (id === by.id)
      throw new Problem(409, {
        code: 'own_account',
        message: 'Your own second factor is on the page of your account.',
      });
    await transact(this.em, 'user.second_factor_disabled', async (tx) => {
      const user = await findLocked(tx, User, id);
      refuseAdministratorsToTokens(user.role);
      if (!user.totpSecret) return;
      await forgetSecondFactor(tx, user);
      await endSignIns(tx, user.id);
      await tx.flush();
    });
  }
}
