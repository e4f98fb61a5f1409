import { randomBytes } from 'node:crypto';
import { LockMode, type EntityManager } from '@mikro-orm/core';
import { clock } from '../../platform/clock.js';
import { sha256 } from '../../platform/text.js';
import { RecoveryCode } from '../recovery-code.entity.js';
import { type User } from '../user.entity.js';

export const RECOVERY_CODES = 10;

/** Letters and digits that nobody takes for one another: 32 of them, five bits each. */
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz023456789';
/** 80 bits: nobody finds one, even with the table of hashes in his hands. */
const LETTERS = 16;

const newCode = (): string =>
  [...randomBytes(LETTERS)]
    .map((byte) => ALPHABET[byte % 32])
    .join('')
    .replace(/.{4}(?=.)/g, '$&-');

/** How a code is compared: people type capitals, spaces and hyphens as they like. */
const hashOf = (code: string): string => sha256(code.toLowerCase().replace(/[^a-z0-9]/g, ''));

/** Makes new codes; those that were left of the old ones are worth nothing any more. @returns the codes: never again */
export async function replaceRecoveryCodes(tx: EntityManager, user: User): Promise<string[]> {
  await voidRecoveryCodes(tx, user);
  const codes = Array.from({ length: RECOVERY_CODES }, newCode);
  for (const code of codes) tx.create(RecoveryCode, { user: user.id, codeHash: hashOf(code) });
  return codes;
}

/** Makes the codes that are left useless. */
export async function voidRecoveryCodes(tx: EntityManager, user: User): Promise<void> {
  for (const code of await tx.find(RecoveryCode, { user: user.id, usedAt: null })) code.usedAt = clock.now();
}

/** Uses up a code. @returns whether it was one of his that was left */
export async function useRecoveryCode(tx: EntityManager, user: User, given: string): Promise<boolean> {
  const where = { user: user.id, codeHash: hashOf(given), usedAt: null };
  const code = await tx.findOne(RecoveryCode, where, { lockMode: LockMode.PESSIMISTIC_WRITE });
  if (!code) return false;
  code.usedAt = clock.now();
  return true;
}

/** @returns how many codes are left */
export const recoveryCodesLeft = (em: EntityManager, user: number): Promise<number> =>
  em.count(RecoveryCode, { user, usedAt: null });
