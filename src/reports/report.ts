import { type EntityManager } from '@mikro-orm/core';
import { invalid } from '../platform/http/problem.js';
import { type StateCategory } from '../tenancy/index.js';
import { type Asked, type ReportQuery } from './asked.js';
import { type Chart } from './chart.js';
import { type Column, type Row, type Words } from './report-table.js';

/** Which rows of an answer are wanted: so many from the `skip`th on. */
export interface Slice {
  skip: number;
  take: number;
}

/** A part of what a report says, and what is said about the whole. */
export interface Answer {
  columns: Column[];
  rows: Row[];
  /** How many rows there are in all; when that is not known, at least so many (`isExact` false). */
  total: number;
  isExact: boolean;
  /** Where each row leads, as bars do; absent: to what the row names. */
  links?: (string | null)[];
  /** Why there may be no rows, where it is not for the filters. */
  why?: Words;
  /** The rows behind these, where asking again for each piece would count everything again. */
  rest?: () => AsyncIterable<Row[]>;
  /** The sums of the whole, in the order of the columns. */
  totals?: Row;
  /** What the figures mean. */
  notes: Words[];
  /** The picture of the whole or of these rows. */
  chart?: Chart | null;
  /** For programs: what stands in `meta` beside the paging. */
  meta?: Record<string, unknown>;
}

/** One report: a question, the filters that it knows, and its answer. Everything else is the same for all. */
export interface Report {
  /** In addresses and file names. */
  code: string;
  /** English; keys of the translation. Terms of the domain stand as `{participants}`. */
  title: string;
  /** What one learns from it, in one sentence. */
  about: string;
  /** The filters of its form, in their order. Programs may ask with any. */
  fields: (keyof ReportQuery)[];
  /** Of which categories a state may be chosen in its form; absent: of any. */
  states?: readonly StateCategory[];
  /** What it cannot be narrowed by, and refuses rather than telling more than was asked. */
  never?: (keyof ReportQuery)[];
  /** @throws Problem 422 when it cannot be answered at all; asked before somebody waits for a file */
  refuse?(em: EntityManager, asked: Asked): Promise<void> | void;
  /** What its page asks when nothing was chosen. @param today the organization's day */
  defaults(today: string): Partial<Record<keyof ReportQuery, string>>;
  answer(em: EntityManager, asked: Asked, slice: Slice): Promise<Answer>;
}

/** @throws Problem 422 for a filter that the report cannot be narrowed by */
export function refuseFilters({ never = [] }: Report, query: ReportQuery): void {
  for (const name of never)
    if (query[name] !== undefined) throw invalid(name, 'This report has no such filter.', 'unknown_field');
}

/** Rows that files read at a time. */
const CHUNK = 2000;

/**
 * @param chunk rows at a time
 * @returns the rows of the whole report, piece by piece, and what is said about it
 */
export async function wholeOf(
  report: Report,
  em: EntityManager,
  asked: Asked,
  chunk = CHUNK,
): Promise<Answer & { all: AsyncIterable<Row[]> }> {
  const first = await report.answer(em, asked, { skip: 0, take: chunk });
  async function* all(): AsyncGenerator<Row[]> {
    if (first.rest) {
      yield first.rows;
      return yield* first.rest();
    }
    let answer = first;
    for (let skip = chunk; ; skip += chunk) {
      yield answer.rows;
      if (skip >= answer.total) return;
      answer = await report.answer(em, asked, { skip, take: chunk });
    }
  }
  return { ...first, all: all() };
}
