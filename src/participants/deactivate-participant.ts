import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { findLocked } from '../platform/database/locked.js';
import { transact } from '../platform/database/transaction.js';
import { mergedAlready } from './merge-participants.js';
import { Participant } from './participant.entity.js';

/** Somebody is no longer expected: he leaves the registers to come; what was recorded of him stays. Done twice is done once. */
export class DeactivateParticipant implements ICommand {
  constructor(readonly id: number) {}
}

/** Takes a deactivation back: he is expected again wherever he is a member. */
export class ReactivateParticipant implements ICommand {
  constructor(readonly id: number) {}
}

@CommandHandler(DeactivateParticipant)
export class DeactivateParticipantHandler implements ICommandHandler<DeactivateParticipant, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ id }: DeactivateParticipant): Promise<void> {
    await setActive(this.em, 'participant.deactivated', id, false);
  }
}

@CommandHandler(ReactivateParticipant)
export class ReactivateParticipantHandler implements ICommandHandler<ReactivateParticipant, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ id }: ReactivateParticipant): Promise<void> {
    await setActive(this.em, 'participant.reactivated', id, true);
  }
}

const setActive = (em: EntityManager, fact: string, id: number, active: boolean): Promise<void> =>
  transact(em, fact, async (tx) => {
    const participant = await findLocked(tx, Participant, id);
    if (active && participant.mergedInto) throw mergedAlready(participant);
    participant.isActive = active;
    await tx.flush();
  });
