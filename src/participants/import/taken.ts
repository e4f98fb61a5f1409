import { type EntityManager } from '@mikro-orm/core';
import { type Draft } from './drafts.js';
import { type Imagined } from './imagined.js';
import { type RowProblem } from './problem.js';

/** One row that could be read, ready to be looked up and written. */
export interface DraftRow<D extends Draft = Draft> {
  row: number;
  draft: D;
  /** For a person without identifier and external id: the how manieth of this name in the file, from 0. */
  nth: number;
  warnings: RowProblem[];
}

/** Tables that an import writes. */
export type ImportedTable = 'participants' | 'groups' | 'group_memberships' | 'users' | 'group_assignments';

/** A record that a row made (`before` null) or changed: entity property -> value, only what can be put back. */
export interface Effect {
  table: ImportedTable;
  record: number;
  before: Record<string, unknown> | null;
  after: Record<string, unknown>;
  /** A link that was taken away: `before` is all of it, `after` is empty. */
  removed?: boolean;
}

export type RowOutcome = 'created' | 'updated' | 'unchanged' | 'skipped' | 'failed';

/** What became of one row. The first effect is the row's own record; the others came along with it. */
export interface Taken {
  row: number;
  outcome: RowOutcome;
  effects: Effect[];
  /** Why it failed or was skipped; for rows that were taken, what is worth knowing. */
  notes: RowProblem[];
}

/** What the takers need beside the rows. */
export interface Taking {
  tx: EntityManager;
  /** Looks everything up and decides, but writes nothing. */
  dryRun: boolean;
  /** Today in the organization's time zone. */
  today: string;
  /** Keys of extra_data that this file has columns for: an empty cell takes the value away. */
  extraKeys: string[];
  /** The group types of the domain; the first is the default. */
  groupTypes: { code: string; label: string }[];
  /** What a dry run would have written by now; empty in a run that writes. */
  imagined: Imagined;
}

export const failed = (row: number, ...notes: RowProblem[]): Taken => ({ row, outcome: 'failed', effects: [], notes });

/** A row's outcome from what it did: its own record decides, else whatever came along. */
export function outcomeOf(own: Effect | null, others: Effect[]): RowOutcome {
  if (own) return own.before === null ? 'created' : 'updated';
  return others.length > 0 ? 'updated' : 'unchanged';
}

/** What became of a row that was read: its own record, and what came along with it. */
export function takenOf(row: DraftRow, own: Effect | null = null, others: Effect[] = []): Taken {
  const effects = own ? [own, ...others] : others;
  return { row: row.row, outcome: outcomeOf(own, others), effects, notes: row.warnings };
}

/** @returns what differs, or null when nothing does; `undefined` in `next` means "leave it" */
export function differences(
  current: Record<string, unknown>,
  next: Record<string, unknown>,
): { before: Record<string, unknown>; after: Record<string, unknown> } | null {
  const before: Record<string, unknown> = {};
  const after: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(next)) {
    if (value === undefined || sameValue(current[name], value)) continue;
    before[name] = current[name] ?? null;
    after[name] = value;
  }
  return Object.keys(after).length > 0 ? { before, after } : null;
}

/** Equal as values: objects whatever the order of their keys, null like absent. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b || (a ?? null) === (b ?? null)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || !a || !b) return false;
  if (a instanceof Date || b instanceof Date) return String(a) === String(b);
  const [left, right] = [Object.keys(a), Object.keys(b)];
  return left.length === right.length && left.every((key) => key in b && sameValue((a as any)[key], (b as any)[key]));
}

/**
 * extra_data after this row: what the file has columns for is as the row says, everything else stays.
 * @param keeps keys about which this row says nothing all the same
 */
export function mergedExtra(
  taking: Taking,
  current: Record<string, unknown>,
  given: Record<string, unknown>,
  keeps: string[] = [],
): Record<string, unknown> {
  const isSame = (key: string) => Object.hasOwn(current, key) && isWrittenAs(current[key], given[key]);
  const stays = (key: string) => !taking.extraKeys.includes(key) || keeps.includes(key) || isSame(key);
  const kept = Object.entries(current).filter(([key]) => stays(key));
  const said = Object.entries(given).filter(([key]) => !isSame(key));
  return { ...Object.fromEntries(kept), ...Object.fromEntries(said) };
}

/**
 * A value of extra_data as one cell: programs may have stored numbers, flags and lists there. A file that was exported and
 * comes back says the same again, so it must change nothing.
 */
export const extraCell = (value: unknown): string =>
  typeof value === 'string' ? value : value === null || value === undefined ? '' : JSON.stringify(value);

/** @returns whether this is what a cell with that value says, once it is read: trimmed and in Unicode form NFC */
const isWrittenAs = (value: unknown, cell: unknown): boolean =>
  (typeof cell === 'string' || cell === undefined) && extraCell(value).trim().normalize('NFC') === (cell ?? '');

/** @returns what a cell says of a text; undefined ("leave it") where it only writes the same letters in another way */
export const unlessSame = <T extends string | null | undefined>(
  current: string | null,
  cell: T,
  form = (text: string) => text.normalize('NFC'),
): T | undefined => (typeof cell === 'string' && current !== null && form(current) === form(cell) ? undefined : cell);

/** Asks for many values without exceeding what a statement may bind. */
export async function inSlices<V, R>(values: Iterable<V>, ask: (slice: V[]) => Promise<R[]>): Promise<R[]> {
  const list = [...new Set(values)];
  const found: R[] = [];
  for (let at = 0; at < list.length; at += 1000) found.push(...(await ask(list.slice(at, at + 1000))));
  return found;
}

/** A JSON column as the driver gives it: text on SQLite, an object on MySQL. */
export const jsonColumn = (value: unknown): Record<string, unknown> =>
  (typeof value === 'string' ? JSON.parse(value) : (value ?? {})) as Record<string, unknown>;

export const present = <T>(value: T | null | undefined | ''): value is T =>
  value !== null && value !== undefined && value !== '';
