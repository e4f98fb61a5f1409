import { type EntityManager } from '@mikro-orm/core';
import { read } from '../../platform/database/read.js';
import { inSlices, type ImportedTable } from './taken.js';

/** Why a record stays although its import is undone. `{name}` in the sentence is the record's own name. */
export interface Use {
  code: string;
  message: string;
  params?: Record<string, string | number>;
}

/** @returns which of these records (entities of the table) must stay, with the reason */
type Finder = (em: EntityManager, rows: Record<string, unknown>[]) => Promise<Map<number, Use>>;

const finders: { table: ImportedTable; find: Finder }[] = [];

/**
 * A module further right says what keeps a record that an import made: presence keeps people who were marked, sessions
 * keep groups that have sessions. Asked in the transaction that undoes.
 */
export function whenUndoingImports(table: ImportedTable, find: Finder): void {
  if (!finders.some((each) => each.table === table && each.find === find)) finders.push({ table, find });
}

/** @returns the records that must stay, each with the first reason found */
export async function inUse(
  em: EntityManager,
  table: ImportedTable,
  rows: Record<string, unknown>[],
): Promise<Map<number, Use>> {
  const used = new Map<number, Use>();
  if (rows.length === 0) return used;
  for (const { find } of [...own, ...finders].filter((each) => each.table === table))
    for (const [id, use] of await find(em, rows)) if (!used.has(id)) used.set(id, use);
  return used;
}

const idsOf = (rows: Record<string, unknown>[]) => rows.map((row) => Number(row.id));

/** A group that still has members, or groups inside it that are not undone along with it, is in use. */
const filledGroups: Finder = async (em, rows) => {
  const together = new Set(idsOf(rows));
  const found = await inSlices(together, (ids) =>
    read<{ id: number; child: number | null }>(
      em,
      `select m.group_id as id, null as child from group_memberships m
         join participants p on p.organization_id = m.organization_id and p.id = m.participant_id and p.is_active = :yes
        where m.organization_id = :organization and m.group_id in (:ids) and m.left_on is null
       union
       select g.parent_id as id, g.id as child from \`groups\` g
        where g.organization_id = :organization and g.parent_id in (:ids) and g.is_active = :yes`,
      { ids, yes: true },
    ),
  );
  const used = found.filter(({ child }) => child === null || !together.has(Number(child)));
  return new Map(used.map(({ id }) => [Number(id), HOLDS_OTHERS]));
};

export const HOLDS_OTHERS: Use = { code: 'in_use', message: '{name} has members or {groups} inside it, so it stays.' };

const own: { table: ImportedTable; find: Finder }[] = [{ table: 'groups', find: filledGroups }];
