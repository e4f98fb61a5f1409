import { type EntityManager } from '@mikro-orm/core';
import { read, type Parameters } from '../../platform/database/read.js';
import { extraCell, jsonColumn } from '../import/taken.js';
import { isMember } from '../membership.js';
import { inOwnGroups, ownGroupsParameters, type OwnGroups } from '../own-groups.js';
import { ExtraColumns } from './extra-columns.js';
import { type ImportableList, type ListScope } from './importable-list.js';

const HEADS = [
  'group_external_id',
  'group_name',
  'group_type',
  'parent_external_id',
  'participant_identifier',
  'participant_external_id',
] as const;

/** Groups that are read at a time, with their members. */
const CHUNK = 100;

interface GroupRow {
  id: number;
  external_id: string | null;
  name: string;
  group_type: string;
  parent_external_id: string | null;
  extra_data: unknown;
}

/**
 * Active groups in the columns of the importer: a row for each, then one for each membership that is in force and goes
 * on. Imported again they change nothing. Members without identifier and external id cannot be named in such a file.
 * @param types the group types of the domain: the importer takes their labels for their codes
 * @param em in one transaction that sees one moment
 */
export async function listGroups(
  em: EntityManager,
  scope: ListScope,
  own: OwnGroups,
  types: readonly { code: string; label: string }[],
): Promise<ImportableList> {
  const parts = ['g.is_active = true', inOwnGroups(own, 'g.id')];
  const parameters: Parameters = { ...ownGroupsParameters(own) };
  if (scope.groups) {
    parts.push('g.id in (:groups)');
    parameters.groups = scope.groups;
  }
  const where = { sql: parts.join(' and '), parameters };
  const extra = new ExtraColumns('groups', HEADS);
  let total = 0;
  for await (const rows of inPieces(em, where)) {
    total += rows.length;
    for (const row of rows) extra.see(jsonColumn(row.extra_data));
  }
  const [members] = await read<{ total: number }>(
    em,
    `select count(*) as total from (
       select distinct m.group_id, m.participant_id from group_memberships m
         join \`groups\` g on g.organization_id = m.organization_id and g.id = m.group_id
         join participants p on p.organization_id = m.organization_id and p.id = m.participant_id
        where m.organization_id = :organization and ${where.sql} and ${MEMBERS}) members`,
    { ...parameters, day: scope.today },
  );
  const keys = extra.chosen();
  const rows = cells(em, where, keys, scope.today, types);
  return { heads: [...HEADS, ...keys], total: total + Number(members!.total), rows };
}

/** Memberships m of participants p that have a row. Needs :day. */
const MEMBERS = `${isMember('m')} and p.merged_into_id is null and p.anonymized_at is null
  and (p.identifier is not null or p.external_id is not null)`;

interface Condition {
  sql: string;
  parameters: Parameters;
}

async function* inPieces(em: EntityManager, { sql, parameters }: Condition): AsyncGenerator<GroupRow[]> {
  for (let after = 0; ;) {
    const rows = await read<GroupRow>(
      em,
      `select g.id, g.external_id, g.name, g.group_type, u.external_id as parent_external_id, g.extra_data
         from \`groups\` g left join \`groups\` u on u.organization_id = g.organization_id and u.id = g.parent_id
        where g.organization_id = :organization and g.id > :after and ${sql} order by g.id limit ${CHUNK}`,
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
  types: readonly { code: string; label: string }[],
): AsyncGenerator<(string | null)[][]> {
  /** A type that reads like the label or another spelling of a code would come back as that code. */
  const typeCell = (type: string) =>
    types.some(
      ({ code, label }) => code !== type && [code, label].some((word) => word.toLowerCase() === type.toLowerCase()),
    )
      ? null
      : type;
  for await (const groups of inPieces(em, where)) {
    const members = await read<{ group_id: number; identifier: string | null; external_id: string | null }>(
      em,
      `select distinct m.group_id, p.id, p.identifier, p.external_id from group_memberships m
         join participants p on p.organization_id = m.organization_id and p.id = m.participant_id
        where m.organization_id = :organization and m.group_id in (:groups) and ${MEMBERS} order by m.group_id, p.id`,
      { groups: groups.map(({ id }) => Number(id)), day: today },
    );
    const byGroup = new Map<number, typeof members>();
    for (const member of members) {
      const group = Number(member.group_id);
      const list = byGroup.get(group);
      if (list) list.push(member);
      else byGroup.set(group, [member]);
    }
    const blank = keys.map(() => null);
    yield groups.flatMap((group) => {
      const own = [group.external_id, group.name, typeCell(group.group_type)];
      const extra = jsonColumn(group.extra_data);
      return [
        [...own, group.parent_external_id, null, null, ...keys.map((key) => extraCell(extra[key]) || null)],
        ...(byGroup.get(Number(group.id)) ?? []).map(({ identifier, external_id }) => [
          ...own,
          null,
          identifier,
          identifier === null ? external_id : null,
          ...blank,
        ]),
      ];
    });
  }
}
