import { LockMode, type EntityManager } from '@mikro-orm/core';
import { ipKeyGenerator } from 'express-rate-limit';
import { clock } from '../platform/clock.js';
import { transact } from '../platform/database/transaction.js';
import { tooManyRequests } from '../platform/http/problem.js';
import { sha256 } from '../platform/text.js';
import { SignInFailure } from './sign-in-failure.entity.js';

/** Free tries before the delay begins; then it doubles from one second up to the longest. */
export const FREE_TRIES = 5;
const LONGEST_DELAY_S = 900;
const FORGOTTEN_AFTER_MS = 3_600_000;

/** @returns what a brake is kept under: the parts name who guesses at what, and the table names nobody */
export const brakeKey = (...parts: (string | number)[]): string => sha256(parts.join('\n'));

/** One subscriber of IPv6 has 2^64 addresses of his own: all of them are the same guesser. Bits. */
const NETWORK6 = 64;

/** @returns where somebody guesses from: his address, or his network where he has one to himself */
export const placeOf = (ip: string): string => ipKeyGenerator(ip, NETWORK6);

/**
 * Counts a try before it is looked at, one after another: of many guesses sent at once no more get through than of as
 * many in a row. Who proves to be right is no longer counted: `forgetTries`.
 * @param key from `brakeKey`
 * @throws Problem 429 while whoever this is has to wait
 */
export async function countTry(em: EntityManager, key: string, freeTries = FREE_TRIES): Promise<void> {
  const where = { keyHash: key };
  // Most of a flood is refused here, before anything is locked.
  refuseWhileBlocked(await em.findOne(SignInFailure, where, { filters: false, disableIdentityMap: true }));
  await transact(em, 'auth.sign_in_tried', async (tx) => {
    const known = await tx.findOne(SignInFailure, where, { filters: false, lockMode: LockMode.PESSIMISTIC_WRITE });
    refuseWhileBlocked(known);
    const now = clock.now();
    const fresh = !known || now.getTime() - known.lastFailedAt.getTime() > FORGOTTEN_AFTER_MS;
    const failures = fresh ? 1 : known.failures + 1;
    const delay = failures < freeTries ? 0 : Math.min(2 ** (failures - freeTries), LONGEST_DELAY_S);
    const row = { failures, lastFailedAt: now, blockedUntil: new Date(now.getTime() + delay * 1000) };
    if (known) Object.assign(known, row);
    else tx.create(SignInFailure, { keyHash: key, ...row });
    await tx.flush();
  });
}

/** He was right: what was counted under these keys is forgotten. */
export async function forgetTries(em: EntityManager, keys: string[]): Promise<void> {
  await em.nativeDelete(SignInFailure, { keyHash: { $in: keys } }, { filters: false });
}

function refuseWhileBlocked(failure: SignInFailure | null): void {
  const wait = failure ? Math.ceil((failure.blockedUntil.getTime() - clock.now().getTime()) / 1000) : 0;
  if (wait > 0) throw tooManyRequests(wait);
}
