import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { SchedulerRegistry } from '@nestjs/schedule';
import { MikroORM, type EntityManager } from '@mikro-orm/core';
import { clock } from '../../platform/clock.js';
import { type Config } from '../../platform/config.js';
import { type Orm } from '../../platform/database/orm.js';
import { JobWorker } from '../../platform/jobs/job-worker.js';
import { OneRun } from '../../platform/one-run.js';
import { drainExports } from './drain-exports.js';
import { Export } from './export.entity.js';
import { forExport, hasDueExport, releaseExport, type ExportJob } from './export-job.js';
import { exportsFolder, oldNames, removeKept } from './kept-files.js';

const SWEEP_EVERY_MS = 600_000;
/** How long the list tells of a file that is gone. */
const TOLD_MS = 90 * 86_400_000;

/** Sees to it that files which were asked for are made, and go when their time is over. */
@Injectable()
export class ExportJobs implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly folder: string;
  private readonly worker: JobWorker<ExportJob>;
  private readonly sweeping = new OneRun(new Logger('export'), 'removing files whose time is over failed');

  constructor(
    @Inject(MikroORM) private readonly orm: Orm,
    @Inject('config') config: Config,
    private readonly schedule: SchedulerRegistry,
    private readonly host: HttpAdapterHost,
  ) {
    this.folder = exportsFolder(config);
    this.worker = new JobWorker<ExportJob>(
      {
        name: 'export',
        hasDue: () => hasDueExport(orm),
        drain: (options) => drainExports(orm, { folder: this.folder, reading: orm, ...options }),
        release: (job) => releaseExport(orm, job),
      },
      config,
    );
  }

  onApplicationBootstrap(): void {
    // The command line and the worker itself build the same modules, but they serve nobody.
    if (!this.host?.httpAdapter) return;
    this.schedule.addInterval('exports.look', this.worker.start());
    const sweep = setInterval(() => void this.sweeping.of(() => this.sweep()), SWEEP_EVERY_MS);
    sweep.unref();
    this.schedule.addInterval('exports.sweep', sweep);
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.worker.stop();
  }

  /** Process id of the worker, while there is one. */
  get workerPid(): number | null {
    return this.worker.pid;
  }

  /** Something was asked for: see to it now. Returns at once. */
  kick(): void {
    this.worker.kick();
  }

  /** Waits until nothing is being made. For tests and scripts. */
  idle(): Promise<void> {
    return this.worker.idle();
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
