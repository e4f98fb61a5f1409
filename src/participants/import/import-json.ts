import { type EntityManager } from '@mikro-orm/core';
import { ImportRow } from './import-row.entity.js';
import { type Import } from './import.entity.js';
import { failureOf } from './job.js';
import { sentence, type RowProblem } from './problem.js';
import { recordsOf } from './records.js';

/** How many sentences about rows an answer holds. */
const MOST_TOLD = 500;

type Terms = Record<string, { one: string; many: string }>;

/** The organization's own words, as the sentences about rows name them: {participant}, {participants}, {group} ... */
export const termParams = (terms: Terms): Record<string, string> =>
  Object.fromEntries(
    Object.entries(terms).flatMap(([name, { one, many }]) => [
      [name, one],
      [`${name}s`, many],
    ]),
  );

/** An import as programs see it: the contract's object. */
export async function importJson(em: EntityManager, job: Import, terms: Terms) {
  const failure = failureOf(job);
  const told = await notesOf(em, job, ['failed', 'skipped']);
  const warnings = await notesOf(em, job, ['created', 'updated', 'unchanged']);
  const words = termParams(terms);
  const json = ({ row, field, code, message, params }: RowProblem) => ({
    row,
    field,
    code,
    message: sentence({ message, params: { ...words, ...params } }),
  });
  const whole = failure && {
    row: null,
    field: null,
    code: failure.code,
    message: sentence({ ...failure, params: { ...words, ...failure.params } }),
  };
  return {
    id: job.id,
    kind: job.kind,
    // Undoing is work under way like importing.
    status: job.status === 'undoing' ? 'running' : job.status,
    file_name: job.fileName,
    dry_run: job.dryRun,
    on_error: job.onError,
    total: job.total,
    processed: job.processed,
    created: job.createdCount,
    updated: job.updatedCount,
    unchanged: job.unchangedCount,
    skipped: job.skippedCount,
    failed: job.failedCount,
    records: recordsOf(job),
    errors: [...(whole ? [whole] : []), ...told.map(json)].slice(0, MOST_TOLD),
    errors_total: job.errorsCount + (whole ? 1 : 0),
    warnings: warnings.map(json),
    warnings_total: job.warningsCount,
    kept: (await keptRows(em, job, { limit: MOST_TOLD, offset: 0 })).map(json),
    created_at: job.createdAt.toISOString(),
    finished_at: job.finishedAt?.toISOString() ?? null,
    undone_at: job.undoneAt?.toISOString() ?? null,
  };
}

/** The sentences about rows with one of these outcomes, in the file's order. */
async function notesOf(em: EntityManager, job: Import, outcomes: ImportRow['outcome'][]): Promise<RowProblem[]> {
  const where = { import: job.id, outcome: { $in: outcomes }, errors: { $ne: null } };
  const entries = await em.find(ImportRow, where, {
    orderBy: { row: 'asc' },
    limit: MOST_TOLD,
    disableIdentityMap: true,
  });
  return entries
    .flatMap((entry) => JSON.parse(entry.errors!) as RowProblem[])
    .filter(({ code }) => !UNDO_CODES.has(code))
    .slice(0, MOST_TOLD);
}

const UNDO_CODES = new Set(['changed', 'in_use', 'marked']);

/** What undoing passed over, with the reason. */
export async function keptRows(
  em: EntityManager,
  job: Pick<Import, 'id'>,
  { limit, offset }: { limit: number; offset: number },
): Promise<RowProblem[]> {
  const where = { import: job.id, undone: 'kept' as const };
  const entries = await em.find(ImportRow, where, {
    orderBy: { row: 'asc', id: 'asc' },
    limit,
    offset,
    disableIdentityMap: true,
  });
  return entries.map((entry) => (JSON.parse(entry.errors!) as RowProblem[]).at(-1)!);
}

/** One page of what is told about rows. */
export async function toldRows(
  em: EntityManager,
  job: Pick<Import, 'id'>,
  outcomes: ImportRow['outcome'][],
  { page, per_page }: { page: number; per_page: number },
) {
  const where = { import: job.id, outcome: { $in: outcomes }, errors: { $ne: null } };
  const options = {
    orderBy: { row: 'asc' as const },
    limit: per_page,
    offset: (page - 1) * per_page,
    disableIdentityMap: true,
  };
  const [entries, total] = await em.findAndCount(ImportRow, where, options);
  const notes = entries.flatMap((entry) => JSON.parse(entry.errors!) as RowProblem[]);
  return { notes: notes.filter(({ code }) => !UNDO_CODES.has(code)), meta: { page, per_page, total } };
}
