import { defineEntity, p } from '@mikro-orm/core';
import { tenantColumns } from '../../tenancy/index.js';
import { Import } from './import.entity.js';

/**
 * What became of one row of the file: created, updated, skipped or failed (unchanged rows are only counted).
 * `before` keeps the values that an update replaced, so that the import can be undone.
 */
const ImportRowSchema = defineEntity({
  name: 'ImportRow',
  tableName: 'import_rows',
  properties: {
    ...tenantColumns,
    import: () => p.manyToOne(Import).mapToPk().fieldName('import_id'),
    /** Record number; the header is record 1. */
    row: p.integer().fieldName('row_number'),
    outcome: p.string().length(20).$type<'created' | 'updated' | 'skipped' | 'failed'>(),
    table: p.string().length(40).fieldName('table_name').nullable(),
    record: p.bigint('number').fieldName('record_id').nullable(),
    /** JSON texts: the values before, the values written. */
    before: p.text().fieldName('before_values').nullable(),
    after: p.text().fieldName('after_values').nullable(),
    errors: p.text().nullable(),
    undone: p.string().length(20).nullable().$type<'undone' | 'kept'>(),
  },
  indexes: [{ name: 'import_rows_import_index', properties: ['organization', 'import', 'row'] }],
});

export class ImportRow extends ImportRowSchema.class {}
ImportRowSchema.setClass(ImportRow);
