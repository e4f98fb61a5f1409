import { type EntityManager } from '@mikro-orm/core';
import { z } from 'zod';
import { id, text, told } from '../../platform/http/parse.js';
import { invalid } from '../../platform/http/problem.js';
import { emailText, passwordText } from '../create-user.js';
import { ROLES, type Role } from '../permissions.js';
import { User } from '../user.entity.js';
import { userBonds } from './user-bonds.js';

const role = z.enum(ROLES, { error: told(`Choose ${ROLES.join(', ')}.`) });
/** More than this nobody works with by hand. */
const groupIds = z
  .array(id, { error: told('A list of ids belongs here.') })
  .max(1000, 'At most 1,000 {groups} fit here.');

/** Somebody who shall be able to sign in. Without a password he is invited: a link lets him choose his own. */
export const UserInvitation = z
  .strictObject({
    email: emailText,
    role,
    first_name: text(100),
    last_name: text(100),
    password: passwordText.optional(),
    status: z
      .enum(['invited', 'active', 'disabled'], { error: told('Choose invited, active or disabled.') })
      .optional(),
    group_ids: groupIds.optional(),
    participant_id: id.nullable().optional(),
  })
  .meta({ id: 'UserInvitation' });
export type UserInvitation = z.output<typeof UserInvitation>;

/** What may be changed of a user: absent is unchanged, null clears. */
export const UserChange = z
  .strictObject({
    email: emailText.optional(),
    role: role.optional(),
    first_name: text(100).optional(),
    last_name: text(100).optional(),
    password: passwordText.optional(),
    status: z.enum(['active', 'disabled'], { error: told('Choose active or disabled.') }).optional(),
    group_ids: groupIds.nullable().optional(),
    participant_id: id.nullable().optional(),
  })
  .meta({ id: 'UserChange' });
export type UserChange = z.output<typeof UserChange>;

/** @throws Problem 422 `taken` */
export async function refuseTakenEmail(tx: EntityManager, email: string, except: number | null = null): Promise<void> {
  const other = await tx.findOne(User, { email });
  if (other && other.id !== except)
    throw invalid('email', 'Somebody with this e-mail address is here already.', 'taken');
}

/**
 * An external user is one of the participants and sees himself; nobody else is one.
 * @param participant the participant that he is or shall be
 * @throws Problem 422 on participant_id
 */
export async function refuseWrongParticipant(tx: EntityManager, role: Role, participant: number | null): Promise<void> {
  if (role !== 'external') {
    if (participant === null) return;
    throw invalid('participant_id', 'Only an external user is tied to one of the {participants}.');
  }
  if (participant === null)
    throw invalid(
      'participant_id',
      'An external user sees only himself: say who of the {participants} he is.',
      'required',
    );
  if ((await userBonds().participantOf(tx, participant)) === null)
    throw invalid('participant_id', 'There is no {participant} with this id.', 'unknown');
}
