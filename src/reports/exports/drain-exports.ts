import { Logger } from '@nestjs/common';
import { type Orm } from '../../platform/database/orm.js';
import { claimExport, ClaimLost, forExport, releaseExport, type ExportJob } from './export-job.js';
import { Export } from './export.entity.js';
import { Stopped, writeExport, type WriteOptions } from './write-export.js';

export interface DrainOptions extends WriteOptions {
  onClaim?: (job: ExportJob) => void;
}

/** Makes every file that waits, one after another, until there is none or it is asked to stop. */
export async function drainExports(orm: Orm, options: DrainOptions): Promise<void> {
  const logger = new Logger('export');
  while (!options.stopping?.()) {
    const job = await claimExport(orm);
    if (!job) return;
    options.onClaim?.(job);
    try {
      const wanted = await forExport(orm, job, (em) => em.findOne(Export, { id: job.id }));
      if (!wanted) throw new ClaimLost(`export ${job.id} was taken away`);
      await writeExport(orm, job, wanted, options);
    } catch (error) {
      if (error instanceof ClaimLost) continue;
      if (error instanceof Stopped) return releaseExport(orm, job);
      logger.error(`export ${job.id} was interrupted`, (error as Error)?.stack);
      await releaseExport(orm, job, 1000 * 2 ** job.claim).catch(() => {});
    }
  }
}
