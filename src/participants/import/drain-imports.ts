import { existsSync } from 'node:fs';
import { Logger } from '@nestjs/common';
import { type EntityManager } from '@mikro-orm/core';
import { clock } from '../../platform/clock.js';
import { type Orm } from '../../platform/database/orm.js';
import { removeUpload, uploadedFile } from '../../platform/files.js';
import { hasRowsNotTaken } from './errors/rows-not-taken.js';
import { Import } from './import.entity.js';
import {
  claimImport,
  ClaimLost,
  claimsSinceStart,
  failureText,
  forJob,
  releaseImport,
  saveJob,
  type Job,
} from './job.js';
import { type Told } from './problem.js';
import { runImport, type WorkOptions } from './run-import.js';
import { undoRows } from './undo-rows.js';

export interface DrainOptions {
  /** Where uploaded files lie. */
  folder: string;
  stopping?: () => boolean;
  onClaim?: (job: Job) => void;
  onChunk?: (processed: number) => void;
}

const FILE_IS_GONE: Told = {
  code: 'file_gone',
  message: 'The uploaded file is no longer there. Please upload it again.',
  params: {},
};

/** Works off every job that waits, one after another, until there is none or it is asked to stop. */
export async function drainImports(orm: Orm, options: DrainOptions): Promise<void> {
  const logger = new Logger('import');
  while (!options.stopping?.()) {
    const job = await claimImport(orm);
    if (!job) return;
    options.onClaim?.(job);
    try {
      await forJob(orm, { ...job, user: await starterOf(orm, job) } as never, (em) => work(em, orm, job, options));
    } catch (error) {
      if (error instanceof ClaimLost) continue;
      logger.error(`import ${job.id} was interrupted`, (error as Error)?.stack);
      await releaseImport(orm, job, Math.min(60_000, 1000 * 2 ** claimsSinceStart(job.claim))).catch(() => {});
    }
  }
}

async function starterOf(orm: Orm, job: Job): Promise<number | null> {
  const found = await forJob(orm, { ...job, user: null } as never, (em) => em.findOneOrFail(Import, { id: job.id }));
  return found.user ?? null;
}

async function work(em: EntityManager, orm: Orm, job: Job, options: DrainOptions): Promise<void> {
  if (job.undoing) {
    if (!(await undoRows(em, job, options))) return releaseImport(orm, job);
    const now = clock.now();
    return saveJob(em, job, { status: 'undone', undoneAt: now, claimedUntil: null });
  }
  const { filePath } = await em.findOneOrFail(Import, { id: job.id });
  const file = uploadedFile(options.folder, filePath);
  const told: WorkOptions = { file, stopping: options.stopping, onChunk: options.onChunk };
  if (!existsSync(file)) {
    const failed = { status: 'failed' as const, failure: failureText(FILE_IS_GONE), finishedAt: clock.now() };
    return saveJob(em, job, { ...failed, claimedUntil: null });
  }
  if ((await runImport(em, job, told)) === 'stopped') return releaseImport(orm, job);
  // What it held stands in the tables now, or was refused. Only what can still be started or mended is kept for a while.
  const ended = await em.findOneOrFail(Import, { id: job.id }, { refresh: true });
  if (!ended.dryRun && !hasRowsNotTaken(ended)) await removeUpload(options.folder, filePath);
}
