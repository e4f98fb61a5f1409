import { localOf } from '../../tenancy/index.js';
import { type SessionLine } from '../session-lines.query.js';

/** A quarter of an hour is one row of the grid. */
const SLOT_MINUTES = 15;
/** What the grid shows at least, in hours. */
const USUAL = { from: 8, to: 18 };

/** Where something stands in the column of its day: rows from 1 on, and side by side with what is at the same time. */
export interface Placed {
  from: number;
  to: number;
  lane: number;
  lanes: number;
}
export interface PlacedLine extends Placed {
  line: SessionLine;
}
/** So many more are at the same time; there is no room for them side by side. */
export interface More extends Placed {
  count: number;
}
/** The rows of the grid: first and last hour of the wall clock. */
export interface Hours {
  from: number;
  to: number;
}

interface Block {
  line: SessionLine;
  begins: number;
  ends: number;
}

/** Minutes of the wall clock. What ends on another day, or "earlier" because the clocks went back, ends with its day or after a slot. */
function blockOf(line: SessionLine, timeZone: string): Block {
  const [start, end] = [localOf(line.starts_at, timeZone), localOf(line.ends_at, timeZone)];
  const minutes = (local: string) => Number(local.slice(11, 13)) * 60 + Number(local.slice(14, 16));
  const begins = minutes(start);
  const ends = end.slice(0, 10) > start.slice(0, 10) ? 1440 : minutes(end);
  return { line, begins, ends: Math.max(ends, begins + SLOT_MINUTES) };
}

/** @returns the hours that all of these fit into */
export function hoursOf(lines: SessionLine[], timeZone: string): Hours {
  const blocks = lines.map((line) => blockOf(line, timeZone));
  return {
    from: Math.min(USUAL.from, ...blocks.map((each) => Math.floor(each.begins / 60))),
    to: Math.min(24, Math.max(USUAL.to, ...blocks.map((each) => Math.ceil(each.ends / 60)))),
  };
}

/** @returns the number of rows */
export const slotsOf = (hours: Hours): number => ((hours.to - hours.from) * 60) / SLOT_MINUTES;

/** @returns the row, with a fraction, of a moment of the wall clock; null outside of the hours */
export function rowOf(local: string, hours: Hours): number | null {
  const minutes = Number(local.slice(11, 13)) * 60 + Number(local.slice(14, 16)) - hours.from * 60;
  return minutes < 0 || minutes > (hours.to - hours.from) * 60 ? null : minutes / SLOT_MINUTES;
}

/**
 * Places the sessions of one day. What overlaps stands side by side; of more than `most` the last place tells how many
 * there are.
 */
export function placeDay(
  lines: SessionLine[],
  hours: Hours,
  timeZone: string,
  most: number,
): { placed: PlacedLine[]; more: More[] } {
  const blocks = lines.map((line) => blockOf(line, timeZone)).sort((a, b) => a.begins - b.begins);
  const placed: PlacedLine[] = [];
  const more: More[] = [];
  for (const cluster of clustersOf(blocks)) {
    const ends: number[] = [];
    const lanes = cluster.map((block) => {
      const free = ends.findIndex((end) => end <= block.begins);
      const lane = free < 0 ? ends.length : free;
      ends[lane] = block.ends;
      return lane;
    });
    const full = ends.length > most;
    const count = full ? most : ends.length;
    const hidden = cluster.filter((_, at) => full && lanes[at]! >= most - 1);
    cluster.forEach((block, at) => {
      if (!hidden.includes(block))
        placed.push({ line: block.line, lane: lanes[at]!, lanes: count, ...rowsOf(block, hours) });
    });
    if (hidden.length === 0) continue;
    const begins = Math.min(...hidden.map((block) => block.begins));
    const last = Math.max(...hidden.map((block) => block.ends));
    more.push({ count: hidden.length, lane: most - 1, lanes: most, ...rowsOf({ begins, ends: last }, hours) });
  }
  return { placed, more };
}

/** Groups of blocks that hang together by overlapping. */
function clustersOf(blocks: Block[]): Block[][] {
  const clusters: Block[][] = [];
  let end = -1;
  for (const block of blocks) {
    if (block.begins >= end) clusters.push([]);
    clusters.at(-1)!.push(block);
    end = Math.max(end, block.ends);
  }
  return clusters;
}

function rowsOf({ begins, ends }: { begins: number; ends: number }, hours: Hours): { from: number; to: number } {
  const row = (minutes: number) => (minutes - hours.from * 60) / SLOT_MINUTES + 1;
  return { from: Math.floor(row(begins)), to: Math.ceil(row(Math.min(ends, hours.to * 60))) };
}
