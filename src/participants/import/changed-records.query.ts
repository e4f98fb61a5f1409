import { type EntityManager } from '@mikro-orm/core';
import { User } from '../../auth/index.js';
import { GroupMembership } from '../group-membership.entity.js';
import { Group } from '../group.entity.js';
import { Participant } from '../participant.entity.js';
import { ImportRow } from './import-row.entity.js';
import { type Import } from './import.entity.js';
import { sameValue, type Effect, type ImportedTable } from './taken.js';

/** A record that was there before and that a row of the file changes. */
export interface ChangedRecord {
  row: number;
  table: ImportedTable;
  record_id: number;
  /** What the record is called now. */
  name: string;
  changes: FieldChange[];
}

export interface FieldChange {
  /** A field of the record; `extra_data.<key>` for what is kept beside the fields. */
  field: string;
  before: string | boolean | null;
  after: string | boolean | null;
}

/** What a row would do to a record. */
export type Change = Pick<Effect, 'table' | 'record' | 'before' | 'after'> & { row: number };
type Values = Record<string, unknown>;

/** One page of the records that this import changed, or would change if it is a trial run, in the file's order. */
export async function changedRecords(
  em: EntityManager,
  job: Pick<Import, 'id'>,
  { page, per_page }: { page: number; per_page: number },
): Promise<{ records: ChangedRecord[]; total: number }> {
  const [entries, total] = await em.findAndCount(
    ImportRow,
    { import: job.id, before: { $ne: null }, after: { $ne: null } },
    { orderBy: { row: 'asc', id: 'asc' }, limit: per_page, offset: (page - 1) * per_page, disableIdentityMap: true },
  );
  const changes = entries.map(({ row, table, record, before, after }) => ({
    row,
    table: table as ImportedTable,
    record: Number(record),
    before: JSON.parse(before!) as Values,
    after: JSON.parse(after!) as Values,
  }));
  return { records: await described(em, changes), total };
}

/** Puts changes into the words of the doors: names of records, fields as programs call them, names of parents. */
export async function described(em: EntityManager, changes: Change[]): Promise<ChangedRecord[]> {
  const parents = changes.flatMap(({ before, after }) => [before?.parent, after.parent]).filter(isId);
  const names = await namesOf(em, changes, parents);
  const named = (table: ImportedTable, id: number) => names.get(`${table} ${id}`) ?? `#${id}`;
  const shownValue = (property: string, value: unknown): string | boolean | null => {
    if (value === null || value === undefined || value === '') return null;
    if (property === 'parent' && isId(value)) return named('groups', value);
    if (typeof value === 'boolean' || typeof value === 'string') return value;
    return Array.isArray(value) ? value.join('; ') : JSON.stringify(value);
  };
  return changes.map(({ row, table, record, before, after }) => ({
    row,
    table,
    record_id: record,
    // What a trial run only imagines has no record yet.
    name: record > 0 ? named(table, record) : String(after.name ?? before?.name ?? ''),
    changes: Object.keys(after).flatMap((property): FieldChange[] => {
      if (property !== 'extraData') {
        const field = property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
        return [
          { field, before: shownValue(property, before?.[property]), after: shownValue(property, after[property]) },
        ];
      }
      const [old, next] = [(before?.extraData ?? {}) as Values, (after.extraData ?? {}) as Values];
      return [...new Set([...Object.keys(old), ...Object.keys(next)])]
        .filter((key) => !sameValue(old[key], next[key]))
        .sort()
        .map((key) => ({
          field: `extra_data.${key}`,
          before: shownValue(key, old[key]),
          after: shownValue(key, next[key]),
        }));
    }),
  }));
}

const isId = (value: unknown): value is number => typeof value === 'number' && value > 0;

async function namesOf(em: EntityManager, changes: Change[], parents: number[]): Promise<Map<string, string>> {
  const idsIn = (table: ImportedTable) => changes.filter((each) => each.table === table).map((each) => each.record);
  const options = { disableIdentityMap: true } as const;
  const memberships = await em.find(GroupMembership, { id: { $in: idsIn('group_memberships') } }, options);
  const people = await em.find(
    Participant,
    { id: { $in: [...idsIn('participants'), ...memberships.map(({ participant }) => participant)] } },
    options,
  );
  const groups = await em.find(
    Group,
    { id: { $in: [...idsIn('groups'), ...parents, ...memberships.map(({ group }) => group)] } },
    options,
  );
  const users = await em.find(User, { id: { $in: idsIn('users') } }, options);
  const names = new Map<string, string>();
  for (const { id, firstName, lastName } of people) names.set(`participants ${id}`, `${firstName} ${lastName}`.trim());
  for (const { id, name } of groups) names.set(`groups ${id}`, name);
  for (const { id, firstName, lastName, email } of users)
    names.set(`users ${id}`, `${firstName} ${lastName}`.trim() || email);
  for (const { id, participant, group } of memberships)
    names.set(
      `group_memberships ${id}`,
      `${names.get(`participants ${participant}`)} · ${names.get(`groups ${group}`)}`,
    );
  return names;
}
