import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { type EntityManager } from '@mikro-orm/core';
import { clock } from '../../platform/clock.js';
import { isMySql } from '../../platform/database/dialect.js';
import { transact } from '../../platform/database/transaction.js';
import { insertRows, type RowValues } from '../../platform/ledger/audited-rows.js';
import { dayOf, DOMAIN_PACKS, Organization } from '../../tenancy/index.js';
import { columnsOfCounts, counted, countsOf, noCounts, type Counts } from './counts.js';
import { ImportRow } from './import-row.entity.js';
import { Imagined } from './imagined.js';
import { Import } from './import.entity.js';
import { failureText, saveJob, type Job } from './job.js';
import { kindSpec, type ImportKind } from './kinds.js';
import { TableRefused, type RowProblem, type Told } from './problem.js';
import { readRows, type TableShape } from './read-table.js';
import { recognise, type Recognition } from './recognise.js';
import { isRowsFault, refusedByDatabase } from './rows-fault.js';
import { fileReader, takeRows, type ReadyRow } from './take-rows.js';
import { type Taken, type Taking } from './taken.js';
import { undoRows } from './undo-rows.js';

/** What the worker is told by whoever runs it. */
export interface WorkOptions {
  /** The uploaded file. */
  file: string;
  /** True when the worker shall stop after this chunk; the job then waits for the next worker. */
  stopping?: () => boolean;
  /** Called after each chunk with the rows done so far. */
  onChunk?: (processed: number) => void;
}

/**
 * On SQLite a chunk holds the one write lock and marks wait for it meanwhile: its size is adjusted to stay below
 * CHUNK_MS, and everybody else has PAUSE of that time after it. MySQL locks rows, so nobody waits there.
 */
const CHUNK_MS = 20;
const PAUSE = 0.6;
const SHORTEST_PAUSE_MS = 8;
const SMALLEST_CHUNK = 60;
const LARGEST_CHUNK = 500;
/** Of a file of which nothing is taken so many rows are told about. */
const MOST_TOLD = 5_000;
/** How many of the rows that were told about are read at a time. */
const SLICE = 1000;

/** @returns the columns of the file and what becomes of them, as the job's row remembers it */
export function recognitionOf(job: Pick<Import, 'shape' | 'kind' | 'mapping'>): Recognition {
  const { header } = job.shape as unknown as TableShape;
  const kind = job.kind === 'unknown' ? undefined : (job.kind as ImportKind);
  return recognise(header, { kind, mapping: job.mapping });
}

/** What the takers need to know about the organization and the file. */
export async function takingFor(em: EntityManager, job: Import, dryRun: boolean): Promise<Taking> {
  const organization = await em.findOneOrFail(Organization, { id: job.organization as number });
  const recognition = recognitionOf(job);
  const fields: Record<string, { extra?: boolean }> =
    recognition.kind === 'unknown' ? {} : kindSpec(recognition.kind).fields;
  return {
    tx: em,
    dryRun,
    today: dayOf(clock.now(), organization.timeZone),
    extraKeys: [
      ...recognition.columns.filter(({ field }) => field === 'extra_data').map(({ key }) => key),
      ...recognition.columns.map(({ field }) => field).filter((field) => fields[field]?.extra),
    ],
    groupTypes: DOMAIN_PACKS[organization.domainType].group_types,
    imagined: new Imagined(),
  };
}

/** Runs a claimed import to its end, from wherever it stopped. The file of a job that ended is not needed any more. */
export async function runImport(em: EntityManager, claimed: Job, options: WorkOptions): Promise<'ended' | 'stopped'> {
  const run = new ImportRun(em, claimed, options);
  try {
    return await run.all();
  } catch (error) {
    if (!(error instanceof TableRefused)) throw error;
    await run.fail({ code: error.code, message: error.template, params: error.params });
    return 'ended';
  }
}

class ImportRun {
  private counts: Counts = noCounts();
  private readonly sharesLock: boolean;
  private size: number;
  private job!: Import;
  private taking!: Taking;

  constructor(
    private readonly em: EntityManager,
    private readonly claimed: Job,
    private readonly options: WorkOptions,
  ) {
    this.sharesLock = !isMySql(em);
    this.size = this.sharesLock ? 100 : LARGEST_CHUNK;
  }

  async all(): Promise<'ended' | 'stopped'> {
    this.job = await this.em.findOneOrFail(Import, { id: this.claimed.id });
    this.taking = await takingFor(this.em, this.job, this.job.dryRun);
    if (this.job.dryRun && this.job.checkpoint > 0) await this.beginAgain();
    this.counts = countsOf(this.job);
    if (this.job.total === 0) await this.count();
    if (this.job.onError === 'abort' && this.job.checkpoint === 0 && !(await this.isClean())) return 'ended';
    if (!(await this.pass(this.readyRows(this.job.checkpoint)))) return 'stopped';
    if (!(await this.lateParents())) return 'stopped';
    if (this.job.onError === 'abort' && !this.job.dryRun && this.counts.failed > 0) await this.takeBack();
    else await this.end('done');
    return 'ended';
  }

  /** What a trial run has imagined is gone with the worker that did: the rows to come would not find it. */
  private async beginAgain(): Promise<void> {
    const counts = { ...columnsOfCounts(noCounts()), checkpoint: 0 };
    await transact(this.em, 'import.begun_again', async (tx) => {
      await tx.nativeDelete(ImportRow, { import: this.job.id });
      await saveJob(tx, this.claimed, counts);
    });
    Object.assign(this.job, counts);
  }

  /** Reads the file once before anything is written: a file that breaks off in the middle changes nothing. */
  private async count(): Promise<void> {
    let total = 0;
    for await (const _ of readRows(this.options.file, this.shape)) {
      if (++total % 5000 === 0) await nextTurn();
      if (total % 100_000 === 0) await saveJob(this.em, this.claimed, {});
    }
    this.job.total = total;
    await saveJob(this.em, this.claimed, { total });
  }

  private get shape(): TableShape {
    return this.job.shape as unknown as TableShape;
  }

  /** The rows after `after`; the reader sees all of them, because doubles may lie on both sides. */
  private async *readyRows(after: number, only?: Set<number>): AsyncGenerator<ReadyRow> {
    const reader = fileReader(recognitionOf(this.job), this.taking.today);
    for await (const raw of readRows(this.options.file, this.shape)) {
      const ready = reader(raw);
      if (ready.row > after && (!only || only.has(ready.row))) yield ready;
    }
  }

  /** Takes rows in chunks. @returns false when the worker was asked to stop on the way */
  private async pass(rows: AsyncIterable<ReadyRow>, again = false): Promise<boolean> {
    let chunk: ReadyRow[] = [];
    for await (const row of rows) {
      if (chunk.push(row) < this.size) continue;
      await this.chunk(chunk, again);
      chunk = [];
      if (this.options.stopping?.()) return false;
    }
    if (chunk.length > 0) await this.chunk(chunk, again);
    return true;
  }

  private async chunk(rows: ReadyRow[], again: boolean): Promise<void> {
    const started = performance.now();
    await this.keep(rows, again);
    const took = performance.now() - started;
    const fitting = Math.round((this.size * CHUNK_MS) / Math.max(took, 1));
    if (this.sharesLock)
      this.size = Math.min(LARGEST_CHUNK, Math.max(SMALLEST_CHUNK, Math.min(fitting, this.size * 2)));
    this.options.onChunk?.(this.counts.processed);
    if (!this.sharesLock) await nextTurn();
    else await sleep(Math.max(SHORTEST_PAUSE_MS, took * PAUSE));
  }

  /** One transaction: the rows, their audit, what is told about them, the counters and the checkpoint. */
  private async keep(rows: ReadyRow[], again: boolean): Promise<void> {
    const checkpoint = Math.max(this.job.checkpoint, rows.at(-1)!.row);
    try {
      this.counts = await transact(this.em, FACTS[this.job.kind as ImportKind], async (tx) => {
        const taken = await takeRows({ ...this.taking, tx }, rows);
        const base = again ? await this.withoutFailures(tx, rows) : this.counts;
        const counts = counted(base, taken);
        await insertRows(tx, ImportRow, rowsToKeep(this.job, taken, this.taking.imagined));
        await saveJob(tx, this.claimed, { ...columnsOfCounts(counts), checkpoint });
        return counts;
      });
      this.job.checkpoint = checkpoint;
    } catch (error) {
      // Something about one of the rows that nobody foresaw: find it, and let the others pass.
      if (!isRowsFault(error)) throw error;
      if (rows.length === 1) {
        const [row] = rows as [ReadyRow];
        // Not even its refusal can be kept: then it is not the row.
        if ('taken' in row) throw error;
        await this.keep([{ row: row.row, taken: refusedByDatabase(row.row, error) }], again);
      } else {
        const half = rows.length >> 1;
        await this.keep(rows.slice(0, half), again);
        await this.keep(rows.slice(half), again);
      }
    }
  }

  /** Takes the failures of these rows out of the books, because the rows are tried again. */
  private async withoutFailures(tx: EntityManager, rows: ReadyRow[]): Promise<Counts> {
    const where = { import: this.job.id, row: { $in: rows.map(({ row }) => row) }, outcome: 'failed' as const };
    const entries = await tx.find(ImportRow, where, { disableIdentityMap: true });
    await tx.nativeDelete(ImportRow, where);
    const errors = entries.reduce((sum, each) => sum + (JSON.parse(each.errors ?? '[]') as unknown[]).length, 0);
    return {
      ...this.counts,
      failed: this.counts.failed - entries.length,
      processed: this.counts.processed - entries.length,
      errors: this.counts.errors - errors,
    };
  }

  /** A list of groups need not name the parents first: rows that missed one are tried again as long as that helps. */
  private async lateParents(): Promise<boolean> {
    if (!LATE_PARENTS.has(this.job.kind)) return true;
    for (let before = Infinity; this.counts.failed > 0 && this.counts.failed < before;) {
      before = this.counts.failed;
      const rows = await this.rowsWithoutParent();
      if (rows.size === 0) return true;
      if (!(await this.pass(this.readyRows(1, rows), true))) return false;
    }
    return true;
  }

  /** The numbers of the rows that only missed their parent; read in slices, so that a file full of mistakes costs no memory. */
  private async rowsWithoutParent(): Promise<Set<number>> {
    const rows = new Set<number>();
    for (let last = 0; ;) {
      const entries = await this.em.find(
        ImportRow,
        { import: this.job.id, row: { $gt: last }, outcome: 'failed', errors: { $like: '%"parent_external_id"%' } },
        { orderBy: { row: 'asc' }, limit: SLICE, disableIdentityMap: true },
      );
      for (const { row, errors } of entries) if (missesOnlyParent(JSON.parse(errors!) as RowProblem[])) rows.add(row);
      if (entries.length < SLICE) return rows;
      last = entries.at(-1)!.row;
    }
  }

  /** "All or nothing" looks at every row before it writes the first one. @returns false when that was the end */
  private async isClean(): Promise<boolean> {
    const taking = { ...this.taking, dryRun: true, tx: this.em, imagined: new Imagined() };
    const wrong = new Failures();
    let late = await this.look(taking, this.readyRows(1), wrong);
    // As the import does: rows that missed a parent are looked at again as long as that helps.
    for (let before = Infinity; late.rows.size > 0 && late.rows.size < before;) {
      before = late.rows.size;
      late = await this.look(taking, this.readyRows(1, late.rows), wrong);
    }
    wrong.add(late);
    if (wrong.count === 0) return true;
    const result = {
      ...noCounts(),
      failed: wrong.count,
      skipped: this.job.total - wrong.count,
      errors: wrong.errors,
      processed: this.job.total,
    };
    await transact(this.em, 'import.failed', async (tx) => {
      await insertRows(tx, ImportRow, rowsToKeep(this.job, wrong.told, taking.imagined));
      await this.end('failed', result, aborted(wrong.count), tx);
    });
    return false;
  }

  /** Looks at rows without writing. @returns those that only miss a parent, which a later row may make; the others that fail go to `wrong` */
  private async look(taking: Taking, rows: AsyncIterable<ReadyRow>, wrong: Failures): Promise<Failures> {
    const late = new Failures();
    const mayComeLate = LATE_PARENTS.has(this.job.kind);
    let chunk: ReadyRow[] = [];
    const take = async () => {
      for (const taken of await takeRows(taking, chunk))
        if (taken.outcome === 'failed') (mayComeLate && missesOnlyParent(taken.notes) ? late : wrong).note(taken);
      chunk = [];
      await saveJob(this.em, this.claimed, {});
      await nextTurn();
    };
    for await (const row of rows) if (chunk.push(row) >= LARGEST_CHUNK) await take();
    if (chunk.length > 0) await take();
    return late;
  }

  /** Somebody came between looking and writing: "all or nothing" then takes back what it wrote. */
  private async takeBack(): Promise<void> {
    await undoRows(this.em, this.claimed, this.options);
    const { failed: failures, errors } = this.counts;
    const result = {
      ...noCounts(),
      failed: failures,
      skipped: this.job.total - failures,
      errors,
      processed: this.job.total,
    };
    await this.end('failed', result, aborted(failures));
  }

  private async end(
    status: 'done' | 'failed',
    counts = this.counts,
    why: Told | null = null,
    em = this.em,
  ): Promise<void> {
    await saveJob(em, this.claimed, {
      ...columnsOfCounts(counts),
      status,
      failure: why && failureText(why),
      finishedAt: clock.now(),
      claimedUntil: null,
    });
  }

  /** The file cannot be read (any further). What a broken file did not reach was never counted. */
  async fail(why: Told): Promise<void> {
    await this.end('failed', this.counts, why);
  }
}

const FACTS: Record<ImportKind, string> = {
  participants: 'participants.imported',
  clever_students: 'participants.imported',
  groups: 'groups.imported',
  clever_schools: 'groups.imported',
  clever_sections: 'groups.imported',
  clever_enrollments: 'memberships.imported',
  clever_teachers: 'users.imported',
  oneroster_orgs: 'groups.imported',
  oneroster_classes: 'groups.imported',
  oneroster_users: 'people.imported',
  oneroster_enrollments: 'memberships.imported',
};

/** Files whose rows may name a parent that only a later row makes. */
const LATE_PARENTS = new Set<string>(['groups', 'oneroster_orgs'] satisfies ImportKind[]);

/** What is kept about the rows: everything that was done or has to be told. A group that was imagined only is told by its name. */
function rowsToKeep(job: Import, taken: Taken[], imagined: Imagined): RowValues<ImportRow>[] {
  const named = (values: Record<string, unknown>) =>
    Number(values.parent) < 0 ? { ...values, parent: imagined.group(Number(values.parent))!.name } : values;
  return taken.flatMap(({ row, outcome, effects, notes }): RowValues<ImportRow>[] => {
    const errors = notes.length > 0 ? JSON.stringify(notes) : null;
    // Of a trial run is kept what it would change: what it would make has no id yet and is counted only.
    const done = job.dryRun ? effects.filter(({ before, removed }) => before !== null && !removed) : effects;
    if (done.length === 0) {
      if (!errors) return [];
      return [{ import: job.id, row, outcome, table: null, record: null, before: null, after: null, errors }];
    }
    return done.map(({ table, record, before, after, removed }, at) => ({
      import: job.id,
      row,
      outcome: at === 0 ? outcome : ('also' as const),
      table,
      record,
      before: before && JSON.stringify(named(before)),
      after: removed ? null : JSON.stringify(named(after)),
      errors: at === 0 ? errors : null,
    }));
  });
}

const missesOnlyParent = (notes: RowProblem[]): boolean =>
  notes.every(({ field, code }) => field === 'parent_external_id' && code === 'unknown');

/** Rows that fail in a look ahead: all of them are counted, the first ones are kept to be told. */
class Failures {
  readonly rows = new Set<number>();
  readonly told: Taken[] = [];
  count = 0;
  errors = 0;

  note(taken: Taken): void {
    this.rows.add(taken.row);
    this.count++;
    this.errors += taken.notes.length;
    if (this.told.length < MOST_TOLD) this.told.push(taken);
  }

  add(others: Failures): void {
    this.count += others.count;
    this.errors += others.errors;
    this.told.push(...others.told.slice(0, MOST_TOLD - this.told.length));
  }
}

const aborted = (count: number): Told => ({
  code: 'aborted',
  message: '{count} rows hold errors, so nothing was imported, as you chose.',
  params: { count },
});
