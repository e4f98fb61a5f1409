import { z } from 'zod';
import { idOut, instantOut } from '../platform/http/answers.js';
import { SessionOut } from '../sessions/index.js';
import { DOMAIN_TYPES, STATE_CATEGORIES } from '../tenancy/index.js';

const category = z.enum(STATE_CATEGORIES);

/** What the doors of presence answer, as programs see it. */
export const StateOut = z
  .object({
    id: idOut,
    domain: z.enum(DOMAIN_TYPES),
    code: z.string(),
    label: z.string(),
    color: z.string().meta({ examples: ['#1b7f4d'] }),
    category,
    shortcut: z.string().nullable(),
    sort_order: z.int(),
    is_default: z.boolean(),
    is_active: z.boolean(),
  })
  .meta({ id: 'PresenceState' });

export const StateFiguresOut = z.object({
  marks: z.int(),
  sessions: z.int(),
  participants: z.int(),
  from: instantOut.nullable(),
  to: instantOut.nullable(),
  rate_before: z.number().nullable(),
  rate_after: z.number().nullable(),
});

const by = z.object({ id: idOut, name: z.string() });

export const RecordOut = z
  .object({
    id: idOut,
    session_id: idOut,
    participant_id: idOut,
    presence_state: z.string().nullable().meta({ description: 'The code of a state; null: not marked.' }),
    category: category.nullable(),
    note: z.string().nullable(),
    reason: z.string().nullable(),
    arrived_at: instantOut.nullable(),
    left_at: instantOut.nullable(),
    recorded_at: instantOut,
    received_at: instantOut,
    recorded_by: by.nullable(),
    source: z.string(),
    device_id: z.string().nullable(),
    op_id: z.string(),
    revision: z.int(),
    disputed: z.boolean(),
    created_at: instantOut,
    updated_at: instantOut,
  })
  .meta({ id: 'PresenceRecord' });

export const RevisionOut = z
  .object({
    revision: z.int(),
    presence_state: z.string().nullable(),
    note: z.string().nullable(),
    reason: z.string().nullable(),
    by: by.nullable(),
    source: z.string(),
    recorded_at: instantOut,
    received_at: instantOut,
  })
  .meta({ id: 'PresenceRevision' });

/** The whole register of one session; not paged. */
export const RosterOut = z
  .object({
    data: z.array(
      z.object({
        participant: z.object({
          id: idOut,
          first_name: z.string(),
          last_name: z.string(),
          identifier: z.string().nullable(),
        }),
        presence: RecordOut.nullable(),
      }),
    ),
    meta: z.object({
      counts: z.record(z.string(), z.int()).meta({ description: 'By code of the state, and `unmarked`.' }),
      disputed: z.int(),
      session: SessionOut,
    }),
  })
  .meta({ id: 'Roster' });
