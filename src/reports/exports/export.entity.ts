import { defineEntity, p } from '@mikro-orm/core';
import { User } from '../../auth/index.js';
import { tenantColumns } from '../../tenancy/index.js';
import { type Format } from './formats.js';

/**
 * One file that somebody asked for. The row is the job: whoever claims it makes the file; after a crash another one
 * begins anew. That it was asked for, by whom and with which filters, is audited; what becomes of it is not.
 * status: queued, running, done, failed, cancelled, expired (it was done, and its file is not kept any more).
 */
const ExportSchema = defineEntity({
  name: 'Export',
  tableName: 'exports',
  properties: {
    ...tenantColumns,
    user: () => p.manyToOne(User).mapToPk().fieldName('user_id'),
    report: p.string().length(50),
    format: p.string().length(10).$type<Format>(),
    /** As they were given: asked again when the file is made, for whoever asked for it. */
    filters: p.json<Record<string, unknown>>(),
    /** CSV begins with the mark of UTF-8, for Excel. */
    bom: p.boolean().default(false),
    status: p.string().length(20).$type<'queued' | 'running' | 'done' | 'failed' | 'cancelled' | 'expired'>(),
    /** Rows, as far as it is known; and how many of them are written. */
    total: p.integer().default(0),
    processed: p.integer().default(0),
    fileName: p.string().length(255),
    /** Where the bytes lie, in the folder of exports; null before they are whole, and when they are gone. */
    filePath: p.string().length(64).nullable(),
    bytes: p.bigint('number').onCreate(() => 0),
    /** The groups in which its user might look when it was made; null: in all of them. */
    reach: p.json<number[]>().nullable(),
    /** Why there is no file: JSON {code, message, params}. */
    failure: p.string().length(500).nullable(),
    /** Who works on it has it until then, and says so again while he writes. */
    claimedUntil: p.datetime(3).nullable(),
    /** Goes up with every claim: who holds an older number has lost the job. */
    claim: p.integer().default(0),
    finishedAt: p.datetime(3).nullable(),
    expiresAt: p.datetime(3).nullable(),
  },
  indexes: [
    { name: 'exports_status_index', properties: ['status', 'claimedUntil'] },
    { name: 'exports_user_index', properties: ['organization', 'user', 'id'] },
  ],
});

export class Export extends ExportSchema.class {}
ExportSchema.setClass(Export);
