import { type EntityClass, type EntityManager } from '@mikro-orm/core';
import { GroupMembership } from '../group-membership.entity.js';
import { Participant } from '../participant.entity.js';
import { liesInside, parentsOf } from './group-parents.js';
import { ImportRow } from './import-row.entity.js';
import { shown } from './problem.js';
import { type ImportedTable } from './taken.js';
import { type Use } from './undo-hooks.js';

type Values = Record<string, unknown>;
/** @returns why a record cannot become this again; null when it can, and then it counts as being so */
export type Clash = (row: Values) => Use | null;

/** What no two records of an organization have in common. */
const KEYS: Partial<Record<ImportedTable, string[]>> = {
  participants: ['identifier', 'externalId'],
  groups: ['externalId'],
  users: ['email', 'externalId'],
};

/**
 * What stands in the way of giving records of a table their old values back.
 * @param job the import that is undone
 * @param rows what is asked about: the old values of each with its id; of a membership all of it
 */
export async function clashOf(
  tx: EntityManager,
  job: number,
  table: ImportedTable,
  entity: EntityClass<any>,
  rows: Values[],
): Promise<Clash> {
  if (table === 'group_memberships') return periodClash(tx, job, rows);
  const taken = await keyClash(tx, entity, KEYS[table] ?? [], rows);
  if (table !== 'groups') return taken;
  const ring = await ringClash(tx, rows);
  return (row) => taken(row) ?? ring(row);
}

/** A group that it was moved out of may lie inside it by now. Needs `oneMoveAtATime`. */
async function ringClash(tx: EntityManager, rows: Values[]): Promise<Clash> {
  if (!rows.some((row) => row.parent)) return () => null;
  const parents = await parentsOf(tx);
  return (row) => {
    if (row.parent === undefined) return null;
    const [id, parent] = [Number(row.id), row.parent === null ? undefined : Number(row.parent)];
    if (parent !== undefined && liesInside(parent, id, parents))
      return { code: 'ring', message: '{name} would lie inside itself by now, so it was left as it is.' };
    if (parent === undefined) parents.delete(id);
    else parents.set(id, parent);
    return null;
  };
}

/** Somebody else may have the identifier or the address by now. */
async function keyClash(tx: EntityManager, entity: EntityClass<any>, keys: string[], rows: Values[]): Promise<Clash> {
  const holders = new Map<string, number>();
  // The databases may or may not tell capitals apart; who may be the same is taken for the same.
  const signOf = (key: string, value: unknown) => `${key} ${String(value).toLowerCase()}`;
  for (const key of keys) {
    const values = [...new Set(rows.map((row) => row[key]).filter((value) => value !== null && value !== undefined))];
    if (values.length === 0) continue;
    const found = await tx.find(entity, { [key]: { $in: values } } as never, { disableIdentityMap: true });
    for (const row of found as Values[]) holders.set(signOf(key, row[key]), Number(row.id));
  }
  return (row) => {
    const key = keys.find((each) => {
      const holder = row[each] === null || row[each] === undefined ? undefined : holders.get(signOf(each, row[each]));
      return holder !== undefined && holder !== Number(row.id);
    });
    if (key === undefined) return null;
    return {
      code: 'taken',
      message: '{value} belongs to somebody else by now, so {name} was left as it is.',
      params: { value: shown(String(row[key])) },
    };
  };
}

type Period = Pick<GroupMembership, 'id' | 'group' | 'participant' | 'joinedOn' | 'leftOn'>;

const placeOf = ({ group, participant }: Period) => `${group} ${participant}`;
const until = (day: string | null | undefined): string => day ?? '9999-12-31';
/** Days are inclusive on both ends. */
const meet = (one: Period, other: Period) => one.joinedOn <= until(other.leftOn) && until(one.leftOn) >= other.joinedOn;

/** There may be another membership of the same days by now, and people may have been merged. */
async function periodClash(tx: EntityManager, job: number, rows: Values[]): Promise<Clash> {
  const periods = rows as unknown as Period[];
  const groups = [...new Set(periods.map(({ group }) => group))];
  const participants = [...new Set(periods.map(({ participant }) => participant))];
  const options = { disableIdentityMap: true };
  const where = { group: { $in: groups }, participant: { $in: participants } };
  const found = await tx.find(GroupMembership, where, options);
  const record = { $in: found.map(({ id }) => id) };
  // What this import made itself is about to be taken away: it is in nobody's way.
  const own = { import: job, table: 'group_memberships', undone: null, before: null, record };
  const going = new Set((await tx.find(ImportRow, own, options)).map((entry) => Number(entry.record)));
  const people = await tx.find(Participant, { id: { $in: participants } }, options);
  const named = new Map(people.map((each) => [Number(each.id), each]));
  const standing = new Map<string, Period[]>();
  for (const each of found)
    if (!going.has(Number(each.id))) standing.set(placeOf(each), [...(standing.get(placeOf(each)) ?? []), each]);

  return (row) => {
    const period = row as unknown as Period;
    const person = named.get(Number(period.participant));
    const params = { name: shown(`${person?.firstName ?? ''} ${person?.lastName ?? ''}`.trim()) };
    if (person?.mergedInto)
      return {
        code: 'merged',
        message: '{name} was merged with another record since, so the membership was not given back.',
        params,
      };
    const others = (standing.get(placeOf(period)) ?? []).filter(({ id }) => Number(id) !== Number(period.id));
    if (others.some((other) => meet(other, period)))
      return {
        code: 'taken',
        message: '{name} has another membership for that time by now, so the old one was not given back.',
        params,
      };
    standing.set(placeOf(period), [...others, period]);
    return null;
  };
}
