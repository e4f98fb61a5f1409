import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { clock } from '../platform/clock.js';
import { findLocked } from '../platform/database/locked.js';
import { readAcrossOrganizations } from '../platform/database/read.js';
import { transact } from '../platform/database/transaction.js';
import { Problem } from '../platform/http/problem.js';
import { sha256 } from '../platform/text.js';
import { actAs, type Who } from './act-as.js';
import { brakeKey, countTry, forgetTries, placeOf } from './brake.js';
import { passwordFits, refuseLongQueue } from './passwords.js';
import { useCode } from './second-factor/use-code.js';
import { User } from './user.entity.js';

/** Checks address and password, and the code where one is due. Answers who it is; keeping the login session is the door's work. */
export class SignIn implements ICommand {
  constructor(
    readonly input: {
      email: string;
      password: string;
      organization?: string | undefined;
      code?: string | undefined;
    },
    readonly ip: string,
  ) {}
}

/** The second step: the code of somebody whose password was right a moment ago. */
export class ConfirmSignIn implements ICommand {
  constructor(
    readonly who: Proven,
    readonly code: string,
    readonly ip: string,
  ) {}
}

/** Somebody who has proven his password. */
export interface Proven extends Who {
  /** Which password: what was proven with one that has been changed since holds no more. */
  proof: string;
}

/** Who has proven to be whom; while a code is due he is not signed in. */
export interface SignedIn extends Proven {
  codeDue: boolean;
}

/** @param hash of the password, as it is kept; what is told of it says nothing about the password */
export const proofOf = (hash: string | null | undefined): string => sha256(`proof ${hash}`).slice(0, 32);

interface Account {
  id: number;
  organization_id: number;
  password_hash: string | null;
  status: string;
  totp_enabled_at: unknown;
  slug: string;
  name: string;
}

/** An address may have accounts in several organizations; each costs a hash, so there is a bound. */
const ACCOUNTS_TRIED = 10;
/** Wrong codes from anywhere: whoever knows the password must not guess on from a thousand addresses. */
const FREE_CODES = 20;

export const invalidCredentials = () =>
  new Problem(401, { code: 'invalid_credentials', message: 'The e-mail address or the password is not right.' });

@CommandHandler(SignIn)
export class SignInHandler implements ICommandHandler<SignIn, SignedIn> {
  constructor(private readonly em: EntityManager) {}

  async execute({ input, ip }: SignIn): Promise<SignedIn> {
    const email = input.email.trim().toLowerCase();
    refuseLongQueue();
    // On address and client IP together: whoever guesses is slowed down, the right person elsewhere is not locked out.
    await countTry(this.em, brakeKey(email, placeOf(ip)));
    const fitting = await this.fittingAccounts(email, input);
    if (fitting.length === 0) throw invalidCredentials();
    if (fitting.length > 1)
      throw new Problem(
        409,
        { code: 'organization_required', message: 'You have accounts in several organizations. Choose one.' },
        { data: { data: { organizations: fitting.map(({ slug, name }) => ({ slug, name })) } } },
      );
    const account = fitting[0]!;
    const who = {
      userId: Number(account.id),
      organizationId: Number(account.organization_id),
      proof: proofOf(account.password_hash),
    };
    if (account.totp_enabled_at !== null) {
      // Until the code was right, too, the tries are counted on: a right password is no way around the brake.
      if (input.code === undefined) return { ...who, codeDue: true };
      await countTry(this.em, brakeKey('code', who.userId), FREE_CODES);
    }
    await noteSignIn(this.em, who, input.code);
    await forgetTries(this.em, [brakeKey(email, placeOf(ip)), brakeKey('code', who.userId)]);
    return { ...who, codeDue: false };
  }

  /** Every account of the address is tried; where there is none, a hash is made all the same, so the time says nothing. */
  private async fittingAccounts(email: string, input: SignIn['input']): Promise<Account[]> {
    const accounts = await readAcrossOrganizations<Account>(
      this.em,
      `select u.id, u.organization_id, u.password_hash, u.status, u.totp_enabled_at, o.slug, o.name
         from users u join organizations o on o.id = u.organization_id
        where u.email = :email and o.deleted_at is null order by u.id`,
      { email },
    );
    const asked = accounts.filter((each) => !input.organization || each.slug === input.organization);
    if (asked.length === 0) await passwordFits(input.password, null);
    const fitting: Account[] = [];
    for (const account of asked.slice(0, ACCOUNTS_TRIED)) {
      const fits = await passwordFits(input.password, account.password_hash);
      if (fits && account.status === 'active') fitting.push(account);
    }
    return fitting;
  }
}

@CommandHandler(ConfirmSignIn)
export class ConfirmSignInHandler implements ICommandHandler<ConfirmSignIn, SignedIn> {
  constructor(private readonly em: EntityManager) {}

  async execute({ who, code, ip }: ConfirmSignIn): Promise<SignedIn> {
    const [row] = await readAcrossOrganizations<{ email: string }>(
      this.em,
      `select u.email from users u join organizations o on o.id = u.organization_id
        where u.id = :id and u.status = 'active' and o.deleted_at is null`,
      { id: who.userId },
    );
    if (!row) throw invalidCredentials();
    const keys = [brakeKey(row.email, placeOf(ip)), brakeKey('code', who.userId)];
    await countTry(this.em, keys[0]!);
    await countTry(this.em, keys[1]!, FREE_CODES);
    await noteSignIn(this.em, who, code);
    await forgetTries(this.em, keys);
    return { ...who, codeDue: false };
  }
}

/** The last word: the row is held, so that nobody is disabled, gets another password or uses this code meanwhile. */
async function noteSignIn(em: EntityManager, who: Proven, code: string | undefined): Promise<void> {
  await transact(em, 'auth.signed_in', async (tx) => {
    actAs(tx, who);
    const user = await findLocked(tx, User, who.userId);
    if (user.status !== 'active' || proofOf(user.passwordHash) !== who.proof) throw invalidCredentials();
    if (user.totpEnabledAt) await useCode(tx, user, code ?? '');
    user.lastLoginAt = clock.now();
    await tx.flush();
  });
}
