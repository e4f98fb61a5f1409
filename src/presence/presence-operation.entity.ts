import { defineEntity, p } from '@mikro-orm/core';
import { User } from '../auth/index.js';
import { type Source } from '../platform/current.js';
import { tenantColumns } from '../tenancy/index.js';

/**
 * Of a candidate: `merged` (the cell came to the same state), `superseded` (by a later one of the same device),
 * `withdrawn` by its author, `taken` or `declined` by a resolution. Of a parked operation: `adopted`, `discarded`,
 * `judged_again` (what it lacked arrived).
 */
export type Settlement =
  'merged' | 'superseded' | 'withdrawn' | 'taken' | 'declined' | 'adopted' | 'discarded' | 'judged_again';

/**
 * A receipt: one operation that arrived, by whatever door, and what became of it. Its unique key is the last word on
 * doubles, so it is written in the transaction of the cell. Session and participant are plain ids on purpose: a later
 * door must be able to keep an operation whose target never existed.
 */
const PresenceOperationSchema = defineEntity({
  name: 'PresenceOperation',
  tableName: 'presence_operations',
  properties: {
    ...tenantColumns,
    opId: p.string().length(36),
    /** SHA-256 of the canonical JSON of what was asked: the same id with other content is refused. */
    hash: p.string().length(64),
    session: p.bigint('number').fieldName('session_id').nullable(),
    participant: p.bigint('number').fieldName('participant_id').nullable(),
    author: () => p.manyToOne(User).mapToPk().fieldName('author_id'),
    adoptedBy: () => p.manyToOne(User).mapToPk().fieldName('adopted_by').nullable(),
    clientId: p.string().length(36).nullable(),
    seq: p.bigint('number').nullable(),
    kind: p.string().length(20),
    /** What was asked, canonical JSON. */
    body: p.text(),
    outcome: p.string().length(20).$type<'applied' | 'merged' | 'conflict' | 'parked' | 'rejected'>(),
    code: p.string().length(40).nullable(),
    flags: p.string().length(200).nullable(),
    /** The cell's revision after this operation. */
    revision: p.integer().nullable(),
    /** The record as it was answered, JSON: the first answer can be given again, and a history be read. */
    answer: p.text().nullable(),
    source: p.string().length(10).$type<Source>(),
    conflict: p.bigint('number').fieldName('conflict_id').nullable(),
    /** The op_id that this operation is based on and that has not arrived: it is judged again when it does. */
    waitsFor: p.string().length(36).nullable(),
    /** The person who was meant, before he was merged into `participant`. */
    redirectedFrom: p.bigint('number').fieldName('redirected_from').nullable(),
    /** What became of a candidate or a parked operation afterwards; null while it waits for a person. */
    settlement: p.string().length(20).$type<Settlement>().nullable(),
    settledBy: p.bigint('number').fieldName('settled_by').nullable(),
    settledAt: p.datetime(3).nullable(),
    settledReason: p.string().length(2000).nullable(),
    /** The delivery of a device that brought it (sync_history). */
    delivery: p.bigint('number').fieldName('sync_history_id').nullable(),
    /** What was done in one act ("mark all unmarked") has one batch: the act can be undone. */
    batchId: p.string().length(36).nullable(),
    recordedAt: p.datetime(3),
    correctedAt: p.datetime(3),
    receivedAt: p.datetime(3),
  },
  uniques: [{ name: 'presence_operations_op_unique', properties: ['organization', 'opId'] }],
  indexes: [
    { name: 'presence_operations_cell_index', properties: ['organization', 'session', 'participant'] },
    { name: 'presence_operations_batch_index', properties: ['organization', 'batchId'] },
    // The newest act of a user in a session: what the undo button offers.
    { name: 'presence_operations_act_index', properties: ['organization', 'session', 'author', 'id'] },
    { name: 'presence_operations_client_index', properties: ['organization', 'clientId', 'seq'] },
    { name: 'presence_operations_conflict_index', properties: ['organization', 'conflict'] },
    { name: 'presence_operations_waits_index', properties: ['organization', 'waitsFor'] },
    { name: 'presence_operations_parked_index', properties: ['organization', 'outcome', 'settlement', 'id'] },
    { name: 'presence_operations_delivery_index', properties: ['organization', 'delivery'] },
  ],
});

export class PresenceOperation extends PresenceOperationSchema.class {}
PresenceOperationSchema.setClass(PresenceOperation);
