import { type EntityManager } from '@mikro-orm/core';
import { z } from 'zod';
import { clock } from '../platform/clock.js';
import { dateText, extraData, flag, optionalText, text } from '../platform/http/parse.js';
import { Problem, type Refusal } from '../platform/http/problem.js';
import { addDays } from '../tenancy/index.js';
import { Participant } from './participant.entity.js';

const emptyIsNone = (value: unknown) => (typeof value === 'string' && value.trim() === '' ? null : value);

const birthday = dateText
  .refine((day) => day >= '1850-01-01', { error: 'This is too long ago for a date of birth.' })
  // Somewhere on Earth it is tomorrow already.
  .refine((day) => day <= addDays(clock.now().toISOString().slice(0, 10), 1), {
    error: 'A date of birth cannot lie in the future.',
  });

const email = z.string().trim().max(255).pipe(z.email('This is not an e-mail address.'));

const optional = {
  external_id: optionalText(100).optional(),
  identifier: optionalText(100).optional(),
  date_of_birth: z.preprocess(emptyIsNone, birthday.nullable()).optional(),
  email: z.preprocess(emptyIsNone, email.nullable()).optional(),
  phone: optionalText(50).optional(),
  extra_data: extraData.nullable().optional(),
  is_active: flag.optional(),
};

/** What a participant is made of. */
export const NewParticipant = z
  .strictObject({ first_name: text(100), last_name: text(100), ...optional })
  .meta({ id: 'NewParticipant' });
export type NewParticipant = z.output<typeof NewParticipant>;

/** What may be changed: absent is unchanged, null clears. */
export const ParticipantChange = z
  .strictObject({ first_name: text(100).optional(), last_name: text(100).optional(), ...optional })
  .meta({ id: 'ParticipantChange' });
export type ParticipantChange = z.output<typeof ParticipantChange>;

/**
 * Two people cannot have one identifier.
 * @param except the participant who may have it: the one that is being changed
 * @throws Problem 422 `taken`, for each field
 */
export async function refuseTaken(
  tx: EntityManager,
  input: { identifier?: string | null; external_id?: string | null },
  except: number | null = null,
): Promise<void> {
  const refusals: Refusal[] = [];
  const check = async (field: 'identifier' | 'external_id', where: object, message: string) => {
    if (!input[field]) return;
    const other = await tx.findOne(Participant, where);
    if (other && other.id !== except) refusals.push({ code: 'taken', field, message });
  };
  await check('identifier', { identifier: input.identifier }, 'Somebody else has this identifier already.');
  await check('external_id', { externalId: input.external_id }, 'Somebody else has this external id already.');
  if (refusals.length > 0) throw new Problem(422, refusals);
}
