import { type EntityManager } from '@mikro-orm/core';
import { z } from 'zod';
import { currentOrganization } from '../platform/current.js';
import { findLocked } from '../platform/database/locked.js';
import { extraData, flag, id, optionalText, text } from '../platform/http/parse.js';
import { invalid } from '../platform/http/problem.js';
import { Organization } from '../tenancy/index.js';
import { Group } from './group.entity.js';
import { isOwnGroup, type OwnGroups } from './own-groups.js';

const parent = z.preprocess((value) => (value === '' ? null : value), id.nullable());

const optional = {
  external_id: optionalText(100).optional(),
  parent_id: parent.optional(),
  group_type: text(50).optional(),
  extra_data: extraData.nullable().optional(),
  is_active: flag.optional(),
};

/** What a group is made of. Without a type it has the first one of the organization's domain. */
export const NewGroup = z.strictObject({ name: text(255), ...optional }).meta({ id: 'NewGroup' });
export type NewGroup = z.output<typeof NewGroup>;

/** What may be changed: absent is unchanged, null clears. */
export const GroupChange = z.strictObject({ name: text(255).optional(), ...optional }).meta({ id: 'GroupChange' });
export type GroupChange = z.output<typeof GroupChange>;

/** @throws Problem 422 `taken` when another group has the external id @param except the group that is being changed */
export async function refuseTakenGroup(
  tx: EntityManager,
  externalId: string | null | undefined,
  except: number | null = null,
): Promise<void> {
  if (!externalId) return;
  const other = await tx.findOne(Group, { externalId });
  if (other && other.id !== except)
    throw invalid('external_id', 'Another {group} has this external id already.', 'taken');
}

/** @returns the group @throws Problem 422 `unknown` when there is none with this id, or not among one's own */
export async function refuseUnknownGroup(
  em: EntityManager,
  groupId: number,
  field: string,
  own: OwnGroups = null,
): Promise<Group> {
  const group = await em.findOne(Group, { id: groupId });
  if (!group || !(await isOwnGroup(em, own, groupId)))
    throw invalid(field, 'There is no {group} with this id.', 'unknown');
  return group;
}

/**
 * Two groups that are hung below each other at the same time would make a ring. To be called before the group itself is
 * locked: everybody who writes takes the organization first.
 */
export async function oneMoveAtATime(tx: EntityManager): Promise<void> {
  await findLocked(tx, Organization, currentOrganization());
}

/**
 * Where a group hangs in the tree. Moving one needs `oneMoveAtATime`.
 * @param child the group that is being moved; null for a new one
 * @throws Problem 422 `unknown` for a parent that does not exist, `invalid` for one that hangs below the child
 */
export async function refuseImpossibleParent(tx: EntityManager, parentId: number, child: number | null): Promise<void> {
  let ancestor: Group | null = await refuseUnknownGroup(tx, parentId, 'parent_id');
  // A ring that is there already must not be walked for ever.
  const seen = new Set<number>();
  while (ancestor && !seen.has(ancestor.id)) {
    if (ancestor.id === child) throw invalid('parent_id', 'No {group} can belong to itself or to one below it.');
    seen.add(ancestor.id);
    ancestor = ancestor.parent ? await tx.findOne(Group, { id: ancestor.parent }) : null;
  }
}
