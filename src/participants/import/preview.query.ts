import { setImmediate as nextTurn } from 'node:timers/promises';
import { type EntityManager } from '@mikro-orm/core';
import { counted, noCounts, type Counts } from './counts.js';
import { type Draft } from './drafts.js';
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
const CHUNK = 500;
const MOST_TOLD = 20;

/** What the page of a waiting import shows. */
export interface Preview {
  recognition: Recognition;
  shape: TableShape;
  /** Each column of the file with values from its first rows. */
  columns: { header: string; field: string; dateFormat: string | null; samples: string[]; at: number }[];
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
  /** Names of groups that would be made because people are put into them. */
  newGroups: string[];
  errors: RowProblem[];
  warnings: RowProblem[];
  /** The file breaks off. */
  broken: Told | null;
}

/** Looks at an import as the worker would, without writing: a trial run over the first rows. */
export async function previewOf(em: EntityManager, job: Import, file: string): Promise<Preview> {
  const recognition = recognitionOf(job);
  const shape = job.shape as unknown as TableShape;
  const usable = recognition.kind !== 'unknown' && recognition.problems.length === 0;
  const kind = recognition.kind === 'unknown' ? null : kindSpec(recognition.kind);
  const result: Preview = {
    recognition,
    shape,
    columns: recognition.columns.map(({ header, field, dateFormat }, at) => ({
      header,
      field,
      dateFormat: dateFormat ?? null,
      samples: [],
      at,
    })),
    fields: Object.entries(kind?.fields ?? {}).map(([value, { required, date }]) => ({
      value,
      required: !!required,
      date: !!date,
    })),
    dateFormats,
    kinds: importKinds,
    drafts: [],
    counts: noCounts(),
    complete: true,
    later: 0,
    newGroups: [],
    errors: [],
    warnings: [],
    broken: null,
  };
  try {
    await look(em, job, file, result, usable);
  } catch (error) {
    if (!(error instanceof TableRefused)) throw error;
    result.broken = { code: error.code, message: error.template, params: error.params };
  }
  return result;
}

async function look(em: EntityManager, job: Import, file: string, result: Preview, usable: boolean): Promise<void> {
  const taking = await takingFor(em, job, true);
  const reader = usable ? fileReader(result.recognition, taking.today) : null;
  const others = await othersBefore(em, job);
  let chunk: ReadyRow[] = [];
  const take = async () => {
    const taken = await takeRows(taking, chunk);
    result.counts = counted(result.counts, taken);
    for (const each of taken) note(result, each, others);
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
      if (cell !== '' && column.samples.length < 3 && !column.samples.includes(cell))
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

/** Whether files that this one builds on wait or run: what is missing now may come with them. */
async function othersBefore(em: EntityManager, job: Import): Promise<boolean> {
  const open = await em.find(
    Import,
    { status: { $in: ['preview', 'queued', 'running'] }, id: { $ne: job.id } },
    { fields: ['kind'] },
  );
  return open.some((other) => rankOf(other.kind) < rankOf(job.kind));
}
