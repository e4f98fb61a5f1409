import { defineEntity, p } from '@mikro-orm/core';
import { User } from '../auth/index.js';
import { Participant } from '../participants/index.js';
import { Session } from '../sessions/index.js';
import { tenantColumns } from '../tenancy/index.js';

/** What the times say, never applied by itself: keep the server's mark, take the device's, or ask both people. */
export type Suggestion = 'server' | 'device' | 'ask';

/** How a conflict ended: by a resolution of a person, or `settled` because no candidate was left that differed. */
export type Resolution = 'server' | 'device' | 'other' | 'void' | 'settled';

/**
 * Two observations of one cell that contradict each other: the mark in force (the incumbent) and one or more candidates
 * (receipts with this conflict_id and outcome `conflict`). There is at most one open conflict per cell. Written by
 * conflicts.ts alone.
 */
const SyncConflictSchema = defineEntity({
  name: 'SyncConflict',
  tableName: 'sync_conflicts',
  properties: {
    ...tenantColumns,
    session: () => p.manyToOne(Session).mapToPk().fieldName('session_id'),
    participant: () => p.manyToOne(Participant).mapToPk().fieldName('participant_id'),
    status: p.string().length(20).$type<'open' | 'resolved'>(),
    /** True while it is open, else null: the unique key lets each cell have one open conflict. */
    isOpen: p.boolean().nullable(),
    /** One more with every candidate that joins or leaves; a resolution is a compare-and-set on it. */
    revision: p.integer(),
    suggestion: p.string().length(20).$type<Suggestion>(),
    /** The mark in force when the conflict was opened (the contract's presence record), JSON. */
    versionAData: p.text().fieldName('version_a_data'),
    /** The newest candidate as it was sent, JSON. */
    versionBData: p.text().fieldName('version_b_data'),
    resolution: p.string().length(20).$type<Resolution>().nullable(),
    /** The receipt (presence_operations) of the candidate that was taken, or of the resolution itself. */
    resolvedWith: p.bigint('number').fieldName('resolved_with_id').nullable(),
    resolvedAt: p.datetime(3).nullable(),
    resolvedBy: () => p.manyToOne(User).mapToPk().fieldName('resolved_by').nullable(),
    reason: p.string().length(2000).nullable(),
  },
  uniques: [{ name: 'sync_conflicts_open_unique', properties: ['organization', 'session', 'participant', 'isOpen'] }],
  indexes: [{ name: 'sync_conflicts_status_index', properties: ['organization', 'status', 'id'] }],
});

export class SyncConflict extends SyncConflictSchema.class {}
SyncConflictSchema.setClass(SyncConflict);
