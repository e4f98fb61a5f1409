import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { z } from 'zod';
import { findLocked } from '../../platform/database/locked.js';
import { transact } from '../../platform/database/transaction.js';
import { text } from '../../platform/http/parse.js';
import { locale } from '../../tenancy/index.js';
import { passwordText } from '../create-user.js';
import { voidLinks } from '../links/user-link.js';
import { hashPassword } from '../passwords.js';
import { type SignedInUser } from '../signed-in.js';
import { User } from '../user.entity.js';
import { endSignIns } from '../users/end-access.js';
import { provePassword } from './prove-password.js';

export const OwnProfile = z.strictObject({
  first_name: text(100),
  last_name: text(100),
  /** Empty: the language of the organization. */
  locale: z.preprocess((value) => (value === '' ? null : value), locale.nullable()),
});
export type OwnProfile = z.output<typeof OwnProfile>;

export const NewPassword = z.object({
  current_password: z.string().min(1).max(200),
  password: passwordText,
});
export type NewPassword = z.output<typeof NewPassword>;

/** One's own name and language. */
export class ChangeOwnProfile implements ICommand {
  constructor(
    readonly by: SignedInUser,
    readonly input: OwnProfile,
  ) {}
}

/**
 * One's own password, for the present one. Whoever else is signed in with it is signed out.
 * @param loginHash SHA-256 of the login session in which this is done: it stays
 */
export class ChangeOwnPassword implements ICommand {
  constructor(
    readonly by: SignedInUser,
    readonly input: NewPassword,
    readonly loginHash: string,
  ) {}
}

@CommandHandler(ChangeOwnProfile)
export class ChangeOwnProfileHandler implements ICommandHandler<ChangeOwnProfile, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ by, input }: ChangeOwnProfile): Promise<void> {
    await transact(this.em, 'user.changed', async (tx) => {
      const user = await findLocked(tx, User, by.id);
      Object.assign(user, { firstName: input.first_name, lastName: input.last_name, locale: input.locale });
      await tx.flush();
    });
  }
}

@CommandHandler(ChangeOwnPassword)
export class ChangeOwnPasswordHandler implements ICommandHandler<ChangeOwnPassword, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ by, input, loginHash }: ChangeOwnPassword): Promise<void> {
    const refuseChanged = await provePassword(this.em, by, input.current_password);
    const passwordHash = await hashPassword(input.password);
    await transact(this.em, 'user.password_set', async (tx) => {
      const user = await findLocked(tx, User, by.id);
      refuseChanged(user);
      user.passwordHash = passwordHash;
      await voidLinks(tx, user);
      await endSignIns(tx, user.id, loginHash);
      await tx.flush();
    });
  }
}
