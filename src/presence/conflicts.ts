import { type EntityManager } from '@mikro-orm/core';
import { clock } from '../platform/clock.js';
import { current, currentUser } from '../platform/current.js';
import { instant, read } from '../platform/database/read.js';
import { updateRows } from '../platform/ledger/audited-rows.js';
import { type Act, type Kept } from './kept.js';
import { type Mark } from './mark.js';
import { PresenceOperation, type Settlement } from './presence-operation.entity.js';
import { type RecordJson } from './record-json.js';
import { SyncConflict, type Suggestion } from './sync-conflict.entity.js';

/** Two times that lie closer together say nothing about which came first. */
const UNCERTAIN_MS = 120_000;

/** An operation that contradicts a cell and waits for a person. */
export interface Candidate {
  id: number;
  opId: string;
  state: string | null;
  author: number;
  /** The author's claim, as it was sent. */
  body: { note?: string | null; arrived_at?: string | null; left_at?: string | null; recorded_at: string };
  recordedAt: Date;
}

export interface OpenConflict {
  conflict: SyncConflict;
  candidates: Candidate[];
}

/**
 * The open conflicts of these cells with their open candidates. The cells are locked already, and whoever opens, joins or
 * closes a conflict locks its cell first: so nothing here changes before the commit.
 */
export async function openConflictsOf(
  tx: EntityManager,
  session: number,
  participants: number[],
): Promise<Map<number, OpenConflict>> {
  const open = new Map<number, OpenConflict>();
  if (participants.length === 0) return open;
  const conflicts = await tx.find(SyncConflict, { session, participant: { $in: participants }, isOpen: true });
  if (conflicts.length === 0) return open;
  const byId = new Map(conflicts.map((conflict) => [conflict.id, { conflict, candidates: [] as Candidate[] }]));
  const rows = await read<{
    id: number;
    op_id: string;
    author_id: number;
    conflict_id: number;
    body: string;
    recorded_at: number | string;
  }>(
    tx,
    `select id, op_id, author_id, conflict_id, body, recorded_at from presence_operations
      where organization_id = :organization and conflict_id in (:conflicts) and outcome = 'conflict' and settlement is null
      order by id`,
    { conflicts: [...byId.keys()] },
  );
  for (const row of rows) {
    const body = JSON.parse(row.body) as Candidate['body'] & { presence_state: string | null };
    byId.get(Number(row.conflict_id))!.candidates.push({
      id: Number(row.id),
      opId: row.op_id,
      state: body.presence_state ?? null,
      author: Number(row.author_id),
      body,
      recordedAt: instant(row.recorded_at),
    });
  }
  for (const each of byId.values()) open.set(each.conflict.participant, each);
  return open;
}

/** Says how candidates (or parked operations) ended. The audit tells of it. */
export async function settle(
  tx: EntityManager,
  receipts: number[],
  settlement: Settlement,
  reason: string | null = null,
): Promise<void> {
  const now = clock.now();
  await updateRows(
    tx,
    PresenceOperation,
    receipts.map((id) => ({
      id,
      before: { settlement: null, settledBy: null, settledAt: null, settledReason: null },
      after: { settlement, settledBy: current().userId, settledAt: now, settledReason: reason },
    })),
    { audited: true },
  );
}

/**
 * A disputed cell takes a mark: candidates of the same state have got what they asked for. The conflict closes by itself
 * when none is left that differs.
 * @returns whether the cell is still disputed
 */
export async function settleEqual(
  tx: EntityManager,
  { conflict, candidates }: OpenConflict,
  state: string | null,
): Promise<boolean> {
  const equal = candidates.filter((candidate) => candidate.state === state);
  await settle(
    tx,
    equal.map(({ id }) => id),
    'merged',
  );
  const left = candidates.length - equal.length;
  if (left === 0) close(conflict, 'settled');
  // Whoever is looking at the desk has not seen this mark: his resolution meets another revision.
  conflict.revision++;
  await tx.flush();
  return left > 0;
}

/** Takes one candidate out (a later one of the same device says more, or its author withdraws it). @returns whether others are left */
export async function takeOut(
  tx: EntityManager,
  { conflict, candidates }: OpenConflict,
  candidate: number,
  settlement: 'superseded' | 'withdrawn',
): Promise<boolean> {
  await settle(tx, [candidate], settlement);
  const left = candidates.filter(({ id }) => id !== candidate);
  if (left.length === 0) close(conflict, 'settled');
  conflict.revision++;
  await tx.flush();
  return left.length > 0;
}

/** Ends a conflict; the caller flushes. */
export function close(conflict: SyncConflict, resolution: NonNullable<SyncConflict['resolution']>): void {
  conflict.status = 'resolved';
  conflict.isOpen = null;
  conflict.resolution = resolution;
  conflict.resolvedAt = clock.now();
  conflict.resolvedBy = resolution === 'settled' ? null : currentUser();
}

/**
 * An operation contradicts the mark in force: it joins the open conflict of the cell, or opens one.
 * @param incumbent the mark in force as it stands
 * @returns the conflict's id
 */
export async function addCandidate(
  tx: EntityManager,
  act: Act,
  { mark }: Kept,
  incumbent: RecordJson | null,
  open: OpenConflict | undefined,
): Promise<number> {
  const suggestion = await suggest(tx, act, mark, incumbent);
  const versionBData = JSON.stringify({
    op_id: mark.opId,
    presence_state: mark.state ?? null,
    note: mark.note ?? null,
    recorded_at: mark.recordedAt?.toISOString() ?? null,
    corrected_at: mark.captured?.correctedAt.toISOString() ?? null,
    author: act.author,
  });
  if (open?.conflict.isOpen) {
    open.conflict.versionBData = versionBData;
    open.conflict.suggestion = suggestion;
    open.conflict.revision++;
    await tx.flush();
    return open.conflict.id;
  }
  const conflict = tx.create(SyncConflict, {
    session: act.session.id,
    participant: mark.participant,
    status: 'open',
    isOpen: true,
    revision: 1,
    suggestion,
    versionAData: JSON.stringify(incumbent),
    versionBData,
  });
  await tx.flush();
  return conflict.id;
}

/** 5-7: what the times say. They are evidence for the person who decides, and decide nothing. */
async function suggest(tx: EntityManager, act: Act, mark: Mark, incumbent: RecordJson | null): Promise<Suggestion> {
  const { captured } = mark;
  if (!incumbent || !captured?.clockTrusted) return 'ask';
  const [row] = await read<{ corrected_at: number | string; flags: string | null }>(
    tx,
    'select corrected_at, flags from presence_operations where organization_id = :organization and op_id = :op',
    { op: incumbent.op_id },
  );
  if (row?.flags?.includes('clock_')) return 'ask';
  const theirs = row ? instant(row.corrected_at).getTime() : Date.parse(incumbent.recorded_at);
  const mine = captured.correctedAt.getTime();
  if (Math.abs(theirs - mine) <= UNCERTAIN_MS) return 'ask';
  return theirs > mine ? 'server' : 'device';
}
