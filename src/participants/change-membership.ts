import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager, LockMode } from '@mikro-orm/core';
import { z } from 'zod';
import { findLocked } from '../platform/database/locked.js';
import { transact } from '../platform/database/transaction.js';
import { invalid, notFound } from '../platform/http/problem.js';
import { addDays } from '../tenancy/index.js';
import { membershipDay } from './add-members.js';
import { type EndedMembership } from './end-membership.js';
import { membershipDays } from './find-members.query.js';
import { ALWAYS, GroupMembership } from './group-membership.entity.js';
import { Group } from './group.entity.js';

/** The days of a membership: absent is unchanged, null is unbounded. `joined_on` says which one, if there are several. */
export const MembershipChange = z
  .strictObject({ from: membershipDay, to: membershipDay, joined_on: membershipDay })
  .meta({ id: 'MembershipChange' });
export type MembershipChange = z.output<typeof MembershipChange>;

/**
 * The days of a membership are put right: registers of the days that it no longer holds do not show him any more, unless
 * he was marked there. Errors: 404 without a membership; 422 when it would begin after its end, or run into another one.
 */
export class ChangeMembership implements ICommand {
  constructor(
    readonly group: number,
    readonly participant: number,
    readonly input: MembershipChange,
  ) {}
}

@CommandHandler(ChangeMembership)
export class ChangeMembershipHandler implements ICommandHandler<ChangeMembership, EndedMembership> {
  constructor(private readonly em: EntityManager) {}

  async execute({ group, participant, input }: ChangeMembership): Promise<EndedMembership> {
    return transact(this.em, 'membership.changed', async (tx) => {
      // One at a time in each group, as everybody who writes memberships.
      await findLocked(tx, Group, group);
      const options = { orderBy: { joinedOn: 'asc' }, lockMode: LockMode.PESSIMISTIC_WRITE } as const;
      const memberships = await tx.find(GroupMembership, { group, participant }, options);
      const membership = meantBy(memberships, input.joined_on);
      const from = input.from === undefined ? membership.joinedOn : (input.from ?? ALWAYS);
      const to = input.to === undefined ? (membership.leftOn ?? null) : input.to;
      if (to !== null && from > to) throw invalid('from', 'The beginning lies after the end.');
      const others = memberships.filter((each) => each !== membership);
      if (others.some((other) => touches({ from, to }, { from: other.joinedOn, to: other.leftOn ?? null })))
        throw invalid('from', 'In these days there is another membership of the same person already.');
      membership.joinedOn = from;
      membership.leftOn = to;
      await tx.flush();
      return { group_id: group, participant_id: participant, ...membershipDays({ joined_on: from, left_on: to }) };
    });
  }
}

function meantBy(memberships: GroupMembership[], joinedOn: string | null | undefined): GroupMembership {
  if (memberships.length === 0) throw notFound();
  if (joinedOn === undefined) {
    if (memberships.length === 1) return memberships[0]!;
    throw invalid('joined_on', 'There are several memberships: say with joined_on which one is meant.', 'required');
  }
  const found = memberships.find((each) => each.joinedOn === (joinedOn ?? ALWAYS));
  if (!found) throw invalid('joined_on', 'There is no membership that begins on this day.', 'unknown');
  return found;
}

interface Days {
  from: string;
  to: string | null;
}

const LAST = '9999-12-30';

/** Whether they share a day, or one begins on the day after the other ends: then they are one membership. */
const touches = (a: Days, b: Days): boolean => a.from <= addDays(b.to ?? LAST, 1) && b.from <= addDays(a.to ?? LAST, 1);
