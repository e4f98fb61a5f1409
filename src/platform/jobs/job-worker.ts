import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { type HttpAdapterHost } from '@nestjs/core';
import { type SchedulerRegistry } from '@nestjs/schedule';
import { type Config } from '../config.js';
import { dataFolder } from '../files.js';
import { OneRun } from '../one-run.js';

/** How often a serving process looks for jobs that nobody works on: after a crash, or started on another node. */
const LOOK_EVERY_MS = 5_000;
/** How long a worker waits for more work before it ends. */
const LINGER_MS = 20_000;

/** What the worker says: which job it took; that it found nothing more to do, having been told to look so many times. */
interface WorkerMessage<Job> {
  claimed?: Job;
  idle?: number;
}

/** Takes job after job until there is none. */
export type Drain<Job> = (options: { stopping: () => boolean; onClaim?: (job: Job) => void }) => Promise<void>;

/** One kind of jobs: rows of a table, each claimed by one process at a time. */
export interface JobKind<Job extends { id: number }> {
  /** For the log, and by which the worker's program (src/worker.ts) knows what to do. */
  name: string;
  /** @returns whether a job waits for a worker right now */
  hasDue: () => Promise<boolean>;
  /** Works in this process: on a database in memory, which no other one can see. */
  drain: Drain<Job>;
  /** Lets go of a job whose worker is dead. */
  release: (job: Job) => Promise<void>;
  /** How often files that nobody needs any more are looked for. */
  sweepEveryMs: number;
}

/** The process in which jobs are seen to. */
export interface Serving {
  config: Config;
  schedule: SchedulerRegistry;
  host: HttpAdapterHost;
}

const root = join(import.meta.dirname, '..', '..', '..');

/**
 * Sees to it that waiting jobs of one kind are worked off, outside of the requests: by a child process, so that reading
 * and writing thousands of rows never stands in the way of a mark. It stays for a while after its work, then ends. Each
 * kind has a process of its own, so a long job of one holds up none of the other. Any number of nodes may run this.
 */
export abstract class JobWorker<Job extends { id: number }>
  implements OnApplicationBootstrap, BeforeApplicationShutdown
{
  private readonly logger: Logger;
  private readonly sweeping: OneRun;
  private working: Promise<void> | null = null;
  private child: ChildProcess | null = null;
  private childEnded: Promise<void> = Promise.resolve();
  private looks = 0;
  private again = false;
  private stopped = false;

  constructor(
    private readonly kind: JobKind<Job>,
    private readonly serving: Serving,
  ) {
    this.logger = new Logger(kind.name);
    this.sweeping = new OneRun(this.logger, 'removing what nobody needs any more failed');
  }

  /** Removes files and rows of jobs whose time is over, in the name of the organization of each. */
  abstract sweep(): Promise<void>;

  onApplicationBootstrap(): void {
    // The command line and the worker itself build the same modules, but they serve nobody.
    if (!this.serving.host?.httpAdapter) return;
    this.every(LOOK_EVERY_MS, 'look', () => this.look());
    this.every(this.kind.sweepEveryMs, 'sweep', () => this.sweeping.of(() => this.sweep()));
  }

  private every(ms: number, name: string, work: () => Promise<void>): void {
    const timer = setInterval(() => void work(), ms);
    timer.unref();
    this.serving.schedule.addInterval(`${this.kind.name}.${name}`, timer);
  }

  /** Ends the worker, and waits until it has put its job down. */
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
      if (await this.kind.hasDue()) this.kick();
    } catch (error) {
      this.logger.error(`looking for jobs failed (${this.kind.name})`, (error as Error).stack);
    }
  }

  private async work(): Promise<void> {
    this.again = false;
    const { database } = this.serving.config;
    try {
      if (database.kind === 'sqlite' && database.file === ':memory:')
        await this.kind.drain({ stopping: () => this.stopped });
      else await this.workInChild();
    } catch (error) {
      this.logger.error(`the worker failed (${this.kind.name})`, (error as Error).stack);
    }
  }

  /** Has the worker look for jobs; starts it if there is none. Resolves when it found nothing more to do, or ended. */
  private workInChild(): Promise<void> {
    const child = this.child ?? this.startChild();
    const look = ++this.looks;
    return new Promise((resolve) => {
      const done = () => {
        child.off('message', hear).off('exit', done).off('error', done);
        resolve();
      };
      const hear = (message: unknown) => {
        if (((message as WorkerMessage<Job>).idle ?? 0) >= look) done();
      };
      // One that could not be started at all does not end either.
      child.on('message', hear).on('exit', done).on('error', done);
      // A worker that is about to end does not hear this; its end is heard here.
      child.send({ look }, () => {});
    });
  }

  private startChild(): ChildProcess {
    const { config } = this.serving;
    const { database } = config;
    const child = fork(join(root, 'dist', 'worker.js'), [this.kind.name], {
      // Small young generation: bulk work makes much short-lived text, and the worker need not be fast at the cost of memory.
      execArgv: ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=4', '--max-old-space-size=512'],
      env: {
        ...process.env,
        NODE_OPTIONS: '',
        DATABASE_URL: database.kind === 'mysql' ? database.url : `sqlite:${database.file}`,
        SESSION_SECRET: 'the worker signs nobody in',
        DATA_FOLDER: dataFolder(config),
        LOG_LEVEL: config.logLevel,
        MIGRATE: 'off',
      },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    let job: Job | null = null;
    child.on('message', (message) => {
      const { claimed, idle } = message as WorkerMessage<Job>;
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
          this.logger.warn(
            `the worker ended (${how}) while it worked on ${this.kind.name} ${job.id}; another one goes on`,
          );
          await this.kind.release(job).catch(() => {});
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
}

/** The other end, in the worker's process: drains when it is told to look, and returns when it has waited long enough. */
export async function obeyJobWorker<Job>(drain: Drain<Job>): Promise<void> {
  const tell = (message: WorkerMessage<Job>) => {
    if (process.connected) process.send?.(message);
  };
  let stopping = false;
  let wake: () => void = () => {};
  const stop = () => {
    stopping = true;
    wake();
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  let asked = 0;
  let looked = -1;
  process.on('message', (message) => {
    asked = (message as { look: number }).look;
    wake();
  });
  process.on('disconnect', () => wake());
  while (asked > looked && !stopping) {
    looked = asked;
    await drain({ stopping: () => stopping, onClaim: (claimed) => tell({ claimed }) });
    tell({ idle: looked });
    if (asked > looked || stopping || !process.connected) continue;
    await new Promise<void>((resolve) => {
      const enough = setTimeout(resolve, LINGER_MS);
      wake = () => {
        clearTimeout(enough);
        resolve();
      };
    });
  }
}
