import { defineEntity, p } from '@mikro-orm/core';
import { User } from '../auth/index.js';
import { tenantColumns } from '../tenancy/index.js';
import { SyncClient } from './sync-client.entity.js';

/** One delivery: a batch that a device brought, and what became of its operations. A memory, not part of the ledger. */
const SyncHistorySchema = defineEntity({
  name: 'SyncHistory',
  tableName: 'sync_history',
  properties: {
    ...tenantColumns,
    client: () => p.manyToOne(SyncClient).mapToPk().fieldName('sync_client_id'),
    /** Who brought it; not the author when it was handed in on behalf of somebody. */
    user: () => p.manyToOne(User).mapToPk().fieldName('user_id'),
    batchId: p.string().length(36),
    /** `receiving` for good means that the server stopped in the middle: the device sends what was left again. */
    status: p.string().length(20).$type<'receiving' | 'done' | 'incomplete'>(),
    onBehalf: p.boolean(),
    /** The device's clock when it sent the batch. */
    sentAt: p.datetime(3),
    receivedAt: p.datetime(3),
    doneAt: p.datetime(3).nullable(),
    operations: p.integer(),
    applied: p.integer(),
    merged: p.integer(),
    duplicate: p.integer(),
    conflict: p.integer(),
    parked: p.integer(),
    rejected: p.integer(),
    /** Not stored, to be sent again. */
    retried: p.integer(),
  },
  indexes: [{ name: 'sync_history_received_index', properties: ['organization', 'receivedAt'] }],
});

export class SyncHistory extends SyncHistorySchema.class {}
SyncHistorySchema.setClass(SyncHistory);
