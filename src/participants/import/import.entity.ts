import { defineEntity, p } from '@mikro-orm/core';
import { User } from '../../auth/index.js';
import { tenantColumns } from '../../tenancy/index.js';

/**
 * One import job. The row is the job: whoever claims it goes on after its checkpoint, so a crash loses nothing.
 * status: reading (being unpacked), preview (uploaded, waiting for the person), queued, running, done, failed, undoing,
 * undone.
 */
const ImportSchema = defineEntity({
  name: 'Import',
  tableName: 'imports',
  properties: {
    ...tenantColumns,
    user: () => p.manyToOne(User).mapToPk().fieldName('user_id').nullable(),
    kind: p.string().length(40),
    fileName: p.string().length(255),
    fileHash: p.string().length(64),
    /** Where the uploaded bytes lie, relative to the data folder; removed some time after the job ended. */
    filePath: p.string().length(255),
    shape: p.json<Record<string, unknown>>(),
    mapping: p.json<Record<string, string>>(),
    status: p
      .string()
      .length(20)
      .$type<'reading' | 'preview' | 'queued' | 'running' | 'done' | 'failed' | 'undoing' | 'undone'>(),
    dryRun: p.boolean().default(false),
    onError: p.string().length(10).$type<'skip' | 'abort'>(),
    total: p.integer().default(0),
    processed: p.integer().default(0),
    createdCount: p.integer().default(0).fieldName('created_count'),
    updatedCount: p.integer().default(0).fieldName('updated_count'),
    unchangedCount: p.integer().default(0).fieldName('unchanged_count'),
    skippedCount: p.integer().default(0).fieldName('skipped_count'),
    failedCount: p.integer().default(0).fieldName('failed_count'),
    /** Sentences about failed and skipped rows, and about rows that were taken with a reservation. */
    errorsCount: p.integer().default(0).fieldName('errors_count'),
    warningsCount: p.integer().default(0).fieldName('warnings_count'),
    /** What was made and changed, by table (Records); of a trial run, what would be. */
    records: p.json<Record<string, unknown>>().nullable(),
    /** The last record number that is done; the next run starts after it. */
    checkpoint: p.integer().default(0),
    /** Why the file as a whole was given up: JSON {code, message, params}. */
    failure: p.string().length(500).nullable(),
    /** Who works on it has it until then, and says so again with every chunk. */
    claimedUntil: p.datetime(3).nullable(),
    /** Goes up with every claim: who holds an older number has lost the job. */
    claim: p.integer().default(0),
    finishedAt: p.datetime(3).nullable(),
    undoneAt: p.datetime(3).nullable(),
  },
  indexes: [{ name: 'imports_status_index', properties: ['status', 'claimedUntil'] }],
});

export class Import extends ImportSchema.class {}
ImportSchema.setClass(Import);
