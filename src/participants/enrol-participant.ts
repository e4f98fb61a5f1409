import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { transact } from '../platform/database/transaction.js';
import { addMembers } from './add-members.js';
import { foldedNames, Participant } from './participant.entity.js';
import { type NewParticipant, refuseTaken } from './participant-input.js';

/** Somebody new is here. Answers the id. */
export class EnrolParticipant implements ICommand {
  /** @param group the group that he joins at once */
  constructor(
    readonly input: NewParticipant,
    readonly group?: number,
  ) {}
}

@CommandHandler(EnrolParticipant)
export class EnrolParticipantHandler implements ICommandHandler<EnrolParticipant, number> {
  constructor(private readonly em: EntityManager) {}

  async execute({ input, group }: EnrolParticipant): Promise<number> {
    return transact(this.em, 'participant.enrolled', async (tx) => {
      const { id } = await enrolParticipant(tx, input);
      if (group !== undefined) await addMembers(tx, group, { participant_ids: [id] });
      return id;
    });
  }
}

/**
 * Enrols inside the caller's transaction (a register adds a person on the spot).
 * @param input a single name may stand without a last name there
 * @throws Problem 422 `taken` when the identifier or the external id belongs to somebody else
 */
export async function enrolParticipant(tx: EntityManager, input: NewParticipant): Promise<Participant> {
  await refuseTaken(tx, input);
  const names = { firstName: input.first_name, lastName: input.last_name, identifier: input.identifier ?? null };
  const participant = tx.create(Participant, {
    ...names,
    ...foldedNames(names),
    externalId: input.external_id ?? null,
    dateOfBirth: input.date_of_birth ?? null,
    email: input.email ?? null,
    phone: input.phone ?? null,
    extraData: input.extra_data ?? {},
    isActive: input.is_active ?? true,
  });
  await tx.flush();
  return participant;
}
