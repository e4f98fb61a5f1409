import { z } from 'zod';
import { idOut, instantOut } from '../platform/http/answers.js';
import { FINAL_OUTCOMES, type Changes, type Handshake, type OpResult, type SyncAnswer } from './wire.js';

/**
 * The answers of the sync protocol as schemas, for the description of the API. The types of the protocol stand in
 * wire.ts; each schema is held to its type by the compiler, and to the real answers by the tests.
 */

const seq = z.int().min(0);
const revision = z.int().min(0);

const CODES = [
  'id_reuse',
  'missing_base',
  'session_deleted',
  'restored',
  'session_locked',
  'participant_removed',
  'participant_moved',
  'state_unknown',
  'not_authorized',
  'foreign_author',
  'identifier_taken',
  'erased',
  'unknown_target',
  'invalid',
] as const satisfies OpResult['code'][];

const FLAGS = [
  'clock_suspect',
  'clock_invalid',
  'out_of_window',
  'late_arrival',
  'seq_reuse',
  'server_behind',
  'redirected',
] as const satisfies OpResult['flags'];

export const OpResultOut = z
  .object({
    op_id: z.string(),
    outcome: z.enum([...FINAL_OUTCOMES, 'retry']).meta({
      description: 'Final, but for `retry`: nothing was stored, the operation stays on the device.',
    }),
    revision: revision.nullable().meta({ description: "The cell's revision after this operation." }),
    code: z.enum(CODES).nullable().meta({ description: 'Why it was parked or rejected.' }),
    flags: z.array(z.enum(FLAGS)),
    conflict_id: idOut.nullable(),
    participant_id: idOut
      .optional()
      .meta({ description: 'The participant that was made, or the survivor of a merged one.' }),
    first: z
      .enum(FINAL_OUTCOMES)
      .exclude(['duplicate'])
      .optional()
      .meta({ description: 'With `duplicate`: what became of it the first time.' }),
    current: z
      .object({
        presence_state: z.string().nullable(),
        revision,
        note: z.string().nullable(),
        recorded_by: z.string().nullable(),
        received_at: instantOut,
        disputed: z.boolean(),
      })
      .optional()
      .meta({ description: 'With `conflict` and `merged`: the mark in force.' }),
  })
  .meta({ id: 'SyncResult' });

export const SyncAnswerOut = z
  .object({
    protocol: z.int(),
    batch_id: z.string(),
    server_time: instantOut,
    results: z.array(OpResultOut),
    received_up_to: seq.meta({ description: 'Every number up to this one has arrived.' }),
    missing: z.array(seq).meta({ description: 'Numbers above it that have not arrived; the first 1,000.' }),
  })
  .meta({ id: 'SyncAnswer' });

export const HandshakeOut = z
  .object({
    user: z.object({ id: idOut, email: z.string(), permissions: z.array(z.string()) }),
    organization: z.object({ id: idOut, slug: z.string() }),
    client_id: z.string(),
    acknowledged_up_to: seq,
    max_seq: seq.optional(),
    received_up_to: seq.optional(),
    server_time: instantOut,
    server_epoch: z.string(),
    min_protocol: z.int(),
    offline_until: instantOut,
  })
  .meta({ id: 'SyncHandshake' });

export const ChangesOut = z
  .object({
    cells: z.array(
      z.object({
        session_id: idOut,
        participant_id: idOut,
        presence_state: z.string().nullable(),
        revision,
        disputed: z.boolean(),
      }),
    ),
    rosters: z.array(
      z.object({
        session_id: idOut,
        name: z.string(),
        scheduled_start_at: instantOut,
        scheduled_end_at: instantOut,
        participants_digest: z.string(),
        people: z.int(),
      }),
    ),
    digests: z.record(z.string(), z.string()).meta({ description: 'By session id.' }),
    cursor: z.string(),
    more: z.boolean(),
  })
  .meta({ id: 'SyncChanges' });

/** Says at compile time that a schema and a type of the protocol are the same, in both directions. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
const held: [
  Same<z.output<typeof OpResultOut>, OpResult>,
  Same<z.output<typeof SyncAnswerOut>, SyncAnswer>,
  Same<z.output<typeof HandshakeOut>, Handshake>,
  Same<z.output<typeof ChangesOut>, Changes>,
] = [true, true, true, true];
void held;
