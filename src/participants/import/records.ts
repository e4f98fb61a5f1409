import { type Import } from './import.entity.js';
import { type Effect, type ImportedTable } from './taken.js';

/** What an import made, changed and took away, by table: a row of the file may touch several records. */
export type Records = Partial<Record<ImportedTable, RecordCounts>>;

export interface RecordCounts {
  created: number;
  updated: number;
  removed: number;
}

export const IMPORTED_TABLES: ImportedTable[] = [
  'participants',
  'groups',
  'group_memberships',
  'users',
  'group_assignments',
];

/** @returns the sums with these effects added, as a new object */
export function withEffects(records: Records, effects: Iterable<Effect>): Records {
  const next = structuredClone(records);
  for (const { table, before, removed } of effects) {
    const counts = (next[table] ??= { created: 0, updated: 0, removed: 0 });
    counts[removed ? 'removed' : before === null ? 'created' : 'updated']++;
  }
  return next;
}

/** Every table, with zeros where nothing was done. */
export function recordsOf({ records }: { records?: Import['records'] | Records }): Record<ImportedTable, RecordCounts> {
  const known = (records ?? {}) as Records;
  return Object.fromEntries(
    IMPORTED_TABLES.map((table) => [table, known[table] ?? { created: 0, updated: 0, removed: 0 }]),
  ) as Record<ImportedTable, RecordCounts>;
}
