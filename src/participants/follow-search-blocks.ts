import { type EntityManager } from '@mikro-orm/core';
import { lockingRows, read } from '../platform/database/read.js';
import { insertRows, updateRows } from '../platform/ledger/audited-rows.js';
import { type Change, whenRecorded } from '../platform/ledger/ledger.js';
import { fold } from '../platform/text.js';
import { PEOPLE_IN_BLOCK, SearchBlock } from './search-block.entity.js';

/** The columns of participants that a block repeats. */
const REPEATED = ['first_name', 'last_name', 'identifier', 'is_active', 'merged_into_id'];

/** 128 lines of so many bytes fit into the smallest column that both databases call a blob. */
const LONGEST_LINE = 500;
/** Blocks of one statement. */
const AT_ONCE = 40;

// Every change of a participant, by whatever door, renews the block that he stands in.
whenRecorded('participants', async (tx, changes) => {
  const seen = (change: Change) => change.action !== 'update' || REPEATED.some((column) => column in change.after!);
  const blocks = changes.filter(seen).map(({ recordId }) => Math.floor(recordId / PEOPLE_IN_BLOCK));
  const sorted = [...new Set(blocks)].sort((a, b) => a - b);
  for (let at = 0; at < sorted.length; at += AT_ONCE) await renew(tx, sorted.slice(at, at + AT_ONCE));
});

/**
 * Writes blocks anew from the participants. The block is locked before its people are read, so two writers of one block
 * come after each other, and the second sees what the first one did.
 */
async function renew(tx: EntityManager, blocks: number[]): Promise<void> {
  const rows = await read<{ id: number; block: number }>(
    tx,
    `select b.id, b.block from participant_search_blocks b
      where b.organization_id = :organization and b.block in (:blocks) order by b.block ${lockingRows(tx, 'b')}`,
    { blocks },
  );
  const known = new Map(rows.map((row) => [Number(row.block), Number(row.id)]));
  const missing = blocks.filter((block) => !known.has(block));
  const empty = Buffer.alloc(0);
  const made = await insertRows(
    tx,
    SearchBlock,
    missing.map((block) => ({ block, content: empty })),
  );
  missing.forEach((block, at) => known.set(block, made[at]!));
  const lines = new Map(blocks.map((block) => [block, [] as Buffer[]]));
  for (const [from, to] of runsOf(blocks))
    for (const row of await peopleOf(tx, from * PEOPLE_IN_BLOCK, (to + 1) * PEOPLE_IN_BLOCK))
      lines.get(Math.floor(Number(row.id) / PEOPLE_IN_BLOCK))!.push(lineOf(row));
  await updateRows(
    tx,
    SearchBlock,
    blocks.map((block) => ({
      id: known.get(block)!,
      before: {},
      after: { content: Buffer.concat(lines.get(block)!) },
    })),
  );
}

interface Row {
  id: number;
  is_active: number | boolean;
  sort_name: string;
  identifier: string | null;
}

/** A record that was merged into another one is found by nobody: its survivor is. */
const peopleOf = (tx: EntityManager, from: number, to: number): Promise<Row[]> =>
  read<Row>(
    tx,
    `select p.id, p.is_active, p.sort_name, p.identifier from participants p
      where p.organization_id = :organization and p.id >= :from and p.id < :to and p.merged_into_id is null
      order by p.id`,
    { from, to },
  );

function lineOf({ id, is_active, sort_name, identifier }: Row): Buffer {
  const folded = identifier === null ? '' : fold(identifier);
  const line = Buffer.from(`${id}\t${is_active ? 1 : 0}\t${sort_name}\t${folded}\n`);
  if (line.length <= LONGEST_LINE) return line;
  // A name of hundreds of letters is found by its beginning.
  const short = line.subarray(0, LONGEST_LINE - 1);
  return Buffer.concat([short, Buffer.from('\n')]);
}

/** @returns the blocks that follow each other, as first and last */
function runsOf(sorted: number[]): [number, number][] {
  const runs: [number, number][] = [];
  for (const block of sorted) {
    const last = runs.at(-1);
    if (last && last[1] === block - 1) last[1] = block;
    else runs.push([block, block]);
  }
  return runs;
}
