import { defineEntity, p } from '@mikro-orm/core';
import { tenantColumns } from '../../tenancy/index.js';

/** Which column went to which field, the last time a file with this head was imported: it is offered again. */
const ImportMappingSchema = defineEntity({
  name: 'ImportMapping',
  tableName: 'import_mappings',
  properties: {
    ...tenantColumns,
    kind: p.string().length(40),
    /** SHA-256 of the head's names in their order, folded. */
    headHash: p.string().length(64),
    mapping: p.json<Record<string, string>>(),
    usedAt: p.datetime(3),
  },
  uniques: [{ name: 'import_mappings_head_unique', properties: ['organization', 'kind', 'headHash'] }],
});

export class ImportMapping extends ImportMappingSchema.class {}
ImportMappingSchema.setClass(ImportMapping);
