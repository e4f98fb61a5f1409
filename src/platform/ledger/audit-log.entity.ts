import { defineEntity, p } from '@mikro-orm/core';

/**
 * One change of one row. Written by the ledger alone, never changed afterwards.
 * `oldValues` and `newValues` are canonical JSON text keyed by column (a JSON column would reorder keys and rewrite
 * numbers, and could not be hashed). `digest` covers the fixed columns and the digests of both texts, so that an erasure
 * may blank the values while the row still verifies.
 */
const AuditLogSchema = defineEntity({
  name: 'AuditLog',
  tableName: 'audit_logs',
  properties: {
    id: p.bigint('number').primary(),
    organization: p.bigint('number').fieldName('organization_id'),
    tableName: p.string().length(100),
    recordId: p.bigint('number'),
    action: p.string().length(20).$type<'create' | 'update' | 'delete'>(),
    fact: p.string().length(60),
    changedBy: p.bigint('number').nullable(),
    oldValues: p.text().nullable(),
    newValues: p.text().nullable(),
    oldDigest: p.string().length(64).nullable(),
    newDigest: p.string().length(64).nullable(),
    digest: p.string().length(64),
    changedAt: p.datetime(3),
    source: p.string().length(10),
    sourceDevice: p.string().length(100).nullable(),
    requestId: p.string().length(64).nullable(),
    opId: p.string().length(36).nullable(),
  },
  indexes: [
    { name: 'audit_logs_record_index', properties: ['organization', 'tableName', 'recordId'] },
    { name: 'audit_logs_changed_at_index', properties: ['organization', 'changedAt'] },
    { name: 'audit_logs_changed_by_index', properties: ['organization', 'changedBy'] },
  ],
});

export class AuditLog extends AuditLogSchema.class {}
AuditLogSchema.setClass(AuditLog);
