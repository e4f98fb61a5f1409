import { defineEntity, p } from '@mikro-orm/core';
import { User } from '../auth/index.js';
import { Participant } from '../participants/index.js';
import { type Source } from '../platform/current.js';
import { Session } from '../sessions/index.js';
import { tenantColumns } from '../tenancy/index.js';
import { PresenceState } from './presence-state.entity.js';

/**
 * The cell: one participant in one session. Never deleted, and its revision never goes back; without a state it is
 * unmarked. Written by keep-marks.ts alone.
 */
const PresenceRecordSchema = defineEntity({
  name: 'PresenceRecord',
  tableName: 'presence_records',
  properties: {
    ...tenantColumns,
    session: () => p.manyToOne(Session).mapToPk().fieldName('session_id'),
    participant: () => p.manyToOne(Participant).mapToPk().fieldName('participant_id'),
    presenceState: () => p.manyToOne(PresenceState).mapToPk().fieldName('presence_state_id').nullable(),
    revision: p.integer(),
    note: p.string().length(2000).nullable(),
    reason: p.string().length(2000).nullable(),
    arrivedAt: p.datetime(3).nullable(),
    leftAt: p.datetime(3).nullable(),
    /** When the device says that it happened. */
    recordedAt: p.datetime(3),
    /** When the server was told. */
    receivedAt: p.datetime(3),
    recordedBy: () => p.manyToOne(User).mapToPk().fieldName('recorded_by').nullable(),
    source: p.string().length(10).$type<Source>(),
    sourceDeviceId: p.string().length(100).nullable(),
    /** The operation that made the present revision. */
    opId: p.string().length(36),
    disputed: p.boolean().default(false),
    extraData: p.json<Record<string, unknown>>(),
  },
  uniques: [{ name: 'presence_records_cell_unique', properties: ['organization', 'session', 'participant'] }],
  indexes: [
    { name: 'presence_records_received_index', properties: ['organization', 'receivedAt'] },
    {
      // Everything of one person that is counted, so that his reports read the index alone.
      name: 'presence_records_person_index',
      properties: ['organization', 'participant', 'session', 'presenceState', 'disputed'],
    },
  ],
});

export class PresenceRecord extends PresenceRecordSchema.class {}
PresenceRecordSchema.setClass(PresenceRecord);
