import { type EntityManager } from '@mikro-orm/core';
import { clock } from '../../platform/clock.js';
import { Problem } from '../../platform/http/problem.js';
import { type User } from '../user.entity.js';
import { useRecoveryCode } from './recovery-codes.js';
import { stepOf } from './totp.js';

export const secondFactorRequired = () =>
  new Problem(401, {
    code: 'second_factor_required',
    message: 'The password is right. Now the code of the authenticator app is needed.',
    field: 'code',
  });

const secondFactorInvalid = () =>
  new Problem(401, {
    code: 'second_factor_invalid',
    message: 'This code is not right, or was used already. Wait for the next one and try again.',
    field: 'code',
  });

/**
 * Takes the code of a user's authenticator app, or one of his recovery codes. The caller holds the user's row, so that
 * one code sent twice at once is taken once.
 * @throws Problem 401 second_factor_invalid
 */
export async function useCode(tx: EntityManager, user: User, code: string): Promise<void> {
  const step = user.totpSecret ? stepOf(user.totpSecret, code, clock.now(), user.totpLastStep ?? null) : null;
  if (step !== null) user.totpLastStep = step;
  else if (!(await useRecoveryCode(tx, user, code))) throw secondFactorInvalid();
}
