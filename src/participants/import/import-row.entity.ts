import { defineEntity, p } from '@mikro-orm/core';
import { tenantColumns } from '../../tenancy/index.js';
import { Import } from './import.entity.js';

/**
 * What became of one row of the file, for undoing and telling. The first entry of a row says its outcome; `also` are
 * further records that the row made or changed (a membership, a group). Rows that changed nothing are only counted,
 * unless there is something to tell about them. `before` is null for what was created, `after` for what was removed.
 */
const ImportRowSchema = defineEntity({
  name: 'ImportRow',
  tableName: 'import_rows',
  properties: {
    ...tenantColumns,
    import: () => p.manyToOne(Import).mapToPk().fieldName('import_id'),
    /** Record number; the header is record 1. */
    row: p.integer().fieldName('row_number'),
    outcome: p.string().length(20).$type<'created' | 'updated' | 'unchanged' | 'skipped' | 'failed' | 'also'>(),
    table: p.string().length(40).fieldName('table_name').nullable(),
    record: p.bigint('number').fieldName('record_id').nullable(),
    /** JSON texts, entity property -> value: what stood there before, what was written. */
    before: p.text().fieldName('before_values').nullable(),
    after: p.text().fieldName('after_values').nullable(),
    errors: p.text().nullable(),
    undone: p.string().length(20).nullable().$type<'undone' | 'kept'>(),
  },
  indexes: [{ name: 'import_rows_import_index', properties: ['organization', 'import', 'row'] }],
});

export class ImportRow extends ImportRowSchema.class {}
ImportRowSchema.setClass(ImportRow);
