import { type EntityManager } from '@mikro-orm/core';
import { ImportRow } from '../import-row.entity.js';
import { type Import } from '../import.entity.js';
import { failureOf } from '../job.js';
import { type RowProblem } from '../problem.js';
import { readWrittenRows, type TableShape, type WrittenRow } from '../read-table.js';

/** How many of the rows that were told about are read at a time. */
const SLICE = 1000;

/** A row of the file that was not taken, with the reasons; a row that was left out because of others has none. */
export interface RowNotTaken extends WrittenRow {
  notes: RowProblem[];
}

/** Whether the file of this import holds rows that were not taken. Those that are only counted can not be mended. */
export const hasRowsNotTaken = (job: Pick<Import, 'errorsCount'>): boolean => job.errorsCount > 0;

/**
 * The header, then the rows of the file that were not taken, in their order and in bounded memory. When nothing was
 * taken because some rows were wrong, that is every row.
 */
export async function* rowsNotTaken(em: EntityManager, job: Import, file: string): AsyncGenerator<RowNotTaken> {
  const all = failureOf(job)?.code === 'aborted';
  const told = toldRows(em, job);
  let next = await told.next();
  for await (const row of readWrittenRows(file, job.shape as unknown as TableShape)) {
    while (!next.done && next.value.row < row.row) next = await told.next();
    const notes = !next.done && next.value.row === row.row ? next.value.notes : null;
    if (row.row === 1 || notes || all) yield { ...row, notes: notes ?? [] };
    if (next.done && !all) return;
  }
}

async function* toldRows(em: EntityManager, job: Import): AsyncGenerator<{ row: number; notes: RowProblem[] }> {
  for (let last = 0; ;) {
    const entries = await em.find(
      ImportRow,
      { import: job.id, row: { $gt: last }, outcome: { $in: ['failed', 'skipped'] } },
      { orderBy: { row: 'asc' }, limit: SLICE, disableIdentityMap: true },
    );
    for (const { row, errors } of entries) yield { row, notes: JSON.parse(errors ?? '[]') as RowProblem[] };
    if (entries.length < SLICE) return;
    last = entries.at(-1)!.row;
  }
}
