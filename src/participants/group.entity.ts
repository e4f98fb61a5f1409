import { defineEntity, p } from '@mikro-orm/core';
import { fold } from '../platform/text.js';
import { tenantColumns } from '../tenancy/index.js';

/** A class, service, track or team. Groups form a tree; a roster is made of direct members only. */
const GroupSchema = defineEntity({
  name: 'Group',
  tableName: 'groups',
  properties: {
    ...tenantColumns,
    parent: () => p.manyToOne(Group).mapToPk().fieldName('parent_id').nullable(),
    name: p.string().length(255),
    externalId: p.string().length(100).nullable(),
    groupType: p.string().length(50),
    extraData: p.json<Record<string, unknown>>(),
    isActive: p.boolean().default(true),
    /** Folded name: the order of lists and what a search looks into. */
    sortName: p.string().length(300),
  },
  uniques: [{ name: 'groups_external_id_unique', properties: ['organization', 'externalId'] }],
  indexes: [
    { name: 'groups_sort_index', properties: ['organization', 'sortName', 'id'] },
    { name: 'groups_type_index', properties: ['organization', 'groupType'] },
  ],
});

export class Group extends GroupSchema.class {}
GroupSchema.setClass(Group);

/** @returns the derived column of a group; every write path of its name sets it */
export const sortNameOf = (name: string): string => fold(name).slice(0, 300);
