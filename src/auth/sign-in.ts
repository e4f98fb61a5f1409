import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager, LockMode } from '@mikro-orm/core';
import { clock } from '../platform/clock.js';
import { current } from '../platform/current.js';
import { readAcrossOrganizations } from '../platform/database/read.js';
import { transact } from '../platform/database/transaction.js';
import { Problem, tooManyRequests } from '../platform/http/problem.js';
import { sha256 } from '../platform/text.js';
import { passwordFits, refuseLongQueue } from './passwords.js';
import { SignInFailure } from './sign-in-failure.entity.js';
import { User } from './user.entity.js';

/** Checks address and password. Answers who it is; keeping the login session is the door's work. */
export class SignIn implements ICommand {
  constructor(
    readonly input: { email: string; password: string; organization?: string | undefined },
    readonly ip: string,
  ) {}
}

export interface SignedIn {
  userId: number;
  organizationId: number;
}

interface Account {
  id: number;
  organization_id: number;
  password_hash: string | null;
  status: string;
  slug: string;
  name: string;
}

/** Free tries before the delay begins; then it doubles from one second up to the longest. */
const FREE_TRIES = 5;
const LONGEST_DELAY_S = 900;
const FORGOTTEN_AFTER_MS = 3_600_000;
/** An address may have accounts in several organizations; each costs a hash, so there is a bound. */
const ACCOUNTS_TRIED = 10;

@CommandHandler(SignIn)
export class SignInHandler implements ICommandHandler<SignIn, SignedIn> {
  constructor(private readonly em: EntityManager) {}

  async execute({ input, ip }: SignIn): Promise<SignedIn> {
    const email = input.email.trim().toLowerCase();
    // On address and client IP together: whoever guesses is slowed down, the right person elsewhere is not locked out.
    const key = sha256(`${email}\n${ip}`);
    refuseLongQueue();
    await this.countTry(key);
    const fitting = await this.fittingAccounts(email, input);
    if (fitting.length === 0)
      throw new Problem(401, {
        code: 'invalid_credentials',
        message: 'The e-mail address or the password is not right.',
      });
    await this.em.nativeDelete(SignInFailure, { keyHash: key }, { filters: false });
    if (fitting.length > 1)
      throw new Problem(
        409,
        { code: 'organization_required', message: 'You have accounts in several organizations. Choose one.' },
        { data: { data: { organizations: fitting.map(({ slug, name }) => ({ slug, name })) } } },
      );
    const account = fitting[0]!;
    await this.noteSignIn(account);
    return { userId: Number(account.id), organizationId: Number(account.organization_id) };
  }

  /** Every account of the address is tried; where there is none, a hash is made all the same, so the time says nothing. */
  private async fittingAccounts(email: string, input: SignIn['input']): Promise<Account[]> {
    const accounts = await readAcrossOrganizations<Account>(
      this.em,
      `select u.id, u.organization_id, u.password_hash, u.status, o.slug, o.name
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

  /**
   * Counts a try before its password is looked at, one after another: of many guesses sent at once no more get through
   * than of as many in a row. Who proves to be right is no longer counted.
   * @throws Problem 429 while this address has to wait here
   */
  private async countTry(key: string): Promise<void> {
    const where = { keyHash: key };
    // Most of a flood is refused here, before anything is locked.
    refuseWhileBlocked(await this.em.findOne(SignInFailure, where, { filters: false, disableIdentityMap: true }));
    await transact(this.em, 'auth.sign_in_tried', async (tx) => {
      const known = await tx.findOne(SignInFailure, where, { filters: false, lockMode: LockMode.PESSIMISTIC_WRITE });
      refuseWhileBlocked(known);
      const now = clock.now();
      const fresh = !known || now.getTime() - known.lastFailedAt.getTime() > FORGOTTEN_AFTER_MS;
      const failures = fresh ? 1 : known.failures + 1;
      const delay = failures < FREE_TRIES ? 0 : Math.min(2 ** (failures - FREE_TRIES), LONGEST_DELAY_S);
      const row = { failures, lastFailedAt: now, blockedUntil: new Date(now.getTime() + delay * 1000) };
      if (known) Object.assign(known, row);
      else tx.create(SignInFailure, { keyHash: key, ...row });
      await tx.flush();
    });
  }

  private async noteSignIn(account: Account): Promise<void> {
    const now = current();
    now.userId = Number(account.id);
    now.organizationId = Number(account.organization_id);
    await transact(this.em, 'auth.signed_in', async (tx) => {
      tx.setFilterParams('tenant', { organization: now.organizationId });
      const user = await tx.findOneOrFail(User, { id: Number(account.id) });
      user.lastLoginAt = clock.now();
      await tx.flush();
    });
  }
}

function refuseWhileBlocked(failure: SignInFailure | null): void {
  const wait = failure ? Math.ceil((failure.blockedUntil.getTime() - clock.now().getTime()) / 1000) : 0;
  if (wait > 0) throw tooManyRequests(wait);
}
