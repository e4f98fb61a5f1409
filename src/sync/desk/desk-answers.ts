import { z } from 'zod';
import { idOut, instantOut } from '../../platform/http/answers.js';
import { OpResultOut } from '../wire-answers.js';
import { CHOICES } from './desk-input.js';
import { DELIVERY_STATUSES, OUTCOMES } from './deliveries.query.js';
import { PARKED_STATUSES } from './parked.query.js';

/** What the doors of the desk answer, as programs see it. */

const by = z.object({ id: idOut, name: z.string() });
const state = z.string().nullable().meta({ description: 'The code of a state; null: no mark.' });
const count = z.int().min(0);

export const ConflictOut = z
  .object({
    id: idOut,
    session_id: idOut,
    participant_id: idOut,
    status: z.enum(['open', 'resolved']),
    suggestion: z.enum(['server', 'device', 'ask']),
    revision: z.int(),
    versions: z
      .array(
        z.object({
          side: z.enum(['server', 'device']),
          op_id: z.string().nullable(),
          presence_state: state,
          recorded_at: instantOut.nullable().meta({ description: 'What the clock of the device said.' }),
          corrected_at: instantOut.nullable().meta({ description: "The same moment by the server's clock." }),
          received_at: instantOut.nullable(),
          user: by.nullable(),
          device_id: z.string().nullable(),
          base_revision: z.int().nullable(),
          saw: state,
          note: z.string().nullable(),
          flags: z.array(z.string()),
          status: z.string().nullable(),
        }),
      )
      .meta({ description: 'The mark in force first, then what devices brought, in order of arrival.' }),
    more_versions: count,
    resolution: z
      .object({
        choice: z.enum([...CHOICES, 'settled']),
        presence_state: state,
        reason: z.string().nullable(),
        by: by.nullable(),
        at: instantOut,
      })
      .nullable(),
    follows: idOut.nullable(),
    created_at: instantOut,
    updated_at: instantOut,
  })
  .meta({ id: 'SyncConflict' });

/** Of many conflicts: what became of each, or would (`preview`). */
export const ManyResolvedOut = z.object({
  results: z.array(
    z.object({
      id: idOut,
      ok: z.boolean(),
      code: z.string().optional(),
      before: state.optional(),
      after: state.optional(),
      revision: z.int().optional(),
    }),
  ),
});

export const ParkedOut = z
  .object({
    op_id: z.string(),
    kind: z.string(),
    code: z.string().nullable(),
    status: z.enum(PARKED_STATUSES),
    outcome: z.string(),
    session_id: idOut.nullable(),
    participant_id: idOut.nullable(),
    presence_state: state,
    note: z.string().nullable(),
    name: z.string().nullable(),
    user: by,
    brought_by: by.nullable(),
    device_id: z.string().nullable(),
    flags: z.array(z.string()),
    waits_for: z.string().nullable(),
    sync_history_id: idOut.nullable(),
    recorded_at: instantOut,
    corrected_at: instantOut,
    received_at: instantOut,
    settled: z.object({ by: by.nullable(), at: instantOut.nullable(), reason: z.string().nullable() }).nullable(),
  })
  .meta({ id: 'ParkedOperation' });

/** With what an adopted operation came to. */
export const SettledParkedOut = ParkedOut.extend({ result: OpResultOut.optional() }).meta({ id: 'SettledOperation' });

export const DeviceOut = z
  .object({
    id: idOut,
    device_id: z.string(),
    label: z.string(),
    short_id: z.string(),
    user: by,
    first_seen_at: instantOut,
    last_seen_at: instantOut,
    last_sync_at: instantOut.nullable(),
    max_seq: count,
    received_up_to: count,
    marks: count,
    missing: count,
    parked: count,
    signed_in: z.boolean(),
    revoked_at: instantOut.nullable(),
  })
  .meta({ id: 'Device' });

export const DeliveryOut = z
  .object({
    id: idOut,
    batch_id: z.string(),
    status: z.enum(DELIVERY_STATUSES),
    on_behalf: z.boolean(),
    device_id: z.string(),
    device_label: z.string(),
    user: by,
    sent_at: instantOut,
    received_at: instantOut,
    done_at: instantOut.nullable(),
    operations: count,
    ...(Object.fromEntries(OUTCOMES.map((name) => [name, count])) as Record<(typeof OUTCOMES)[number], typeof count>),
    waiting: count,
  })
  .meta({ id: 'SyncDelivery' });

/** A delivery with what became of each of its operations. */
export const WholeDeliveryOut = DeliveryOut.extend({
  results: z.array(
    z.object({
      op_id: z.string(),
      seq: count.nullable(),
      kind: z.string(),
      outcome: z.string(),
      code: z.string().nullable(),
      settlement: z.string().nullable(),
      flags: z.array(z.string()),
      revision: z.int().nullable(),
      conflict_id: idOut.nullable(),
      session_id: idOut.nullable(),
      participant_id: idOut.nullable(),
      presence_state: state,
      recorded_at: instantOut,
      corrected_at: instantOut,
    }),
  ),
}).meta({ id: 'WholeSyncDelivery' });

/** A delivery after a retry, and what the retry made of its operations. */
export const RetriedOut = z.object({ data: WholeDeliveryOut, results: z.array(OpResultOut) });
