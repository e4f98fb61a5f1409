import { z } from 'zod';
import { id, told, text, uuid } from '../../platform/http/parse.js';
import { type Choice } from '../../presence/index.js';

export const CHOICES = ['server', 'device', 'other', 'void'] as const satisfies Choice[];

/** At most so many conflicts or parked operations in one act. */
export const MOST_AT_ONCE = 500;

const choice = z.enum(CHOICES, { error: told('Choose server, device, other or void.') });
const state = z.string().trim().min(1).max(50);

/** Every decision says why; it stays with the mark. */
export const reason = text(2000);

const withState = <T extends { choice: Choice; presence_state?: string | undefined }>(input: T) =>
  input.choice !== 'other' || input.presence_state !== undefined;
const NEEDS_STATE = {
  path: ['presence_state'],
  error: 'Choose the value that shall stand instead.',
  params: { code: 'required' },
};

/** How one conflict ends. */
export const Resolution = z
  .strictObject({
    choice,
    /** Code of a state, with `other`. */
    presence_state: state.optional(),
    /** With `device`: which candidate; absent means the newest one. */
    op_id: uuid.optional(),
    reason,
    /** The conflict's revision that the person saw; another one by now is `stale`. */
    revision: z.int().min(1).optional(),
  })
  .refine(withState, NEEDS_STATE)
  .meta({ id: 'Resolution' });
export type Resolution = z.output<typeof Resolution>;

/** One choice for many conflicts. */
export const ManyResolutions = z
  .strictObject({
    ids: z
      .array(id)
      .min(1, 'At least one conflict is needed.')
      .max(MOST_AT_ONCE, `At most ${MOST_AT_ONCE} fit into one request.`),
    choice,
    presence_state: state.optional(),
    reason,
    /** By id: the revision that was looked at (the preview tells it); another one is `stale`. */
    revisions: z.record(z.string().regex(/^[1-9]\d{0,14}$/), z.int().min(1)).optional(),
    /** Changes nothing and says what each would become. */
    preview: z.boolean().optional(),
  })
  .refine(withState, NEEDS_STATE)
  .meta({ id: 'ManyResolutions' });
export type ManyResolutions = z.output<typeof ManyResolutions>;

/** Why a parked operation is adopted or discarded. */
export const Reason = z.strictObject({ reason }).meta({ id: 'Reason' });
