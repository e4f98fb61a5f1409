import { Inject, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { SchedulerRegistry } from '@nestjs/schedule';
import { MikroORM, type EntityManager } from '@mikro-orm/core';
import { clock } from '../../platform/clock.js';
import { type Config } from '../../platform/config.js';
import { type Orm } from '../../platform/database/orm.js';
import { type JobKind, JobWorker } from '../../platform/jobs/job-worker.js';
import { drainExports } from './drain-exports.js';
import { Export } from './export.entity.js';
import { forExport, hasDueExport, releaseExport, type ExportJob } from './export-job.js';
import { exportsFolder, oldNames, removeKept } from './kept-files.js';

/** How long the list tells of a file that is gone. */
const TOLD_MS = 90 * 86_400_000;

/** Sees to it that files which were asked for are made, and go when their time is over. */
@Injectable()
export class ExportJobs extends JobWorker<ExportJob> {
  readonly folder: string;

  constructor(
    @Inject(MikroORM) private readonly orm: Orm,
    @Inject('config') config: Config,
    schedule: SchedulerRegistry,
    host: HttpAdapterHost,
  ) {
    const folder = exportsFolder(config);
    const kind = {
      name: 'export',
      hasDue: () => hasDueExport(orm),
      drain: (options) => drainExports(orm, { folder, reading: orm, ...options }),
      release: (job) => releaseExport(orm, job),
      sweepEveryMs: 600_000,
    } satisfies JobKind<ExportJob>;
    super(kind, { config, schedule, host });
    this.folder = folder;
  }

  /** Removes files whose time is over, what crashes left behind, and rows that nobody needs to be told of any more. */
  async sweep(): Promise<void> {
    const now = clock.now();
    const em = this.orm.em.fork({ disableContextResolution: true }) as EntityManager;
    // Files of every organization; each is removed in the name of its own.
    const over = await em.find(Export, { status: 'done', expiresAt: { $lte: now } }, { filters: false, limit: 1000 });
    for (const job of over) {
      if (job.filePath) await removeKept(this.folder, job.filePath);
      await forExport(this.orm, jobOf(job), (own) =>
        own.nativeUpdate(Export, { id: job.id, status: 'done' }, { status: 'expired', filePath: null, updatedAt: now }),
      );
    }
    const names = await oldNames(this.folder);
    if (names.length > 0) {
      const known = await em.find(Export, { filePath: { $in: names } }, { filters: false, fields: ['filePath'] });
      const needed = new Set(known.map((job) => job.filePath));
      for (const name of names.filter((each) => !needed.has(each))) await removeKept(this.folder, name);
    }
    const old = await em.find(
      Export,
      {
        status: { $in: ['failed', 'cancelled', 'expired'] },
        createdAt: { $lt: new Date(now.getTime() - TOLD_MS) },
      },
      { filters: false, limit: 1000 },
    );
    for (const job of old) await forExport(this.orm, jobOf(job), (own) => own.nativeDelete(Export, { id: job.id }));
  }
}

const jobOf = (job: Export): ExportJob => ({
  id: job.id,
  organization: job.organization as number,
  user: job.user,
  claim: job.claim,
});
