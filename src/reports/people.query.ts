import { type EntityManager } from '@mikro-orm/core';
import { inOwnGroups, type OwnGroups, ownGroupsParameters } from '../participants/index.js';
import { readAside } from '../platform/database/read.js';

/** Whom a row of a report is about. */
export interface Person {
  id: number;
  first_name: string;
  last_name: string;
  identifier: string | null;
}

/** Ids of one statement. */
const AT_ONCE = 1000;

/** @returns the ids of people in the order of names; those who are unknown are left out */
export async function inOrderOfNames(em: EntityManager, ids: Set<number>): Promise<number[]> {
  // Most of an organization: the whole list is read in its index rather than asked for one by one.
  const rows = await readAside<{ id: number }>(
    em,
    'select p.id from participants p where p.organization_id = :organization order by p.sort_name, p.id',
  );
  return rows.map((row) => Number(row.id)).filter((id) => ids.has(id));
}

/** @returns people by id */
export async function peopleById(em: EntityManager, ids: number[]): Promise<Map<number, Person>> {
  const people = new Map<number, Person>();
  for (let at = 0; at < ids.length; at += AT_ONCE)
    for (const row of await readAside<Person>(
      em,
      `select p.id, p.first_name, p.last_name, p.identifier from participants p
        where p.organization_id = :organization and p.id in (:ids)`,
      { ids: ids.slice(at, at + AT_ONCE) },
    ))
      people.set(Number(row.id), { ...row, id: Number(row.id) });
  return people;
}

/** A person's name as reports and files tell it. */
export const nameOf = ({ first_name, last_name }: Pick<Person, 'first_name' | 'last_name'>): string =>
  `${first_name} ${last_name}`.trim();

/** Groups by id, with their names. */
export async function groupsById(em: EntityManager, ids: number[]): Promise<Map<number, string>> {
  const groups = new Map<number, string>();
  for (let at = 0; at < ids.length; at += AT_ONCE)
    for (const row of await readAside<{ id: number; name: string }>(
      em,
      'select g.id, g.name from `groups` g where g.organization_id = :organization and g.id in (:ids)',
      { ids: ids.slice(at, at + AT_ONCE) },
    ))
      groups.set(Number(row.id), row.name);
  return groups;
}

/** @returns the ids of groups in the order of names */
export async function groupsInOrder(em: EntityManager, ids: Set<number>): Promise<number[]> {
  const rows = await readAside<{ id: number }>(
    em,
    'select g.id from `groups` g where g.organization_id = :organization order by g.sort_name, g.id',
  );
  return rows.map((row) => Number(row.id)).filter((id) => ids.has(id));
}

/** @returns the types that somebody's groups have, in the order of the alphabet */
export async function groupTypes(em: EntityManager, own: OwnGroups): Promise<string[]> {
  const rows = await readAside<{ group_type: string }>(
    em,
    `select distinct g.group_type from \`groups\` g
      where g.organization_id = :organization and ${inOwnGroups(own, 'g.id')} order by g.group_type limit 100`,
    ownGroupsParameters(own),
  );
  return rows.map(({ group_type }) => group_type);
}
