import { setImmediate } from 'node:timers/promises';
import { type Content, type ContentTable } from 'pdfmake/interfaces.js';
import { type CellKind, type Column, isShown, type ReportTable, type Row } from '../report-table.js';
import { type Look, said } from './look.js';
import { cellNode, type Nodes, PAPER } from './nodes.js';
import { type Values } from './values.js';

/** More is no document that anybody reads, and pdfmake holds all of it: CSV and workbooks have no end. */
export const MOST_CELLS = 100_000;

/** The sentence for a person stands in `words`; the rows that there are do not matter to it. */
export class TooLongForPdf extends Error {
  readonly words = {
    text: 'This report is too long for a PDF: choose a shorter period or fewer {participants}, or take CSV.',
  };
}

const PORTRAIT = 595.28;
const LANDSCAPE = 841.89;
export const MARGIN = 40;
/** Left and right within a cell, together. */
const PADDING = 8;
/** No column of words is squeezed under its longest word, unless that word is longer than this. */
const LONGEST_WORD = 96;
/** No column of words is wider than this while others must wrap. */
const WIDEST = 240;
/** The name column of a table that is cut into blocks. */
const WIDEST_NAME = 150;
/** A day or a figure is never broken. */
const WRAPS = new Set<CellKind>(['text']);
const FIGURES = new Set<CellKind>(['count', 'minutes', 'share']);

/** Points over and under the lines of a row. */
const AIR = 2;

export interface TableSetting {
  /** Points over and under the lines of a row; fewer bring more rows on a page. */
  air?: number;
  /** So many rows at the end begin a page, under a head of their own. */
  apart?: number;
}

export interface SetTable {
  landscape: boolean;
  content: Content[];
}

/**
 * A table of any length and width. Its columns are measured over all rows, before pdfmake sees them: pdfmake gets fixed
 * widths and finished lines. What is too wide for a page lying down is cut into blocks of columns, one after the other,
 * each with the name column again.
 */
export async function setTable(
  table: ReportTable,
  look: Look,
  values: Values,
  nodes: Nodes,
  signal?: AbortSignal,
  { air = AIR, apart = 0 }: TableSetting = {},
): Promise<SetTable> {
  const kept = table.columns.map((column, at) => ({ column, at })).filter(({ column }) => isShown(column));
  const columns = kept.map(({ column }) => column);
  const rows: string[][] = [];
  const written = (row: Row) => kept.map(({ column, at }) => values.cell(row[at] ?? null, column.kind));
  for await (const piece of table.rows) {
    signal?.throwIfAborted();
    for (const row of piece) rows.push(written(row));
    if (rows.length * columns.length > MOST_CELLS) throw new TooLongForPdf();
    // So that who wants to stop this can be heard.
    await setImmediate();
  }
  if (!rows.length)
    return { landscape: false, content: [nodes.text(look.words(NOTHING.text), { size: 10, margin: [0, 8, 0, 8] })] };
  const totals = table.totals ? written(table.totals) : null;
  const first = totals && columns.findIndex(({ kind }, at) => !FIGURES.has(kind) && totals[at] === '');
  if (totals && first !== null && first >= 0) totals[first] = look.words(TOTAL.text);

  const size = columns.length > 9 ? 7.5 : 8.5;
  const heads = columns.map((column) => said(look, column.head));
  const measures = columns.map((column, at) => measure(column, heads[at]!, rows, totals, at, size, nodes));
  const layout = layOut(columns, measures);
  const content: Content[] = [];
  for (const [part, block] of layout.blocks.entries()) {
    signal?.throwIfAborted();
    if (layout.blocks.length > 1)
      content.push(
        nodes.text(look.words(PART.text, { part: values.count(part + 1), parts: values.count(layout.blocks.length) }), {
          size: 8,
          color: PAPER.soft,
          margin: [0, 2, 0, 4],
          newPage: part > 0,
        }),
      );
    const parted = part + 1 === layout.blocks.length ? rows.length - apart : rows.length;
    const set = { columns, heads, size, air };
    const sums = block.at.some((at) => FIGURES.has(columns[at]!.kind)) ? totals : null;
    if (parted === rows.length) content.push(body(block, { ...set, rows, totals: sums }, nodes));
    else
      content.push(
        body(block, { ...set, rows: rows.slice(0, parted), totals: null }, nodes),
        { text: '', pageBreak: 'after' },
        body(block, { ...set, rows: rows.slice(parted), totals: sums }, nodes),
      );
    await setImmediate();
  }
  return { landscape: layout.landscape, content };
}

interface Measure {
  /** Under this a column cannot be read. */
  least: number;
  /** With this it reads well: nothing has to wrap but long notes. */
  best: number;
  /** With this nothing has to wrap. */
  full: number;
}

function measure(
  column: Column,
  head: string,
  rows: string[][],
  totals: string[] | null,
  at: number,
  size: number,
  { setter }: Nodes,
): Measure {
  const wraps = WRAPS.has(column.kind);
  let least = 0;
  let best = 0;
  const see = (text: string, bold: boolean, broken: boolean) => {
    for (const line of text.split('\n')) best = Math.max(best, broken ? 0 : setter.width(line, { size, bold }));
    if (broken || wraps)
      // As lines are broken: behind a hyphen, but never within a date.
      for (const word of text.split(/ |-(?!\d)/)) if (word) least = Math.max(least, setter.width(word, { size, bold }));
  };
  const seen = new Set<string>();
  for (const row of rows) {
    const text = row[at]!;
    if (text === '' || seen.has(text)) continue;
    if (seen.size < 5_000) seen.add(text);
    see(text, false, false);
  }
  if (totals?.[at]) see(totals[at], true, false);
  see(head, true, true);
  least = Math.min(least, LONGEST_WORD);
  if (!wraps) least = Math.max(least, best);
  // A hair more than measured: pdfmake adds the pieces of a line up in its own order.
  const around = PADDING + 1;
  return {
    least: least + around,
    best: Math.max(least, Math.min(best, WIDEST)) + around,
    // A sign needs no room for a long head: it wraps.
    full: Math.max(least, best, column.kind === 'state' ? 0 : setter.width(head, { size, bold: true })) + around,
  };
}

interface Block {
  at: number[];
  widths: number[];
  /** What the page has for it. */
  room: number;
}

function layOut(columns: Column[], measures: Measure[]): { landscape: boolean; blocks: Block[] } {
  const all = columns.map((_, at) => at);
  const sum = (of: number[], which: keyof Measure) => of.reduce((total, at) => total + measures[at]![which], 0);
  const room = (width: number) => width - 2 * MARGIN;
  const blockOf = (at: number[], wide: number): Block => ({ at, widths: fit(at, measures, wide), room: wide });
  const upright = sum(all, 'least') <= room(PORTRAIT) && sum(all, 'best') <= room(PORTRAIT) * 1.35;
  if (upright) return { landscape: false, blocks: [blockOf(all, room(PORTRAIT))] };
  const wide = room(LANDSCAPE);
  if (sum(all, 'least') <= wide) return { landscape: true, blocks: [blockOf(all, wide)] };
  const name = Math.max(
    0,
    columns.findIndex(({ kind }) => kind === 'text'),
  );
  const repeated = all.slice(0, name + 1);
  // What is read on every page does not wrap.
  measures[name] = { ...measures[name]!, least: Math.min(measures[name]!.best, WIDEST_NAME) };
  const blocks: Block[] = [];
  let block: number[] = [];
  const close = () => {
    blocks.push(blockOf([...repeated, ...block], wide));
    block = [];
  };
  for (const at of all.slice(name + 1)) {
    if (block.length && sum([...repeated, ...block, at], 'least') > wide) close();
    block.push(at);
  }
  close();
  return { landscape: true, blocks };
}

/**
 * What is over the least goes to all alike until one has enough, first up to what reads well, then up to what wraps
 * nothing: names stay on one line, and long notes wrap. A table of few columns is not drawn over the whole page: the eye
 * would lose the row.
 */
function fit(at: number[], measures: Measure[], room: number): number[] {
  const of = (which: keyof Measure) => at.map((one) => measures[one]![which]);
  return grown(grown(of('least'), of('best'), room), of('full'), room);
}

function grown(widths: number[], goals: number[], room: number): number[] {
  const grew = [...widths];
  let left = room - widths.reduce((total, one) => total + one, 0);
  // Smallest want first: what it does not use is there for the others.
  const order = grew.map((_, index) => index).sort((a, b) => goals[a]! - grew[a]! - (goals[b]! - grew[b]!));
  for (const [done, index] of order.entries()) {
    const more = Math.max(0, Math.min(goals[index]! - grew[index]!, left / (order.length - done)));
    grew[index]! += more;
    left -= more;
  }
  return grew;
}

function body(
  block: Block,
  {
    columns,
    heads,
    rows,
    totals,
    size,
    air,
  }: { columns: Column[]; heads: string[]; rows: string[][]; totals: string[] | null; size: number; air: number },
  nodes: Nodes,
): ContentTable {
  const { setter, rightToLeft } = nodes;
  // Where reading begins at the right, the first column stands there.
  const order = rightToLeft
    ? block.at.map((_, index) => block.at.length - 1 - index)
    : block.at.map((_, index) => index);
  const styles = block.at.map((at, index) => ({
    size,
    width: block.widths[index]! - PADDING,
    side: FIGURES.has(columns[at]!.kind) ? ('end' as const) : ('start' as const),
  }));
  const cells = (texts: string[], bold: boolean): Content[] =>
    order.map((index) => {
      const style = bold ? { ...styles[index]!, bold } : styles[index]!;
      const text = texts[block.at[index]!]!;
      return text === '' ? '' : cellNode(setter.lines(text, style), style, rightToLeft);
    });
  return {
    table: {
      headerRows: 1,
      dontBreakRows: true,
      keepWithHeaderRows: 1,
      widths: order.map((index) => block.widths[index]! - PADDING),
      body: [cells(heads, true), ...rows.map((row) => cells(row, false)), ...(totals ? [cells(totals, true)] : [])],
    },
    layout: tableLook(totals ? rows.length + 1 : null, air),
    fontSize: size,
    // pdfmake begins every table at the left.
    ...(rightToLeft && { margin: [block.room - block.widths.reduce((sum, one) => sum + one, 0), 0, 0, 0] }),
  } as ContentTable;
}

/** Hairlines between rows, a shade behind the head, a stronger line over the sums. */
const tableLook = (totalsAt: number | null, air: number) => ({
  hLineWidth: (line: number) => (line === 1 || line === totalsAt ? 0.9 : line === 0 ? 0 : 0.4),
  vLineWidth: () => 0,
  hLineColor: (line: number) => (line === 1 || line === totalsAt ? PAPER.soft : PAPER.line),
  paddingLeft: () => PADDING / 2,
  paddingRight: () => PADDING / 2,
  paddingTop: () => air,
  paddingBottom: () => air,
  fillColor: (row: number) => (row === 0 ? PAPER.shade : null),
});

const NOTHING = { text: 'There is nothing here.' };
const TOTAL = { text: 'Total' };
const PART = { text: 'Part {part} of {parts}' };
