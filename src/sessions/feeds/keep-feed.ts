import { randomBytes } from 'node:crypto';
import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { z } from 'zod';
import { type OwnGroups, refuseUnknownGroup } from '../../participants/index.js';
import { clock } from '../../platform/clock.js';
import { currentScopes, currentUser } from '../../platform/current.js';
import { findLocked } from '../../platform/database/locked.js';
import { transact } from '../../platform/database/transaction.js';
import { id } from '../../platform/http/parse.js';
import { invalid, permissionDenied } from '../../platform/http/problem.js';
import { sha256 } from '../../platform/text.js';
import { CalendarFeed } from '../calendar-feed.entity.js';

/** Whose sessions: those of a group, or all that the user may see. */
export const NewFeed = z
  .strictObject({ group_id: z.preprocess((value) => (value === '' ? null : value), id.nullable().optional()) })
  .meta({ id: 'NewCalendarFeed' });
export type NewFeed = z.output<typeof NewFeed>;

/** More addresses nobody keeps apart. */
const MOST = 20;

/** A private address for a calendar program. Answers its id, and the token that nobody is told again. */
export class CreateFeed implements ICommand {
  constructor(
    readonly input: NewFeed,
    readonly own: OwnGroups,
  ) {}
}

/** The address leads nowhere from now on. Done twice is done once. */
export class RevokeFeed implements ICommand {
  constructor(readonly id: number) {}
}

export interface MadeFeed {
  id: number;
  token: string;
}

@CommandHandler(CreateFeed)
export class CreateFeedHandler implements ICommandHandler<CreateFeed, MadeFeed> {
  constructor(private readonly em: EntityManager) {}

  async execute({ input, own }: CreateFeed): Promise<MadeFeed> {
    // The address would go on opening when the token is over.
    if (currentScopes() !== null) throw permissionDenied();
    return transact(this.em, 'calendar_feed.created', async (tx) => {
      const group = input.group_id ? (await refuseUnknownGroup(tx, input.group_id, 'group_id', own)).id : null;
      const user = currentUser();
      if ((await tx.count(CalendarFeed, { user, revokedAt: null })) >= MOST)
        throw invalid('group_id', 'At most {max} addresses can be in use. Revoke one first.', 'invalid', { max: MOST });
      const token = randomBytes(32).toString('base64url');
      const feed = tx.create(CalendarFeed, { user, group, tokenHash: sha256(token) });
      await tx.flush();
      return { id: feed.id, token };
    });
  }
}

@CommandHandler(RevokeFeed)
export class RevokeFeedHandler implements ICommandHandler<RevokeFeed, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ id }: RevokeFeed): Promise<void> {
    await transact(this.em, 'calendar_feed.revoked', async (tx) => {
      const feed = await findLocked(tx, CalendarFeed, id);
      feed.revokedAt ??= clock.now();
      await tx.flush();
    });
  }
}

/** Whoever was disabled finds none of his addresses open again when he is enabled. */
export async function revokeFeedsOf(tx: EntityManager, user: number): Promise<void> {
  for (const feed of await tx.find(CalendarFeed, { user, revokedAt: null })) feed.revokedAt = clock.now();
}
