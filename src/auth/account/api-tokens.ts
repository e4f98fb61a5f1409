import { randomBytes } from 'node:crypto';
import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { z } from 'zod';
import { clock } from '../../platform/clock.js';
import { findLocked } from '../../platform/database/locked.js';
import { transact } from '../../platform/database/transaction.js';
import { instantText, text, told } from '../../platform/http/parse.js';
import { invalid, Problem } from '../../platform/http/problem.js';
import { sha256 } from '../../platform/text.js';
import { ApiToken } from '../api-token.entity.js';
import { PERMISSIONS, permissionsOf } from '../permissions.js';
import { type SignedInUser } from '../signed-in.js';
import { User } from '../user.entity.js';

const YEAR_MS = 366 * 86_400_000;
/** Nobody tells more than these apart. */
const MOST = 50;
/** By which a token is known for one wherever it turns up. */
const PREFIX = 'omp_';
const HINT = PREFIX.length + 6;

export const NewToken = z
  .strictObject({
    name: text(100),
    scopes: z
      .array(z.enum(PERMISSIONS, { error: 'This permission is not known.' }), { error: told('Choose what it may do.') })
      .min(1, 'Choose what it may do.')
      .max(PERMISSIONS.length, 'There are not so many permissions.'),
    expires_at: instantText,
  })
  .meta({ id: 'NewToken' });
export type NewToken = z.output<typeof NewToken>;

/** A token for an integration that acts as oneself, with some of one's own permissions. Answers its text: never again. */
export class CreateToken implements ICommand {
  constructor(
    readonly by: SignedInUser,
    readonly input: NewToken,
  ) {}
}

export interface CreatedToken {
  id: number;
  token: string;
}

/** A token ends: the next request that carries it is nobody's. Done twice is done once. */
export class RevokeToken implements ICommand {
  constructor(readonly id: number) {}
}

@CommandHandler(CreateToken)
export class CreateTokenHandler implements ICommandHandler<CreateToken, CreatedToken> {
  constructor(private readonly em: EntityManager) {}

  async execute({ by, input }: CreateToken): Promise<CreatedToken> {
    const own = permissionsOf(by.role, by.organization.settings);
    const scopes = PERMISSIONS.filter((each) => input.scopes.includes(each));
    if (!scopes.every((scope) => own.includes(scope)))
      throw invalid('scopes', 'A token may do no more than you may do yourself.');
    const now = clock.now();
    if (input.expires_at <= now) throw invalid('expires_at', 'This time is over already.');
    if (input.expires_at.getTime() > now.getTime() + YEAR_MS)
      throw invalid('expires_at', 'A token ends after a year at the latest.');
    const token = PREFIX + randomBytes(32).toString('base64url');
    return transact(this.em, 'token.created', async (tx) => {
      await findLocked(tx, User, by.id);
      if ((await tx.count(ApiToken, { user: by.id, revokedAt: null, expiresAt: { $gt: now } })) >= MOST)
        throw new Problem(409, {
          code: 'too_many_tokens',
          message: 'You have 50 tokens. Revoke one that is not used any more.',
        });
      const made = tx.create(ApiToken, {
        user: by.id,
        name: input.name,
        tokenHash: sha256(token),
        hint: token.slice(0, HINT),
        scopes,
        expiresAt: input.expires_at,
      });
      await tx.flush();
      return { id: made.id, token };
    });
  }
}

@CommandHandler(RevokeToken)
export class RevokeTokenHandler implements ICommandHandler<RevokeToken, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ id }: RevokeToken): Promise<void> {
    await transact(this.em, 'token.revoked', async (tx) => {
      const token = await findLocked(tx, ApiToken, id);
      token.revokedAt ??= clock.now();
      await tx.flush();
    });
  }
}
