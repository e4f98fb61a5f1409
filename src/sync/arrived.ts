import { type EntityManager } from '@mikro-orm/core';
import { findLocked } from '../platform/database/locked.js';
import { read } from '../platform/database/read.js';
import { SyncClient } from './sync-client.entity.js';

/** A gap is told with so many numbers; the rest is counted. */
const TOLD = 1000;
/** So many receipts beyond the gap are looked at. */
const LOOKED_AT = 20_000;

/**
 * The gap proof: what this client has given out and what has arrived. Notes both on the client's row.
 * @param maxSeq the highest number that the device says it has given out
 * @returns every number up to `receivedUpTo` has arrived; `missing` above it has not
 */
export async function arrived(
  tx: EntityManager,
  client: number,
  maxSeq: number,
  now: Date,
): Promise<{ receivedUpTo: number; missing: number[] }> {
  const row = await findLocked(tx, SyncClient, client);
  await tx.refresh(row);
  const seqs = await seqsAbove(tx, row.clientId, row.receivedUpTo);
  let receivedUpTo = row.receivedUpTo;
  let at = 0;
  while (seqs[at] === receivedUpTo + 1) {
    receivedUpTo++;
    at++;
  }
  row.maxSeq = Math.max(row.maxSeq, maxSeq, seqs.at(-1) ?? 0);
  row.receivedUpTo = receivedUpTo;
  row.lastSyncAt = now;
  row.lastSeenAt = now;
  await tx.flush();
  const beyond = new Set(seqs.slice(at));
  const missing: number[] = [];
  // Beyond what was looked at nobody knows.
  const known = seqs.length < LOOKED_AT ? row.maxSeq : seqs.at(-1)!;
  for (let seq = receivedUpTo + 1; seq <= known && missing.length < TOLD; seq++)
    if (!beyond.has(seq)) missing.push(seq);
  return { receivedUpTo, missing };
}

/** @returns the numbers above `from` that have arrived, in their order, each once */
async function seqsAbove(em: EntityManager, clientId: string, from: number): Promise<number[]> {
  const rows = await read<{ seq: number }>(
    em,
    `select distinct seq from presence_operations
      where organization_id = :organization and client_id = :client and seq > :from order by seq limit ${LOOKED_AT}`,
    { client: clientId, from },
  );
  return rows.map(({ seq }) => Number(seq));
}
