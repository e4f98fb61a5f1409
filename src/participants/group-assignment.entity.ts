import { defineEntity, p } from '@mikro-orm/core';
import { User } from '../auth/index.js';
import { tenantColumns } from '../tenancy/index.js';
import { Group } from './group.entity.js';

/** A user works with a group: the teacher of a class, the steward of a track. */
const GroupAssignmentSchema = defineEntity({
  name: 'GroupAssignment',
  tableName: 'group_assignments',
  properties: {
    ...tenantColumns,
    user: () => p.manyToOne(User).mapToPk().fieldName('user_id'),
    group: () => p.manyToOne(Group).mapToPk().fieldName('group_id'),
  },
  uniques: [{ name: 'group_assignments_unique', properties: ['organization', 'user', 'group'] }],
});

export class GroupAssignment extends GroupAssignmentSchema.class {}
GroupAssignmentSchema.setClass(GroupAssignment);
