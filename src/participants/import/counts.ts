import { type Import } from './import.entity.js';
import { withEffects, type Records } from './records.js';
import { type RowOutcome, type Taken } from './taken.js';

/** What became of the rows so far. The five outcomes always add up to `processed`. */
export type Counts = Record<RowOutcome, number> & {
  processed: number;
  errors: number;
  warnings: number;
  records: Records;
};

export const noCounts = (): Counts => ({
  created: 0,
  updated: 0,
  unchanged: 0,
  skipped: 0,
  failed: 0,
  processed: 0,
  errors: 0,
  warnings: 0,
  records: {},
});

export function countsOf(job: Import): Counts {
  return {
    created: job.createdCount,
    updated: job.updatedCount,
    unchanged: job.unchangedCount,
    skipped: job.skippedCount,
    failed: job.failedCount,
    processed: job.processed,
    errors: job.errorsCount,
    warnings: job.warningsCount,
    records: (job.records ?? {}) as Records,
  };
}

export function columnsOfCounts(counts: Counts): Partial<Import> {
  return {
    createdCount: counts.created,
    updatedCount: counts.updated,
    unchangedCount: counts.unchanged,
    skippedCount: counts.skipped,
    failedCount: counts.failed,
    processed: counts.processed,
    errorsCount: counts.errors,
    warningsCount: counts.warnings,
    records: counts.records as Record<string, unknown>,
  };
}

/** @returns the counts with these rows added, as a new object: a chunk that is tried again starts from the old one */
export function counted(counts: Counts, taken: Taken[]): Counts {
  const effects = taken.flatMap((each) => each.effects);
  const next = { ...counts, records: withEffects(counts.records, effects) };
  for (const { outcome, notes } of taken) {
    next[outcome]++;
    next.processed++;
    next[isTold(outcome) ? 'errors' : 'warnings'] += notes.length;
  }
  return next;
}

/** Whether the notes of such a row say why it was not taken; else they are remarks on a row that was. */
export const isTold = (outcome: RowOutcome): boolean => outcome === 'failed' || outcome === 'skipped';
