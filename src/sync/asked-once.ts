import { type EntityManager } from '@mikro-orm/core';
import { read } from '../platform/database/read.js';
import { somebodyReacts } from '../platform/ledger/outbox.js';
import { reusedId, statesOf } from '../presence/index.js';
import { type Batch } from './delivery.js';
import { type ParsedEnvelope } from './envelope.js';
import { type Flag } from './wire.js';

type Operations = ParsedEnvelope['operations'];

/**
 * What is asked once for all operations of a batch, instead of by each in its transaction. What is told here of a single
 * operation holds only for its first attempt (receive-operation.ts).
 * @param author whose operations they are
 */
export async function askedOnce(
  em: EntityManager,
  { client_id, operations }: ParsedEnvelope,
  author: number,
): Promise<Pick<Batch, 'states' | 'untold' | 'unheard' | 'unmerged' | 'reusedSeqs'>> {
  return {
    states: await statesOf(em),
    untold: !(await somebodyReacts(em, 'presence.recorded')),
    unheard: await unheardOf(em, operations, author),
    unmerged: await unmergedOf(em, operations),
    reusedSeqs: await reusedSeqsOf(em, operations, client_id),
  };
}

/** @returns the ids of operations that have no receipt, neither for this content nor for another */
async function unheardOf(em: EntityManager, operations: Operations, author: number): Promise<Set<string>> {
  const ids = operations.flatMap(({ op_id, hash }) =>
    op_id === null ? [] : [{ op_id, other: reusedId(op_id, hash, author) }],
  );
  if (ids.length === 0) return new Set();
  const rows = await read<{ op_id: string }>(
    em,
    'select op_id from presence_operations where organization_id = :organization and op_id in (:ids)',
    { ids: ids.flatMap(({ op_id, other }) => [op_id, other]) },
  );
  const heard = new Set(rows.map(({ op_id }) => op_id));
  return new Set(ids.flatMap(({ op_id, other }) => (heard.has(op_id) || heard.has(other) ? [] : [op_id])));
}

/** @returns of the participants who are named by their numbers, those who are here and were merged into nobody */
async function unmergedOf(em: EntityManager, operations: Operations): Promise<Set<number>> {
  const ids = operations.flatMap((op) =>
    op.kind === 'presence' && typeof op.participant_id === 'number' ? [op.participant_id] : [],
  );
  if (ids.length === 0) return new Set();
  const rows = await read<{ id: number }>(
    em,
    'select id from participants where organization_id = :organization and id in (:ids) and merged_into_id is null',
    { ids },
  );
  return new Set(rows.map(({ id }) => Number(id)));
}

/** Numbers that two operations have: judged all the same, and flagged. */
async function reusedSeqsOf(em: EntityManager, operations: Operations, clientId: string): Promise<Map<string, Flag[]>> {
  const seqs = new Map<number, Set<string>>();
  for (const { seq, op_id } of operations)
    if (seq !== null && op_id !== null) seqs.set(seq, (seqs.get(seq) ?? new Set()).add(op_id));
  if (seqs.size === 0) return new Map();
  const known = await read<{ seq: number; op_id: string }>(
    em,
    `select seq, op_id from presence_operations
      where organization_id = :organization and client_id = :client and seq in (:seqs) and (code is null or code <> 'id_reuse')`,
    { client: clientId, seqs: [...seqs.keys()] },
  );
  for (const { seq, op_id } of known) seqs.get(Number(seq))!.add(op_id);
  const flags = new Map<string, Flag[]>();
  for (const ids of seqs.values()) if (ids.size > 1) for (const id of ids) flags.set(id, ['seq_reuse']);
  return flags;
}
