import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { clock } from '../../platform/clock.js';
import { findLocked } from '../../platform/database/locked.js';
import { transact } from '../../platform/database/transaction.js';
import { invalid, Problem } from '../../platform/http/problem.js';
import { provePassword } from '../account/prove-password.js';
import { type SignedInUser } from '../signed-in.js';
import { User } from '../user.entity.js';
import { replaceRecoveryCodes, voidRecoveryCodes } from './recovery-codes.js';
import { needsSecondFactor } from './required.js';
import { newSecret, stepOf } from './totp.js';

/** Takes the second factor of a user away, with its recovery codes. */
export async function forgetSecondFactor(tx: EntityManager, user: User): Promise<void> {
  Object.assign(user, { totpSecret: null, totpEnabledAt: null, totpLastStep: null });
  await voidRecoveryCodes(tx, user);
}

const alreadyOn = () =>
  new Problem(409, { code: 'second_factor_on', message: 'The second factor is on already. Switch it off first.' });

/** Makes a secret for one's authenticator app. It counts for nothing until a code made with it was confirmed. */
export class BeginSecondFactor implements ICommand {
  constructor(readonly by: SignedInUser) {}
}

/** The first code of the app: from now on it is asked for. Answers the recovery codes, which are never told again. */
export class ConfirmSecondFactor implements ICommand {
  constructor(
    readonly by: SignedInUser,
    readonly code: string,
  ) {}
}

/** New recovery codes for one's own password; the old ones are worth nothing any more. */
export class RenewRecoveryCodes implements ICommand {
  constructor(
    readonly by: SignedInUser,
    readonly password: string,
  ) {}
}

/** Switches one's own second factor off, for one's password. */
export class DisableSecondFactor implements ICommand {
  constructor(
    readonly by: SignedInUser,
    readonly password: string,
  ) {}
}

@CommandHandler(BeginSecondFactor)
export class BeginSecondFactorHandler implements ICommandHandler<BeginSecondFactor, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ by }: BeginSecondFactor): Promise<void> {
    await transact(this.em, 'user.second_factor_begun', async (tx) => {
      const user = await findLocked(tx, User, by.id);
      if (user.totpEnabledAt) throw alreadyOn();
      user.totpSecret = newSecret();
      await tx.flush();
    });
  }
}

@CommandHandler(ConfirmSecondFactor)
export class ConfirmSecondFactorHandler implements ICommandHandler<ConfirmSecondFactor, string[]> {
  constructor(private readonly em: EntityManager) {}

  async execute({ by, code }: ConfirmSecondFactor): Promise<string[]> {
    return transact(this.em, 'user.second_factor_enabled', async (tx) => {
      const user = await findLocked(tx, User, by.id);
      if (user.totpEnabledAt) throw alreadyOn();
      const step = user.totpSecret ? stepOf(user.totpSecret, code, clock.now(), null) : null;
      if (step === null)
        throw invalid(
          'code',
          'This code does not fit. Look whether the clock of the phone is right, and try the next one.',
        );
      Object.assign(user, { totpEnabledAt: clock.now(), totpLastStep: step });
      const codes = await replaceRecoveryCodes(tx, user);
      await tx.flush();
      return codes;
    });
  }
}

@CommandHandler(RenewRecoveryCodes)
export class RenewRecoveryCodesHandler implements ICommandHandler<RenewRecoveryCodes, string[]> {
  constructor(private readonly em: EntityManager) {}

  async execute({ by, password }: RenewRecoveryCodes): Promise<string[]> {
    const refuseChanged = await provePassword(this.em, by, password);
    return transact(this.em, 'user.recovery_codes_renewed', async (tx) => {
      const user = await findLocked(tx, User, by.id);
      refuseChanged(user);
      if (!user.totpEnabledAt)
        throw new Problem(409, { code: 'second_factor_off', message: 'The second factor is not on.' });
      const codes = await replaceRecoveryCodes(tx, user);
      await tx.flush();
      return codes;
    });
  }
}

@CommandHandler(DisableSecondFactor)
export class DisableSecondFactorHandler implements ICommandHandler<DisableSecondFactor, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ by, password }: DisableSecondFactor): Promise<void> {
    if (needsSecondFactor(by))
      throw new Problem(409, {
        code: 'second_factor_required',
        message: 'Your organization demands a second factor of your role, so it stays on.',
      });
    const refuseChanged = await provePassword(this.em, by, password);
    await transact(this.em, 'user.second_factor_disabled', async (tx) => {
      const user = await findLocked(tx, User, by.id);
      refuseChanged(user);
      await forgetSecondFactor(tx, user);
      await tx.flush();
    });
  }
}
