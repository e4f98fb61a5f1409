import { fork, type ChildProcess } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
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
import { removeUpload, uploadsFolder } from '../../platform/files.js';
import { drainImports } from './drain-imports.js';
import { Import } from './import.entity.js';
import { forJob, hasDueImport, releaseImport, type Job } from './job.js';

/** How often a serving process looks for jobs that nobody works on: after a crash, or started on another node. */
const LOOK_EVERY_MS = 5_000;
/** Uploads that nobody started are removed after a week. */
const KEPT_MS = 7 * 86_400_000;

/** What the worker says: which job it took; that it found nothing more to do, having been told to look so many times. */
interface WorkerMessage {
  claimed?: Job;
  idle?: number;
}

const root = join(import.meta.dirname, '..', '..', '..');

/**
 * Sees to it that waiting imports are worked off, outside of the requests: by a child process, so that reading and
 * writing 50,000 rows never stands in the way of a mark. It stays for a while after its work, then ends. A database in memory exists in this process only; there the
 * work is done here, with a breath after every chunk. Any number of nodes may run this: a job is claimed by one.
 */
@Injectable()
export class ImportJobs implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('import');
  private readonly folder: string;
  private working: Promise<void> | null = null;
  private child: ChildProcess | null = null;
  private childEnded: Promise<void> = Promise.resolve();
  private looks = 0;
  private again = false;
  private stopped = false;

  constructor(
    @Inject(MikroORM) private readonly orm: Orm,
    @Inject('config') private readonly config: Config,
    private readonly schedule: SchedulerRegistry,
    private readonly host: HttpAdapterHost,
  ) {
    this.folder = uploadsFolder(config);
  }

  onApplicationBootstrap(): void {
    // The command line and the worker itself build the same modules, but they serve nobody.
    if (!this.host?.httpAdapter) return;
    const look = setInterval(() => void this.look(), LOOK_EVERY_MS);
    look.unref();
    this.schedule.addInterval('imports.look', look);
    const sweep = setInterval(() => void this.sweep().catch((error) => this.logger.error(error)), 3_600_000);
    sweep.unref();
    this.schedule.addInterval('imports.sweep', sweep);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    this.child?.kill('SIGTERM');
    await this.childEnded;
    await this.working;
  }

  /** Process id of the worker, while there is one. */
  get workerPid(): number | null {
    return this.child?.pid ?? null;
  }

  /** Something was started: see to it now. Returns at once. */
  kick(): void {
    this.again = true;
    if (this.working || this.stopped) return;
    this.working = this.work().finally(() => {
      this.working = null;
      if (this.again && !this.stopped) this.kick();
    });
  }

  /** Waits until nothing is being worked on. For tests and scripts. */
  async idle(): Promise<void> {
    while (this.working) await this.working;
  }

  private async look(): Promise<void> {
    if (this.working || this.stopped) return;
    try {
      if (await hasDueImport(this.orm)) this.kick();
    } catch (error) {
      this.logger.error('looking for imports failed', (error as Error).stack);
    }
  }

  private async work(): Promise<void> {
    this.again = false;
    const { database } = this.config;
    try {
      if (database.kind === 'sqlite' && database.file === ':memory:')
        await drainImports(this.orm, { folder: this.folder, stopping: () => this.stopped });
      else await this.workInChild();
    } catch (error) {
      this.logger.error('the import worker failed', (error as Error).stack);
    }
  }

  /** Has the worker look for jobs; starts it if there is none. Resolves when it found nothing more to do, or ended. */
  private workInChild(): Promise<void> {
    const child = this.child ?? this.startChild();
    const look = ++this.looks;
    return new Promise((resolve) => {
      const done = () => {
        child.off('message', hear).off('exit', done);
        resolve();
      };
      const hear = (message: unknown) => {
        if (((message as WorkerMessage).idle ?? 0) >= look) done();
      };
      child.on('message', hear).on('exit', done);
      // A worker that is about to end does not hear this; its end is heard here.
      child.send({ look }, () => {});
    });
  }

  private startChild(): ChildProcess {
    const { database } = this.config;
    const child = fork(join(root, 'dist', 'import-worker.js'), [], {
      // Small young generation: bulk writes make much short-lived text, and the worker need not be fast at the cost of memory.
      execArgv: ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=4', '--max-old-space-size=512'],
      env: {
        ...process.env,
        NODE_OPTIONS: '',
        DATABASE_URL: database.kind === 'mysql' ? database.url : `sqlite:${database.file}`,
        SESSION_SECRET: 'the worker signs nobody in',
        DATA_FOLDER: join(this.folder, '..'),
        LOG_LEVEL: this.config.logLevel,
        MIGRATE: 'off',
      },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    let job: Job | null = null;
    child.on('message', (message) => {
      const { claimed, idle } = message as WorkerMessage;
      job = idle === undefined ? (claimed ?? job) : null;
    });
    this.childEnded = new Promise((resolve) => {
      let over = false;
      const ended = async (how: string) => {
        if (over) return;
        over = true;
        if (this.child === child) this.child = null;
        // Killed in the middle: nobody need wait for its claim to run out.
        if (job && !this.stopped) {
          this.logger.warn(`the import worker ended (${how}) while it worked on import ${job.id}; another one goes on`);
          await releaseImport(this.orm, job).catch(() => {});
          this.kick();
        }
        resolve();
      };
      child.on('error', (error) => void ended(error.message));
      child.on('exit', (code, signal) => void ended(String(code ?? signal)));
    });
    this.child = child;
    return child;
  }

  /** Removes uploads that were never started, and files that no row knows. */
  async sweep(): Promise<void> {
    const before = new Date(clock.now().getTime() - KEPT_MS);
    const em = this.orm.em.fork({ disableContextResolution: true }) as EntityManager;
    // Uploads of every organization; each is removed in the name of its own.
    for (const old of await em.find(Import, { status: 'preview', createdAt: { $lt: before } }, { filters: false })) {
      await removeUpload(this.folder, old.filePath);
      await forJob(this.orm, old, (own) => own.nativeDelete(Import, { id: old.id, status: 'preview' }));
    }
    const names = await readdir(this.folder);
    const known = await em.find(Import, { filePath: { $in: names } }, { filters: false, fields: ['filePath'] });
    const needed = new Set(known.map((job) => job.filePath));
    for (const name of names.filter((each) => !needed.has(each))) {
      const { mtime } = await stat(join(this.folder, name)).catch(() => ({ mtime: clock.now() }));
      // A younger one may be on its way in.
      if (mtime.getTime() < clock.now().getTime() - 3_600_000) await removeUpload(this.folder, name).catch(() => {});
    }
  }
}
