import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { z } from 'zod';
import { type SignedInUser } from '../auth/index.js';
import { addMembers, enrolParticipant, GroupMembership, Participant } from '../participants/index.js';
import { transact } from '../platform/database/transaction.js';
import { optionalText, text, uuid } from '../platform/http/parse.js';
import { refusedMark } from './presence.problems.js';
import { Problem } from '../platform/http/problem.js';
import { actOf } from './act.js';

export const NewOnTheSpot = z.object({
  op_id: uuid,
  first_name: text(100),
  /** Some people have one name only. */
  last_name: optionalText(100)
    .optional()
    .transform((name) => name ?? ''),
  identifier: optionalText(100).optional(),
});

export interface Enrolled {
  participant: number;
  isNew: boolean;
}

/** The first sending was kept although its answer was lost; then the name was changed and the form sent again. */
const sentBefore = (known: Participant) =>
  new Problem(422, {
    code: 'id_reuse',
    message: 'This form was saved before, as {name}. Correct the name on the page of that person, or reload this page.',
    params: { name: known.name },
  });

/**
 * Adds a person to the register that is being taken: enrols him and makes him a member of the session's group from the
 * session's day on. The same operation again answers the person it made.
 * Errors: 422 `taken`, `id_reuse` (the form was sent before with another name); 409 session_cancelled, session_locked.
 */
export class EnrolOnTheSpot implements ICommand {
  constructor(
    readonly sessionId: number,
    readonly input: z.output<typeof NewOnTheSpot>,
    readonly by: SignedInUser,
  ) {}
}

@CommandHandler(EnrolOnTheSpot)
export class EnrolOnTheSpotHandler implements ICommandHandler<EnrolOnTheSpot, Enrolled> {
  constructor(private readonly em: EntityManager) {}

  async execute({ sessionId, input, by }: EnrolOnTheSpot): Promise<Enrolled> {
    return transact(this.em, 'participant.enrolled', async (tx) => {
      // One after the other: whoever waited then sees the person that the same form made a moment ago.
      const act = await actOf(tx, sessionId, by, { exclusive: true });
      const code =
        act.session.status === 'cancelled' ? 'session_deleted' : act.session.lockedAt ? 'session_locked' : null;
      if (code) {
        const { status, refusal } = refusedMark(code);
        throw new Problem(status, refusal);
      }
      // A form that is sent twice makes one person: the operation names him until the organization gives him a number.
      const external = `spot:${input.op_id}`;
      const known = await tx.findOne(Participant, { externalId: external });
      const { op_id: _, ...person } = input;
      if (known) {
        const same =
          known.firstName === person.first_name &&
          known.lastName === person.last_name &&
          (known.identifier ?? null) === (person.identifier ?? null);
        const here = await tx.count(GroupMembership, { participant: known.id, group: act.session.group });
        if (!same || here === 0) throw sentBefore(known);
        return { participant: known.id, isNew: false };
      }
      const participant = await enrolParticipant(tx, { ...person, external_id: external });
      await addMembers(tx, act.session.group, { participant_ids: [participant.id], from: act.roster.day });
      return { participant: participant.id, isNew: true };
    });
  }
}
