import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { SchedulerRegistry } from '@nestjs/schedule';
import { MikroORM, type EntityManager } from '@mikro-orm/core';
import { clock } from '../../platform/clock.js';
import { type Config } from '../../platform/config.js';
import { type Orm } from '../../platform/database/orm.js';
import { removeUpload, uploadsFolder } from '../../platform/files.js';
import { type JobKind, JobWorker } from '../../platform/jobs/job-worker.js';
import { drainImports } from './drain-imports.js';
import { Import } from './import.entity.js';
import { forJob, hasDueImport, releaseImport, type Job } from './job.js';

/** Uploads that nobody started are removed after a week, and so are those of imports that ended with errors. */
export const FILE_KEPT_MS = 7 * 86_400_000;

/** Sees to it that waiting imports are worked off, and that files that nobody needs any more go. */
@Injectable()
export class ImportJobs extends JobWorker<Job> {
  private readonly folder: string;

  constructor(
    @Inject(MikroORM) private readonly orm: Orm,
    @Inject('config') config: Config,
    schedule: SchedulerRegistry,
    host: HttpAdapterHost,
  ) {
    const folder = uploadsFolder(config);
    const kind = {
      name: 'import',
      hasDue: () => hasDueImport(orm),
      drain: (options) => drainImports(orm, { folder, ...options }),
      release: (job) => releaseImport(orm, job),
      sweepEveryMs: 3_600_000,
    } satisfies JobKind<Job>;
    super(kind, { config, schedule, host });
    this.folder = folder;
  }

  /** Removes uploads that were never started, files of imports that ended long ago, and files that no row knows. */
  async sweep(): Promise<void> {
    const before = new Date(clock.now().getTime() - FILE_KEPT_MS);
    const em = this.orm.em.fork({ disableContextResolution: true }) as EntityManager;
    // Uploads of every organization; each is removed in the name of its own.
    for (const old of await em.find(Import, { status: 'preview', createdAt: { $lt: before } }, { filters: false })) {
      await removeUpload(this.folder, old.filePath);
      await forJob(this.orm, old, (own) => own.nativeDelete(Import, { id: old.id, status: 'preview' }));
    }
    const names = await readdir(this.folder);
    const known = await em.find(
      Import,
      { filePath: { $in: names }, $or: [{ finishedAt: null }, { finishedAt: { $gte: before } }] },
      { filters: false, fields: ['filePath'] },
    );
    const needed = new Set(known.map((job) => job.filePath));
    for (const name of names.filter((each) => !needed.has(each))) {
      const { mtime } = await stat(join(this.folder, name)).catch(() => ({ mtime: clock.now() }));
      // A younger one may be on its way in.
      if (mtime.getTime() < clock.now().getTime() - 3_600_000) await removeUpload(this.folder, name).catch(() => {});
    }
  }
}
