import { setImmediate as nextTurn } from 'node:timers/promises';
import { type EntityManager } from '@mikro-orm/core';
import { counted, noCounts, type Counts } from './counts.js';
import { type Draft } from './drafts.js';
import { described, type Change, type ChangedRecord } from './changed-records.query.js';
import { Import } from './import.entity.js';
import { rankOf } from './kind-order.js';
import { importKinds, kindSpec, type ImportKind } from './kinds.js';
import { TableRefused, type RowProblem, type Told } from './problem.js';
import { dateFormats } from './read-date.js';
import { readRows, type TableShape } from './read-table.js';
import { type Recognition } from './recognise.js';
import { recognitionOf, takingFor } from './run-import.js';
import { fileReader, takeRows, type ReadyRow } from './take-rows.js';
import { type Taken } from './taken.js';

/** Rows that a preview looks at; of a longer file it says so. */
const MOST_LOOKED_AT = 10_000;
/** What most files are is offered first. */
const OWN_LISTS: ImportKind[] = ['participants', 'groups'];
const CHUNK = 500;
const MOST_TOLD = 20;
export const CHANGES_ON_A_PAGE = 50;

interface PageMeta {
  page: number;
  per_page: number;
  total: number;
}

/** What the page of a waiting import shows. */
export interface Preview {
  recognition: Recognition;
  shape: TableShape;
  /** Each column of the file with values from its first rows. */
  columns: {
    header: string;
    field: string;
    dateFormat: string | null;
    secret: boolean;
    samples: string[];
    at: number;
  }[];
  /** What a column may become. */
  fields: { value: string; required: boolean; date: boolean }[];
  dateFormats: readonly string[];
  kinds: ImportKind[];
  /** The first rows as they would be. */
  drafts: Draft[];
  counts: Counts;
  /** Whether `counts` are about the whole file. */
  complete: boolean;
  /** Rows that miss something which another waiting file may bring. */
  later: number;
  /** Rows about people who are never taken: passed over without a sentence for each. */
  family: number;
  /** Names of groups that would be made because people are put into them. */
  newGroups: string[];
  errors: RowProblem[];
  warnings: RowProblem[];
  /** One page of the records that would be changed, and how many there are. */
  changes: { records: ChangedRecord[]; meta: PageMeta };
  /** The file breaks off. */
  broken: Told | null;
}

/**
 * Looks at an import as the worker would, without writing: a trial run over the first rows.
 * @param page of the records that would be changed
 */
export async function previewOf(em: EntityManager, job: Import, file: string, page: number): Promise<Preview> {
  const recognition = recognitionOf(job);
  const shape = job.shape as unknown as TableShape;
  const usable = recognition.kind !== 'unknown' && recognition.problems.length === 0;
  const kind = recognition.kind === 'unknown' ? null : kindSpec(recognition.kind);
  const result: Preview = {
    recognition,
    shape,
    columns: recognition.columns.map(({ header, field, dateFormat, secret }, at) => ({
      header,
      field,
      dateFormat: dateFormat ?? null,
      secret: !!secret,
      samples: [],
      at,
    })),
    fields: Object.entries(kind?.fields ?? {}).map(([value, { required, date }]) => ({
      value,
      required: !!required,
      date: !!date,
    })),
    dateFormats,
    kinds: [...OWN_LISTS, ...importKinds.filter((kind) => !OWN_LISTS.includes(kind))],
    drafts: [],
    counts: noCounts(),
    complete: true,
    later: 0,
    family: 0,
    newGroups: [],
    errors: [],
    warnings: [],
    changes: { records: [], meta: { page, per_page: CHANGES_ON_A_PAGE, total: 0 } },
    broken: null,
  };
  const changes: Change[] = [];
  try {
    await look(em, job, file, result, usable, changes);
    result.changes.records = await described(em, changes);
  } catch (error) {
    if (!(error instanceof TableRefused)) throw error;
    result.broken = { code: error.code, message: error.template, params: error.params };
  }
  return result;
}

async function look(
  em: EntityManager,
  job: Import,
  file: string,
  result: Preview,
  usable: boolean,
  changes: Change[],
): Promise<void> {
  const taking = await takingFor(em, job, true);
  const reader = usable ? fileReader(result.recognition, taking.today) : null;
  const others = await othersBefore(em, job);
  let chunk: ReadyRow[] = [];
  const take = async () => {
    const taken = await takeRows(taking, chunk);
    result.counts = counted(result.counts, taken);
    for (const each of taken) {
      note(result, each, others);
      noteChanges(result.changes.meta, each, changes);
    }
    chunk = [];
    await nextTurn();
  };
  let rows = 0;
  for await (const raw of readRows(file, result.shape)) {
    if (++rows > MOST_LOOKED_AT) {
      result.complete = false;
      break;
    }
    for (const column of result.columns) {
      const cell = (raw.cells[column.at] ?? '').trim();
      if (cell !== '' && !column.secret && column.samples.length < 3 && !column.samples.includes(cell))
        column.samples.push(cell.slice(0, 60));
    }
    if (!reader) {
      if (rows >= 100) break;
      continue;
    }
    const ready = reader(raw);
    if ('draft' in ready && result.drafts.length < 5) result.drafts.push(ready.draft.draft);
    if (chunk.push(ready) >= CHUNK) await take();
  }
  if (chunk.length > 0) await take();
}

function note(result: Preview, taken: Taken, others: boolean): void {
  const { outcome, notes, effects } = taken;
  if (outcome === 'skipped' && notes.length === 0) result.family++;
  const misses = outcome === 'failed' && notes.every(({ code }) => code === 'unknown');
  if (misses && others) {
    result.later++;
    return;
  }
  const list = outcome === 'failed' || outcome === 'skipped' ? result.errors : result.warnings;
  if (list.length < MOST_TOLD) list.push(...notes);
  for (const effect of effects.slice(outcome === 'created' ? 1 : 0))
    if (effect.table === 'groups' && effect.before === null && result.newGroups.length < 50)
      result.newGroups.push(String(effect.after.name));
}

/** Keeps the changes of the page that is asked for, and counts all. */
function noteChanges(meta: PageMeta, { row, effects }: Taken, changes: Change[]): void {
  const from = (meta.page - 1) * meta.per_page;
  for (const { table, record, before, after, removed } of effects) {
    if (before === null || removed) continue;
    if (meta.total >= from && meta.total < from + meta.per_page) changes.push({ row, table, record, before, after });
    meta.total++;
  }
}

/** Whether files that this one builds on wait or run: what is missing now may come with them. */
async function othersBefore(em: EntityManager, job: Import): Promise<boolean> {
  const open = await em.find(
    Import,
    { status: { $in: ['preview', 'queued', 'running'] }, id: { $ne: job.id } },
    { fields: ['kind'] },
  );
  return open.some((other) => rankOf(other.kind) < rankOf(job.kind));
}
