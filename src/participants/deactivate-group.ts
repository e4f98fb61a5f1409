import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { findLocked } from '../platform/database/locked.js';
import { transact } from '../platform/database/transaction.js';
import { Group } from './group.entity.js';

/** A group is no longer used: nothing new is scheduled for it; its sessions and members stay. Done twice is done once. */
export class DeactivateGroup implements ICommand {
  constructor(readonly id: number) {}
}

/** Takes a deactivation back. */
export class ReactivateGroup implements ICommand {
  constructor(readonly id: number) {}
}

@CommandHandler(DeactivateGroup)
export class DeactivateGroupHandler implements ICommandHandler<DeactivateGroup, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ id }: DeactivateGroup): Promise<void> {
    await setActive(this.em, 'group.deactivated', id, false);
  }
}

@CommandHandler(ReactivateGroup)
export class ReactivateGroupHandler implements ICommandHandler<ReactivateGroup, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ id }: ReactivateGroup): Promise<void> {
    await setActive(this.em, 'group.reactivated', id, true);
  }
}

const setActive = (em: EntityManager, fact: string, id: number, active: boolean): Promise<void> =>
  transact(em, fact, async (tx) => {
    (await findLocked(tx, Group, id)).isActive = active;
    await tx.flush();
  });
