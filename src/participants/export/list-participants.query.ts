import { type EntityManager } from '@mikro-orm/core';
import { read, type Parameters } from '../../platform/database/read.js';
import { extraCell, jsonColumn } from '../import/taken.js';
import { isMember } from '../membership.js';
import { amongOwnPeople, inOwnGroups, ownGroupsParameters, type OwnGroups } from '../own-groups.js';
import { ExtraColumns } from './extra-columns.js';
import { groupWords } from './group-words.query.js';
import { CHUNK, type ImportableList, type ListScope } from './importable-list.js';

const HEADS = [
  'external_id',
  'first_name',
  'last_name',
  'identifier',
  'date_of_birth',
  'email',
  'phone',
  'is_active',
  'group',
] as const;

interface Person {
  id: number;
  external_id: string | null;
  first_name: string;
  last_name: string;
  identifier: string | null;
  date_of_birth: string | null;
  email: string | null;
  phone: string | null;
  is_active: number | boolean;
  extra_data: unknown;
}

/**
 * People in the columns of the importer, deactivated ones included: the file can be imported again and changes nothing.
 * Who was merged or erased is left out. A group stands in its cell while the membership is in force and goes on.
 * @param em in one transaction that sees one moment
 */
export async function listParticipants(em: EntityManager, scope: ListScope, own: OwnGroups): Promise<ImportableList> {
  const where = conditions(scope, own);
  const extra = new ExtraColumns('participants', HEADS);
  let total = 0;
  for await (const rows of inPieces<Pick<Person, 'id' | 'extra_data'>>(em, 'p.id, p.extra_data', where)) {
    total += rows.length;
    for (const row of rows) extra.see(jsonColumn(row.extra_data));
  }
  const keys = extra.chosen();
  return { heads: [...HEADS, ...keys], total, rows: cells(em, where, keys, scope.today, own) };
}

interface Condition {
  sql: string;
  parameters: Parameters;
}

function conditions({ groups, today }: ListScope, own: OwnGroups): Condition {
  const parts = ['p.merged_into_id is null', 'p.anonymized_at is null', amongOwnPeople(own, 'p.id')];
  const parameters: Parameters = { ...ownGroupsParameters(own) };
  if (groups) {
    parts.push(`exists (select 1 from group_memberships m
      where m.organization_id = :organization and m.participant_id = p.id and m.group_id in (:groups) and ${isMember('m')})`);
    Object.assign(parameters, { groups, day: today });
  }
  return { sql: parts.join(' and '), parameters };
}

async function* inPieces<R extends { id: number }>(
  em: EntityManager,
  columns: string,
  { sql, parameters }: Condition,
): AsyncGenerator<R[]> {
  for (let after = 0; ;) {
    const rows = await read<R>(
      em,
      `select ${columns} from participants p
        where p.organization_id = :organization and p.id > :after and ${sql} order by p.id limit ${CHUNK}`,
      { ...parameters, after },
    );
    if (rows.length > 0) yield rows;
    if (rows.length < CHUNK) return;
    after = Number(rows.at(-1)!.id);
  }
}

async function* cells(
  em: EntityManager,
  where: Condition,
  keys: string[],
  today: string,
  own: OwnGroups,
): AsyncGenerator<(string | null)[][]> {
  const words = await groupWords(em);
  const columns = `p.id, p.external_id, p.first_name, p.last_name, p.identifier, p.date_of_birth, p.email, p.phone,
    p.is_active, p.extra_data`;
  for await (const people of inPieces<Person>(em, columns, where)) {
    const groups = await groupsOf(
      em,
      people.map(({ id }) => Number(id)),
      today,
      own,
    );
    yield people.map((person) => {
      const extra = jsonColumn(person.extra_data);
      const named = (groups.get(Number(person.id)) ?? []).flatMap((group) => words.get(group) ?? []);
      return [
        person.external_id,
        person.first_name,
        person.last_name,
        person.identifier,
        person.date_of_birth,
        person.email,
        person.phone,
        person.is_active ? 'true' : 'false',
        named.join(';') || null,
        ...keys.map((key) => extraCell(extra[key]) || null),
      ];
    });
  }
}

/** The groups that each of these people is a member of today and after it. */
async function groupsOf(
  em: EntityManager,
  people: number[],
  today: string,
  own: OwnGroups,
): Promise<Map<number, number[]>> {
  const rows = await read<{ participant_id: number; group_id: number }>(
    em,
    `select distinct m.participant_id, m.group_id from group_memberships m
      where m.organization_id = :organization and m.participant_id in (:people) and ${isMember('m')}
        and ${inOwnGroups(own, 'm.group_id')}`,
    { ...ownGroupsParameters(own), people, day: today },
  );
  const groups = new Map<number, number[]>();
  for (const row of rows) {
    const person = Number(row.participant_id);
    groups.set(person, [...(groups.get(person) ?? []), Number(row.group_id)]);
  }
  for (const list of groups.values()) list.sort((a, b) => a - b);
  return groups;
}
