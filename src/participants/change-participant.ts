import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { findLocked } from '../platform/database/locked.js';
import { transact } from '../platform/database/transaction.js';
import { refuseChanged } from '../platform/http/etag.js';
import { refuseStaleForm, type Seen } from '../platform/ledger/edited-meanwhile.js';
import { participantById } from './find-participants.query.js';
import { mergedAlready } from './merge-participants.js';
import { foldedNames, Participant } from './participant.entity.js';
import { type ParticipantChange, refuseTaken } from './participant-input.js';

/**
 * Facts about a participant are put right. What is absent stays; null clears.
 * Errors: 404; 409 `stale` (the form is older than somebody else's change), `merged`; 412; 422.
 */
export class ChangeParticipant implements ICommand {
  constructor(
    readonly id: number,
    readonly input: ParticipantChange,
    readonly seen: Seen = {},
  ) {}
}

@CommandHandler(ChangeParticipant)
export class ChangeParticipantHandler implements ICommandHandler<ChangeParticipant, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ id, input, seen }: ChangeParticipant): Promise<void> {
    await transact(this.em, 'participant.changed', async (tx) => {
      const participant = await findLocked(tx, Participant, id);
      await refuseTaken(tx, input, id);
      if (participant.mergedInto) throw mergedAlready(participant);
      await refuseStaleForm(tx, 'participants', id, seen.version ?? null, Object.keys(input));
      if (seen.etag) refuseChanged(seen.etag, await participantById(tx, id));
      if (input.first_name !== undefined) participant.firstName = input.first_name;
      if (input.last_name !== undefined) participant.lastName = input.last_name;
      if (input.identifier !== undefined) participant.identifier = input.identifier;
      if (input.external_id !== undefined) participant.externalId = input.external_id;
      if (input.date_of_birth !== undefined) participant.dateOfBirth = input.date_of_birth;
      if (input.email !== undefined) participant.email = input.email;
      if (input.phone !== undefined) participant.phone = input.phone;
      if (input.extra_data !== undefined) participant.extraData = input.extra_data ?? {};
      if (input.is_active !== undefined) participant.isActive = input.is_active;
      Object.assign(participant, foldedNames(participant));
      await tx.flush();
    });
  }
}
