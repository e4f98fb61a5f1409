import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager, LockMode } from '@mikro-orm/core';
import { clock } from '../platform/clock.js';
import { currentOrganization } from '../platform/current.js';
import { transact } from '../platform/database/transaction.js';
import { notFound } from '../platform/http/problem.js';
import { dayOf, Organization } from '../tenancy/index.js';
import { membershipDays } from './find-members.query.js';
import { GroupMembership } from './group-membership.entity.js';

/** What remains of an ended membership. `joined_on` null is unbounded. */
export interface EndedMembership {
  group_id: number;
  participant_id: number;
  joined_on: string | null;
  left_on: string | null;
}

/**
 * Somebody leaves a group today: today is his last day, so he is on today's register and on no later one. A membership
 * that has not begun yet is taken away whole.
 */
export class EndMembership implements ICommand {
  constructor(
    readonly group: number,
    readonly participant: number,
  ) {}
}

@CommandHandler(EndMembership)
export class EndMembershipHandler implements ICommandHandler<EndMembership, EndedMembership> {
  constructor(private readonly em: EntityManager) {}

  /** @throws Problem 404 when he is no member, or his last day is fixed already */
  async execute({ group, participant }: EndMembership): Promise<EndedMembership> {
    return transact(this.em, 'membership.ended', async (tx) => {
      const { timeZone } = await tx.findOneOrFail(Organization, { id: currentOrganization() });
      const today = dayOf(clock.now(), timeZone);
      const memberships = await tx.find(
        GroupMembership,
        { group, participant, $or: [{ leftOn: null }, { leftOn: { $gt: today } }] },
        { orderBy: { joinedOn: 'asc' }, lockMode: LockMode.PESSIMISTIC_WRITE },
      );
      if (memberships.length === 0) throw notFound();
      const [first] = memberships;
      for (const membership of memberships)
        if (membership.joinedOn > today) tx.remove(membership);
        else membership.leftOn = today;
      await tx.flush();
      const days = membershipDays({ joined_on: first!.joinedOn, left_on: first!.leftOn ?? null });
      return { group_id: group, participant_id: participant, ...days };
    });
  }
}
