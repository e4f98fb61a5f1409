import { defineEntity, p } from '@mikro-orm/core';
import { User } from '../auth/index.js';
import { type Source } from '../platform/current.js';
import { tenantColumns } from '../tenancy/index.js';

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
  ],
});

export class PresenceOperation extends PresenceOperationSchema.class {}
PresenceOperationSchema.setClass(PresenceOperation);
