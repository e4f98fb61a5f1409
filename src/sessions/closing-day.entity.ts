import { defineEntity, p } from '@mikro-orm/core';
import { Group } from '../participants/index.js';
import { tenantColumns } from '../tenancy/index.js';

/** Days on which nothing takes place: a holiday, a closing day. Both dates inclusive. Recurrences pass over them. */
const ClosingDaySchema = defineEntity({
  name: 'ClosingDay',
  tableName: 'closing_days',
  properties: {
    ...tenantColumns,
    name: p.string().length(255),
    fromOn: p.date().$type<string>(),
    toOn: p.date().$type<string>(),
    /** Only for this group and those below it; null: for the whole organization. */
    group: () => p.manyToOne(Group).mapToPk().fieldName('group_id').nullable(),
  },
  indexes: [{ name: 'closing_days_to_index', properties: ['organization', 'toOn'] }],
});

export class ClosingDay extends ClosingDaySchema.class {}
ClosingDaySchema.setClass(ClosingDay);
