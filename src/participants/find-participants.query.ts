import { type EntityManager } from '@mikro-orm/core';
import { instant, read, type Parameters } from '../platform/database/read.js';
import { afterCursor, cursorOf, type PageMeta, type Paging } from '../platform/http/paging.js';
import { notFound } from '../platform/http/problem.js';
import { amongOwnPeople, type OwnGroups, ownGroupsParameters } from './own-groups.js';
import { isMember } from './membership.js';
import { beyond, orderBy, type ParticipantOrder, type Place } from './participant-order.js';
import { searchParticipants, wordsOf } from './search-participants.query.js';

/** A participant as programs see it: the contract's object. */
export interface ParticipantJson {
  id: number;
  external_id: string | null;
  first_name: string;
  last_name: string;
  identifier: string | null;
  date_of_birth: string | null;
  email: string | null;
  phone: string | null;
  extra_data: Record<string, unknown>;
  is_active: boolean;
  /** What the photo is known by; null without one. Its address: /api/participants/:id/photo. */
  photo: string | null;
  created_at: string;
  updated_at: string;
}

/** What a list of participants may be narrowed to. */
export interface ParticipantFilter {
  q?: string | undefined;
  /** Only members of this group. */
  group_id?: number | undefined;
  /** Everybody but the members of this group. */
  not_in_group?: number | undefined;
  /** Only who is a member of no group at all. */
  in_no_group?: boolean | undefined;
  is_active?: boolean | undefined;
  identifier?: string | undefined;
}

type RawTime = number | string | Date;

export interface ParticipantRow {
  id: number;
  external_id: string | null;
  first_name: string;
  last_name: string;
  identifier: string | null;
  date_of_birth: string | null;
  email: string | null;
  phone: string | null;
  extra_data: string | Record<string, unknown>;
  is_active: number | boolean;
  photo: string | null;
  created_at: RawTime;
  updated_at: RawTime;
}

/** Columns of participants p that `participantJson` needs. */
export const PARTICIPANT_COLUMNS = `p.id, p.external_id, p.first_name, p.last_name, p.identifier, p.date_of_birth,
  p.email, p.phone, p.extra_data, p.is_active, p.photo, p.created_at, p.updated_at`;

export function participantJson(row: ParticipantRow): ParticipantJson {
  return {
    id: Number(row.id),
    external_id: row.external_id,
    first_name: row.first_name,
    last_name: row.last_name,
    identifier: row.identifier,
    date_of_birth: row.date_of_birth === null ? null : String(row.date_of_birth).slice(0, 10),
    email: row.email,
    phone: row.phone,
    extra_data: typeof row.extra_data === 'string' ? JSON.parse(row.extra_data) : row.extra_data,
    is_active: Boolean(row.is_active),
    photo: row.photo,
    created_at: instant(row.created_at).toISOString(),
    updated_at: instant(row.updated_at).toISOString(),
  };
}

/** More matches than this are not counted: `total_exact` is false then. */
const MOST_COUNTED = 10_000;

/** A page of a list that goes on from a row, in either direction, instead of counting rows. */
export interface ListPaging extends Paging {
  after?: Place | null;
  before?: Place | null;
}

interface Scope {
  own: OwnGroups;
  /** The organization's day, for who is a member of a group. */
  today: string;
}

/** `ends`: where the pages beside begin and end; null when there is nobody. */
interface ParticipantPage {
  data: ParticipantJson[];
  meta: PageMeta;
  ends: { first: Place | null; last: Place | null };
}

type KeyedRow = ParticipantRow & { sort_name: string };

/** One page of a list: ids in its order, one more than asked for when it goes on, and how many there are in all. */
interface Found {
  ids: number[];
  total: number;
}

/**
 * One page of participants; a handful of statements whatever the size. A record that was merged into another is in no
 * list: its survivor is.
 * @param order by id (the contract's order, and the only one for cursors), or as a page shows it
 */
export async function findParticipants(
  em: EntityManager,
  filter: ParticipantFilter,
  paging: ListPaging,
  scope: Scope,
  order: ParticipantOrder = 'id',
): Promise<ParticipantPage> {
  const { ids, total } = await (wordsOf(filter.q).length > 0
    ? search(em, filter, paging, scope, order)
    : list(em, filter, paging, scope, order));
  const goesOn = ids.length > paging.per_page;
  const shown = ids.slice(0, paging.per_page);
  if (paging.before) shown.reverse();
  const rows = shown.length === 0 ? [] : await rowsById(em, shown);
  const { page, per_page } = paging;
  const meta: PageMeta = { page, per_page, total, next: goesOn ? cursorOf(shown.at(-1)!) : null };
  if (total > MOST_COUNTED) Object.assign(meta, { total: MOST_COUNTED, total_exact: false });
  const placeOf = (row?: KeyedRow): Place | null => (row ? { id: Number(row.id), key: keyOf(row, order) } : null);
  const ends = { first: placeOf(rows[0]), last: placeOf(rows.at(-1)) };
  return { data: rows.map(participantJson), meta, ends };
}

const keyOf = (row: KeyedRow, order: ParticipantOrder): string | null =>
  order === 'name' ? row.sort_name : order === 'identifier' ? row.identifier : null;

/** Where a page begins; a cursor is a place in the order of ids. */
function startOf(paging: ListPaging) {
  const cursor = afterCursor(paging.cursor);
  const place = paging.after ?? paging.before ?? (cursor > 0 ? { key: null, id: cursor } : null);
  return { place, backwards: !!paging.before, skip: place ? 0 : (paging.page - 1) * paging.per_page };
}

/** Without a search: an index gives the order. */
async function list(
  em: EntityManager,
  filter: ParticipantFilter,
  paging: ListPaging,
  scope: Scope,
  order: ParticipantOrder,
): Promise<Found> {
  const { parts, values } = conditions(filter, scope);
  if (filter.is_active !== undefined) {
    parts.push('p.is_active = :is_active');
    values.is_active = filter.is_active;
  }
  const { place, backwards, skip } = startOf(paging);
  const from = place ? beyond(order, place, backwards) : { sql: '1 = 1', values: {} };
  const where = parts.join(' and ');
  const rows = await read<{ id: number }>(
    em,
    `select p.id from participants p where ${where} and ${from.sql}
      order by ${orderBy(order, backwards)} limit :take offset :skip`,
    { ...values, ...from.values, take: paging.per_page + 1, skip },
  );
  const [count] = await read<{ total: number }>(
    em,
    `select count(*) as total from (select 1 as one from participants p where ${where} limit :most) counted`,
    { ...values, most: MOST_COUNTED + 1 },
  );
  return { ids: rows.map(({ id }) => Number(id)), total: Number(count!.total) };
}

/** With a search: the blocks give everybody who fits; what they cannot know is asked beforehand. */
async function search(
  em: EntityManager,
  filter: ParticipantFilter,
  paging: ListPaging,
  scope: Scope,
  order: ParticipantOrder,
): Promise<Found> {
  const { parts, values, narrowed } = conditions(filter, scope);
  let only: Set<number> | undefined;
  if (narrowed) {
    const rows = await read<{ id: number }>(em, `select p.id from participants p where ${parts.join(' and ')}`, values);
    only = new Set(rows.map(({ id }) => Number(id)));
  }
  const { q = '', is_active } = filter;
  return searchParticipants(em, { q, is_active, only, order, ...startOf(paging), take: paging.per_page + 1 });
}

/** What a list is narrowed to beside the search and `is_active`. @returns narrowed: whether to anything at all */
function conditions(filter: ParticipantFilter, scope: Scope) {
  const parts = ['p.organization_id = :organization'];
  const values: Parameters = {};
  // Who was merged is not active either: the condition would only cost.
  if (filter.is_active !== true) parts.push('p.merged_into_id is null');
  const always = parts.length;
  if (scope.own) {
    parts.push(amongOwnPeople(scope.own, 'p.id'));
    Object.assign(values, ownGroupsParameters(scope.own));
  }
  if (filter.identifier !== undefined) {
    parts.push('p.identifier = :identifier');
    values.identifier = filter.identifier;
  }
  const members = (which: string) => `(select m.participant_id from group_memberships m
      where m.organization_id = :organization ${which} and ${isMember('m')})`;
  for (const [name, word] of [
    ['group_id', 'in'],
    ['not_in_group', 'not in'],
  ] as const) {
    if (filter[name] === undefined) continue;
    parts.push(`p.id ${word} ${members(`and m.group_id = :${name}`)}`);
    Object.assign(values, { [name]: filter[name], day: scope.today });
  }
  if (filter.in_no_group) {
    parts.push(`p.id not in ${members('')}`);
    values.day = scope.today;
  }
  return { parts, values, narrowed: parts.length > always };
}

/** @returns the participants in the order of the ids */
async function rowsById(em: EntityManager, ids: number[]): Promise<KeyedRow[]> {
  const rows = await read<KeyedRow>(
    em,
    `select ${PARTICIPANT_COLUMNS}, p.sort_name from participants p where p.organization_id = :organization and p.id in (:ids)`,
    { ids },
  );
  const byId = new Map(rows.map((row) => [Number(row.id), row]));
  return ids.flatMap((id) => byId.get(id) ?? []);
}

/** @throws Problem 404 */
export async function participantById(em: EntityManager, id: number): Promise<ParticipantJson> {
  const [row] = await read<ParticipantRow>(
    em,
    `select ${PARTICIPANT_COLUMNS} from participants p where p.organization_id = :organization and p.id = :id`,
    { id },
  );
  if (!row) throw notFound();
  return participantJson(row);
}
