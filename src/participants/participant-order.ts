import { z } from 'zod';
import { type Parameters } from '../platform/database/read.js';

/** How a list of participants is sorted; equal ones by id, and ids are the order of programs. */
export type ParticipantOrder = 'id' | 'name' | 'identifier' | 'newest';

/** The place of one row in a list: what it is sorted by, and its id. */
export interface Place {
  /** Folded name or identifier; null for an order by id, and for who has no identifier. */
  key: string | null;
  id: number;
}

interface Sorting {
  column: string | null;
  descending: boolean;
  /** Somebody without an identifier comes first. */
  nulls: boolean;
}

export const SORTING: Record<ParticipantOrder, Sorting> = {
  id: { column: null, descending: false, nulls: false },
  newest: { column: null, descending: true, nulls: false },
  name: { column: 'p.sort_name', descending: false, nulls: false },
  identifier: { column: 'p.identifier', descending: false, nulls: true },
};

/**
 * @param backwards from the end of the list to its beginning
 * @returns SQL after `order by`
 */
export function orderBy(order: ParticipantOrder, backwards = false): string {
  const { column, descending } = SORTING[order];
  const direction = descending === backwards ? 'asc' : 'desc';
  return [...(column ? [`${column} ${direction}`] : []), `p.id ${direction}`].join(', ');
}

/**
 * A condition for `read()`: what comes after (or, backwards, before) a row. It is asked of the index, so the thousandth
 * page costs as much as the first one, and a row that is inserted or renamed meanwhile moves no other.
 */
export function beyond(order: ParticipantOrder, place: Place, backwards = false): { sql: string; values: Parameters } {
  const { column, descending, nulls } = SORTING[order];
  const more = descending === backwards ? '>' : '<';
  if (!column) return { sql: `p.id ${more} :place_id`, values: { place_id: place.id } };
  if (nulls && place.key === null) {
    const rest = backwards ? '' : ` or ${column} is not null`;
    return { sql: `((${column} is null and p.id ${more} :place_id)${rest})`, values: { place_id: place.id } };
  }
  const before = nulls && backwards ? ` or ${column} is null` : '';
  return {
    sql: `(${column} ${more} :place_key or (${column} = :place_key and p.id ${more} :place_id)${before})`,
    values: { place_key: place.key, place_id: place.id },
  };
}

const PlaceText = z.tuple([z.string().max(1000).nullable(), z.int().positive()]);

/** A place as it stands in an address. */
export const placeText = ({ key, id }: Place): string => Buffer.from(JSON.stringify([key, id])).toString('base64url');

/** @returns null for text that is no place */
export function readPlace(text: string | undefined): Place | null {
  if (!text) return null;
  try {
    const [key, id] = PlaceText.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
    return { key, id };
  } catch {
    return null;
  }
}
