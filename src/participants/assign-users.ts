import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { User } from '../auth/index.js';
import { findLocked } from '../platform/database/locked.js';
import { transact } from '../platform/database/transaction.js';
import { invalid } from '../platform/http/problem.js';
import { GroupAssignment } from './group-assignment.entity.js';

/** A user works with a group from now on; done already, nothing changes. */
export class AssignUser implements ICommand {
  constructor(
    readonly group: number,
    readonly user: number,
  ) {}
}

/** A user does not work with a group any more; done already, nothing changes. */
export class UnassignUser implements ICommand {
  constructor(
    readonly group: number,
    readonly user: number,
  ) {}
}

@CommandHandler(AssignUser)
export class AssignUserHandler implements ICommandHandler<AssignUser, void> {
  constructor(private readonly em: EntityManager) {}

  /** @throws Problem 422 `unknown` when nobody here has this id */
  async execute({ group, user }: AssignUser): Promise<void> {
    await transact(this.em, 'user.assigned', async (tx) => {
      if ((await tx.count(User, { id: user })) === 0)
        throw invalid('user_id', 'There is nobody with this id.', 'unknown');
      // As the form of the user does: whoever changes his groups holds the user, so that two do not add the same one.
      await findLocked(tx, User, user);
      if ((await tx.count(GroupAssignment, { group, user })) > 0) return;
      tx.create(GroupAssignment, { group, user });
      await tx.flush();
    });
  }
}

@CommandHandler(UnassignUser)
export class UnassignUserHandler implements ICommandHandler<UnassignUser, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ group, user }: UnassignUser): Promise<void> {
    await transact(this.em, 'user.unassigned', async (tx) => {
      await findLocked(tx, User, user);
      for (const assignment of await tx.find(GroupAssignment, { group, user })) tx.remove(assignment);
      await tx.flush();
    });
  }
}
