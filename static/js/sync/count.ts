/** What a person counts: marks, however often each was tapped, and people who were added. Never operations. */
import { type OpRow } from './store.js';

/** @returns of each cell and of each added person the newest row, in the order in which they first came */
export function newestOf(rows: OpRow[]): OpRow[] {
  const found = new Map<unknown, OpRow>();
  // What cannot be read belongs to no cell.
  for (const row of rows) found.set(row.op?.kind ? [row.op.kind, row.session, row.person].join() : row.key, row);
  return [...found.values()];
}

export interface Count {
  /** Marks and people. */
  waiting: number;
  /** How many of them are people who were added. */
  people: number;
}

export const countOf = (newest: OpRow[]): Count => newest.reduce(plus, { waiting: 0, people: 0 });

export const plus = ({ waiting, people }: Count, { op }: OpRow): Count => ({
  waiting: waiting + 1,
  people: people + Number(op?.kind === 'participant'),
});
