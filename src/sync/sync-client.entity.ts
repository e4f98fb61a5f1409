import { defineEntity, p } from '@mikro-orm/core';
import { User } from '../auth/index.js';
import { tenantColumns } from '../tenancy/index.js';

/** One user in one browser profile: it numbers its operations, so that what has not arrived can be counted. */
const SyncClientSchema = defineEntity({
  name: 'SyncClient',
  tableName: 'sync_clients',
  properties: {
    ...tenantColumns,
    clientId: p.string().length(36),
    user: () => p.manyToOne(User).mapToPk().fieldName('user_id'),
    /** SHA-256 of the browser profile's long-lived cookie: the same for every user of the device. */
    deviceHash: p.string().length(64),
    /** What a person recognises it by: "Chrome on Android". */
    label: p.string().length(100),
    lastSeenAt: p.datetime(3),
    /** When it last brought operations. */
    lastSyncAt: p.datetime(3).nullable(),
    /** The highest seq that the device says it has given out. */
    maxSeq: p.bigint('number'),
    /** Every seq up to this one has arrived. */
    receivedUpTo: p.bigint('number'),
    /** SHA-256 of the login session in which it was last seen: revoking the device ends it. */
    loginHash: p.string().length(64).nullable(),
    /** Set by an administrator, cleared by the next sign-in on the device. */
    revokedAt: p.datetime(3).nullable(),
  },
  uniques: [
    { name: 'sync_clients_client_unique', properties: ['organization', 'clientId'] },
    { name: 'sync_clients_device_unique', properties: ['organization', 'user', 'deviceHash'] },
  ],
  indexes: [{ name: 'sync_clients_device_index', properties: ['deviceHash'] }],
});

export class SyncClient extends SyncClientSchema.class {}
SyncClientSchema.setClass(SyncClient);
