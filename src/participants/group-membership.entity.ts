import { defineEntity, p } from '@mikro-orm/core';
import { tenantColumns } from '../tenancy/index.js';
import { Group } from './group.entity.js';
import { Participant } from './participant.entity.js';

/** Stands for "has always been a member", so that the unique key holds on both databases. */
export const ALWAYS = '1000-01-01';

/**
 * A participant is a member of a group from `joinedOn` to `leftOn`, both inclusive, days of the organization.
 * `joinedOn` ALWAYS and `leftOn` null mean unbounded.
 */
const GroupMembershipSchema = defineEntity({
  name: 'GroupMembership',
  tableName: 'group_memberships',
  properties: {
    ...tenantColumns,
    group: () => p.manyToOne(Group).mapToPk().fieldName('group_id'),
    participant: () => p.manyToOne(Participant).mapToPk().fieldName('participant_id'),
    joinedOn: p.date().$type<string>(),
    leftOn: p.date().nullable().$type<string>(),
    extraData: p.json<Record<string, unknown>>(),
  },
  uniques: [{ name: 'group_memberships_unique', properties: ['organization', 'group', 'participant', 'joinedOn'] }],
});

export class GroupMembership extends GroupMembershipSchema.class {}
GroupMembershipSchema.setClass(GroupMembership);
