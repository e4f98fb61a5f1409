import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout } from 'node:timers/promises';
import { open, rename } from 'node:fs/promises';
import { IsolationLevel, type EntityManager } from '@mikro-orm/core';
import { signedInUser, type SignedInUser } from '../../auth/index.js';
import { ownGroupIds } from '../../participants/index.js';
import { clock } from '../../platform/clock.js';
import { type Orm } from '../../platform/database/orm.js';
import { Problem } from '../../platform/http/problem.js';
import { translatorOf } from '../../platform/i18n.js';
import { MOST_SHEET_ROWS } from '../../platform/xlsx/workbook-stream.js';
import { askedOf, FileQuery, type Asked } from '../asked.js';
import { csvOf } from '../files/csv.js';
import { workbookOf } from '../files/workbook.js';
import { type Paper } from '../papers/index.js';
import { type Row } from '../report-table.js';
import { isPlaced, placeAnew } from '../tallies/place-anew.js';
import { ClaimLost, failureText, forExport, saveExport, type ExportJob, type Failure } from './export-job.js';
import { exportReach } from './export-reach.js';
import { type Export } from './export.entity.js';
import { KEPT_DAYS, keptFile, MOST_KEPT, newFilePath, removeKept, unfinishedFile } from './kept-files.js';
import { keptBytes } from './kept-bytes.query.js';
import { lookOf } from './look-of.js';
import { fitting, paperOf, TooLongForPaper } from './paper.js';
import { sayer } from './sayer.js';
import { sourceOf } from './sources.js';
import { type WholeTable } from './whole-table.js';

/** The part of a file that is written to. */
export interface Written {
  write(bytes: Buffer): Promise<unknown>;
  /** Until it is on the disk. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface WriteOptions {
  folder: string;
  /** For the rows: on SQLite a second connection. */
  reading: Orm;
  stopping?: () => boolean;
  /** Opens a new file. */
  openFile?: (path: string) => Promise<Written>;
}

/** The worker was asked to stop: another one begins anew. */
export class Stopped extends Error {}
/** There will be no file, and a sentence says why. */
class CannotBeMade extends Error {
  constructor(readonly failure: Failure) {
    super(failure.code);
  }
}

/** Until it is looked again whether somebody else has put all sessions on their days. */
const PLACED_ELSEWHERE_MS = 200;

/** How often a job says how far it is, which also asks whether it was cancelled. */
const SAY_EVERY_MS = 500;

/**
 * Makes the file of a claimed job, from one moment of the database. It is written under another name and gets its own when
 * it is whole and on the disk: whatever happens on the way, no half of it can be fetched.
 * @throws ClaimLost when it was cancelled meanwhile; nothing is left of the file then
 */
export async function writeExport(orm: Orm, job: ExportJob, wanted: Export, options: WriteOptions): Promise<void> {
  const path = newFilePath();
  // What is said about the job is not part of the moment that is read: it goes its own way to the database.
  const outside = AsyncLocalStorage.snapshot();
  const save: Save = (values) => outside(() => saveExport(orm, job, values));
  try {
    const me = await forExport(orm, job, (em) => signedInUser(em, job.user));
    const reach = me && exportReach(me, wanted.report);
    if (!reach) throw new CannotBeMade(NOT_ALLOWED);
    const make = () =>
      forExport(options.reading, job, (em) =>
        atOneMoment(em, options, async (tx) => {
          if (!(await isPlaced(tx))) return null;
          const asked = await askedOf(tx, FileQuery.parse(wanted.filters), me, reach);
          const bytes = await write(tx, { wanted, me, asked, path, save }, options);
          return { bytes, reach: await ownGroupIds(tx, asked.own) };
        }),
      );
    // Days begin at another time since: a file holds no figures that a page would not tell.
    let made = await make();
    for (; !made; made = await make()) {
      if (options.stopping?.()) throw new Stopped();
      if ((await forExport(orm, job, placeAnew)) === 0) await setTimeout(PLACED_ELSEWHERE_MS);
      await save({});
    }
    await rename(unfinishedFile(options.folder, path), keptFile(options.folder, path));
    const now = clock.now();
    await save({
      status: 'done',
      filePath: path,
      bytes: made.bytes,
      reach: made.reach,
      finishedAt: now,
      expiresAt: new Date(now.getTime() + KEPT_DAYS * 86_400_000),
      claimedUntil: null,
    });
  } catch (error) {
    await removeKept(options.folder, path);
    const failure = failureIn(error);
    if (!failure) throw error;
    const failed = { status: 'failed' as const, failure: failureText(failure), finishedAt: clock.now() };
    await save({ ...failed, claimedUntil: null });
  }
}

/** One snapshot for all that is read. A database in memory has one connection for everybody: there each piece has its own. */
function atOneMoment<T>(em: EntityManager, { reading }: WriteOptions, work: (tx: EntityManager) => Promise<T>) {
  if (reading.config.get('dbName') === ':memory:') return work(em);
  const snapshot = { isolationLevel: IsolationLevel.REPEATABLE_READ, readOnly: true };
  return em.transactional((tx) => work(tx as EntityManager), snapshot);
}

interface Making {
  wanted: Export;
  me: SignedInUser;
  asked: Asked;
  path: string;
  save: Save;
}

type Save = (values: Partial<Export>) => Promise<void>;

/** @returns how many bytes were written */
async function write(tx: EntityManager, making: Making, options: WriteOptions): Promise<number> {
  const { folder, openFile = (name) => open(name, 'wx', 0o600) as Promise<Written> } = options;
  const { wanted, asked, path, save } = making;
  const source = sourceOf(wanted.report, asked.query, wanted.format);
  if (!source) throw new CannotBeMade(NO_REPORT);
  const { content } = source;
  const progress: Progress = { rows: 0 };
  const pieces =
    'paper' in content
      ? printed(tx, making, content.paper, progress)
      : written(tx, making, source.fileType, await content.table(tx, asked), { ...options, progress });
  const room = MOST_KEPT - (await keptBytes(tx));
  let bytes = 0;
  const file = await openFile(unfinishedFile(folder, path));
  try {
    for await (const piece of pieces) {
      bytes += piece.length;
      if (bytes > room) throw new CannotBeMade(NO_ROOM);
      await file.write(piece);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  // The last word of it before it is done: whoever cancelled it in between gets no file.
  await save({ processed: progress.rows, total: progress.rows });
  return bytes;
}

/** How far a file is. */
interface Progress {
  rows: number;
}

/** A paper is one piece. */
async function* printed(
  tx: EntityManager,
  { asked, me, save }: Making,
  paper: Paper,
  progress: Progress,
): AsyncGenerator<Buffer> {
  await save({ total: 1 });
  const look = await lookOf(tx, me);
  const { bytes } = await fitting(() => paper.print(tx, asked, me, look));
  progress.rows = 1;
  yield bytes;
}

/** A table in the form that is wanted, saying now and then how far it is. */
async function* written(
  tx: EntityManager,
  { wanted, asked, me, save }: Making,
  name: string,
  table: WholeTable,
  { progress, stopping }: { progress: Progress; stopping?: (() => boolean) | undefined },
): AsyncGenerator<Buffer> {
  if (wanted.format === 'xlsx' && table.isExact !== false && table.total >= MOST_SHEET_ROWS)
    throw new CannotBeMade(TOO_MANY_ROWS);
  await save({ total: table.total });
  let said = performance.now();
  const counted = async function* (): AsyncGenerator<Row[]> {
    for await (const rows of table.rows) {
      yield rows;
      progress.rows += rows.length;
      if (stopping?.()) throw new Stopped();
      if (performance.now() - said < SAY_EVERY_MS) continue;
      said = performance.now();
      await save({ processed: progress.rows });
    }
  };
  const whole = { ...table, rows: counted() };
  if (wanted.format === 'csv') return yield* csvOf(whole, { bom: wanted.bom });
  if (wanted.format === 'pdf') return yield* paperOf(tx, wanted.report, whole, asked, me);
  const { locale, say } = sayer(me);
  const rightToLeft = translatorOf(locale).direction === 'rtl';
  yield* workbookOf(name, whole, { say, timeZone: me.organization.timeZone, rightToLeft });
}

/** @returns the sentence about what went wrong; null when the job goes on elsewhere */
function failureIn(error: unknown): Failure | null {
  if (error instanceof ClaimLost || error instanceof Stopped) return null;
  if (error instanceof CannotBeMade) return error.failure;
  if (error instanceof Problem) return error.refusals[0]!;
  if (error instanceof RangeError && /too (many rows|large)/.test(error.message)) return TOO_MANY_ROWS;
  if (error instanceof TooLongForPaper) return { code: 'too_many_rows', message: error.message };
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') return DISK_FULL;
  return null;
}

const NOT_ALLOWED: Failure = {
  code: 'permission_denied',
  message: 'You do not have the right to export any more, so this file was not made.',
};
const NO_REPORT: Failure = { code: 'unknown', message: 'There is no such report.' };
const TOO_MANY_ROWS: Failure = {
  code: 'too_many_rows',
  message: 'A workbook has at most 1,048,576 rows, and these are more. Choose CSV or a shorter range.',
};
const NO_ROOM: Failure = {
  code: 'no_room',
  message:
    'There is no room for this file beside those that are kept already. Remove some of them, or choose a shorter range.',
};
const DISK_FULL: Failure = {
  code: 'disk_full',
  message:
    'The disk of the server is full, so this file could not be written. Nothing of it was kept. Tell an administrator.',
};
