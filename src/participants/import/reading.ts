import { setTimeout as sleep } from 'node:timers/promises';
import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { SchedulerRegistry } from '@nestjs/schedule';
import { EntityManager, LockMode, MikroORM, type RequiredEntityData } from '@mikro-orm/core';
import { clock } from '../../platform/clock.js';
import { type Config } from '../../platform/config.js';
import { currentUser } from '../../platform/current.js';
import { type Orm } from '../../platform/database/orm.js';
import { transact } from '../../platform/database/transaction.js';
import { removeUpload, uploadsFolder } from '../../platform/files.js';
import { OneRun } from '../../platform/one-run.js';
import { Problem, type Refusal } from '../../platform/http/problem.js';
import { Import } from './import.entity.js';
import { claimReading, failureText, forJob, leaseEnd } from './job.js';
import { TableRefused } from './problem.js';
import { lookedAt, refusedFile, type Upload } from './receive-upload.js';
import { Stopped, unpack } from './workbook/unpack.js';

/** How often a serving process looks for what somebody began to read and did not end. */
const LOOK_EVERY_MS = 5_000;
/** How often somebody who reads says that he still does; his word holds for three times as long (job.ts). */
const WORD_EVERY_MS = 20_000;
/** After so many tries a file is given up: reading it takes its process down every time. */
const MOST_TRIES = 3;

/** Of those that were left, so many are taken on at once. */
const MOST_AT_ONCE = 2;

/** What became of an upload: the imports that wait now, and the files in it that do not. */
export interface Read {
  ids: number[];
  refused: { file: string; refusal: Refusal }[];
}

/**
 * Archives and workbooks on their way in from the page. A row stands for each until it is unpacked, so a person may leave,
 * and another process goes on when this one ends.
 */
@Injectable()
export class Reading implements OnApplicationBootstrap, BeforeApplicationShutdown {
  /** How long an upload on the page waits for its file to be read, before the page says that it is being read. ms */
  patienceMs = 2_000;
  private readonly logger = new Logger('import');
  private readonly folder: string;
  private readonly stop = new AbortController();
  private readonly under = new Set<Promise<unknown>>();

  constructor(
    @Inject(MikroORM) private readonly orm: Orm,
    private readonly em: EntityManager,
    private readonly schedule: SchedulerRegistry,
    private readonly host: HttpAdapterHost,
    @Inject('config') config: Config,
  ) {
    this.folder = uploadsFolder(config);
  }

  onApplicationBootstrap(): void {
    // The command line and the worker build the same modules, but they serve nobody.
    if (!this.host?.httpAdapter) return;
    const run = new OneRun(this.logger, 'looking for files to read failed');
    const look = setInterval(() => void run.of(() => this.resume()), LOOK_EVERY_MS);
    look.unref();
    this.schedule.addInterval('imports.read', look);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stop.abort();
    await this.idle();
  }

  /**
   * Begins to read an upload.
   * @param patience how long to wait for the end, ms
   * @returns what became of it; or the row that stands for it, where the end will be told, when it takes longer
   */
  async begin({ path, fileName }: Upload, patience: number): Promise<Read> {
    const job = await transact(this.em, 'import.received', async (tx) => {
      const row = tx.create(Import, {
        user: currentUser(),
        kind: 'unknown',
        fileName,
        fileHash: '',
        filePath: path,
        shape: { header: [] },
        mapping: {},
        status: 'reading',
        onError: 'skip',
        claim: 1,
        claimedUntil: leaseEnd(),
      });
      await tx.flush();
      return row;
    });
    const hearer = { listens: true };
    const read = this.follow(job, hearer);
    const early = await Promise.race([read, sleep(patience, null, { ref: false })]);
    hearer.listens = false;
    return early ?? { ids: [job.id], refused: [] };
  }

  /** Goes on with what somebody began to read and did not end. */
  async resume(): Promise<void> {
    // They are read one after another anyway (unpack.ts); what is claimed here, no other process reads.
    while (this.under.size < MOST_AT_ONCE) {
      const job = await claimReading(this.orm);
      if (!job) return;
      void this.follow(job, { listens: false });
    }
  }

  /** Waits until nothing is being read here. For tests and the end. */
  async idle(): Promise<void> {
    while (this.under.size > 0) await Promise.all(this.under);
  }

  private follow(job: Import, hearer: { listens: boolean }): Promise<Read | null> {
    const word = setInterval(() => void this.sayWord(job).catch(() => {}), WORD_EVERY_MS);
    word.unref();
    const read = this.read(job, hearer)
      .catch((error: unknown) => {
        this.logger.error(`what became of upload ${job.id} could not be kept`, (error as Error).stack);
        return null;
      })
      .finally(() => {
        clearInterval(word);
        this.under.delete(read);
      });
    this.under.add(read);
    return read;
  }

  private async read(job: Import, hearer: { listens: boolean }): Promise<Read | null> {
    let uploads: Upload[] = [];
    const refused: Read['refused'] = [];
    try {
      if (job.claim > MOST_TRIES) throw new TableRefused('broken_workbook');
      uploads = await unpack(this.folder, { path: job.filePath, fileName: job.fileName }, this.stop.signal);
    } catch (error) {
      if (error instanceof Stopped) return this.letGo(job);
      const problem = refusedFile(error);
      if (!(problem instanceof Problem)) this.logger.error(`upload ${job.id} was not read`, (error as Error).stack);
      const told = problem instanceof Problem ? problem : (refusedFile(new TableRefused('broken_workbook')) as Problem);
      refused.push({ file: job.fileName, refusal: told.refusals[0]! });
    }
    return forJob(this.orm, job, (em) => this.keep(em, job, uploads, refused, hearer));
  }

  /**
   * Each file waits as an import of its own; the first of them takes the place of the row that stood for all. All of it in
   * one transaction: an archive that was cut in the middle is read again as a whole.
   */
  private async keep(
    em: EntityManager,
    job: Import,
    uploads: Upload[],
    refused: Read['refused'],
    hearer: { listens: boolean },
  ): Promise<Read | null> {
    const waiting: Partial<Import>[] = [];
    for (const upload of uploads)
      try {
        waiting.push(await lookedAt(em, this.folder, { ...upload, together: uploads.length > 1 }));
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        refused.push({ file: upload.fileName, refusal: error.refusals[0]! });
      }
    // Whoever waits is told of what was refused; for everybody else it stands in the list of imports.
    const failed = hearer.listens ? [] : refused.map((each) => failedImport(job, each));
    const ids = await transact(em, 'import.received', async (tx) => {
      const mine = { id: job.id, claim: job.claim, status: 'reading' as const };
      const stood = await tx.findOne(Import, mine, { lockMode: LockMode.PESSIMISTIC_WRITE });
      if (!stood) return null;
      const rows = [...waiting, ...failed];
      if (rows.length === 0) tx.remove(stood);
      const made = rows.map((values, at) =>
        at === 0
          ? Object.assign(stood, { claim: 0, claimedUntil: null, ...values })
          : tx.create(Import, values as RequiredEntityData<Import>),
      );
      await tx.flush();
      return made.slice(0, waiting.length).map(({ id }) => id);
    });
    // Another one has read it meanwhile: then what was unpacked here is nobody's.
    const left = ids ? [job.filePath] : uploads.map(({ path }) => path);
    const needed = ids ? waiting.map(({ filePath }) => filePath) : [job.filePath];
    for (const path of left) if (!needed.includes(path)) await removeUpload(this.folder, path);
    return ids && { ids, refused };
  }

  private async sayWord(job: Import): Promise<void> {
    await forJob(this.orm, job, (em) =>
      em.nativeUpdate(Import, { id: job.id, claim: job.claim, status: 'reading' }, { claimedUntil: leaseEnd() }),
    );
  }

  /** This process ends: another one may go on at once. */
  private async letGo(job: Import): Promise<null> {
    await forJob(this.orm, job, (em) =>
      em.nativeUpdate(Import, { id: job.id, claim: job.claim, status: 'reading' }, { claimedUntil: clock.now() }),
    );
    return null;
  }
}

/** A file that could not be used, as the list of imports tells it. */
function failedImport(job: Import, { file, refusal: { code, message, params = {} } }: Read['refused'][number]) {
  return {
    user: job.user ?? null,
    kind: 'unknown' as const,
    fileName: file,
    fileHash: '',
    filePath: job.filePath,
    shape: { header: [] },
    mapping: {},
    onError: 'skip' as const,
    status: 'failed' as const,
    failure: failureText({ code, message, params }),
    finishedAt: clock.now(),
  };
}
