import { type EntityManager } from '@mikro-orm/core';
import { instant, read } from '../platform/database/read.js';
import { insertRows, type RowValues, updateRows } from '../platform/ledger/audited-rows.js';
import { uuidV5 } from '../platform/text.js';
import { type Act, type Kept, type Replaced } from './kept.js';
import { type Base, type Code } from './judge-operation.js';
import { bodyOf, type Mark } from './mark.js';
import { PresenceOperation, type Settlement } from './presence-operation.entity.js';
import { type RecordJson, type RecordRow } from './record-json.js';

/** What was kept of an operation that came before. */
export interface Receipt {
  id: number;
  hash: string;
  answer: RecordJson | null;
  created: boolean;
  outcome: PresenceOperation['outcome'];
  code: Code | null;
  revision: number | null;
  conflict: number | null;
  session: number | null;
  participant: number | null;
  kind: string;
  author: number;
  settlement: Settlement | null;
  body: string;
  flags: string | null;
}

/** @returns the receipts of these operations, by op_id */
export async function receiptsOf(tx: EntityManager, opIds: string[]): Promise<Map<string, Receipt>> {
  const receipts = new Map<string, Receipt>();
  for (let at = 0; at < opIds.length; at += 1000) {
    const rows = await read<{
      id: number;
      op_id: string;
      hash: string;
      answer: string | null;
      outcome: PresenceOperation['outcome'];
      code: Code | null;
      revision: number | null;
      conflict_id: number | null;
      session_id: number | null;
      participant_id: number | null;
      kind: string;
      author_id: number;
      settlement: Settlement | null;
      body: string;
      flags: string | null;
    }>(
      tx,
      `select id, op_id, hash, answer, outcome, code, revision, conflict_id, session_id, participant_id, kind, author_id, settlement, body, flags
         from presence_operations where organization_id = :organization and op_id in (:ops)`,
      { ops: opIds.slice(at, at + 1000) },
    );
    for (const row of rows)
      receipts.set(row.op_id, {
        id: Number(row.id),
        hash: row.hash,
        answer: row.answer === null ? null : (JSON.parse(row.answer) as RecordJson),
        created: row.outcome === 'applied' && row.revision === 1,
        outcome: row.outcome,
        code: row.code,
        revision: row.revision,
        conflict: row.conflict_id === null ? null : Number(row.conflict_id),
        session: row.session_id === null ? null : Number(row.session_id),
        participant: row.participant_id === null ? null : Number(row.participant_id),
        kind: row.kind,
        author: Number(row.author_id),
        settlement: row.settlement,
        body: row.body,
        flags: row.flags,
      });
  }
  return receipts;
}

/** A chain of operations that were all discarded is followed so far; nobody marks one person more often offline. */
const LONGEST_CHAIN = 100;

/**
 * What an operation is based on. A base that was discarded counts as never made: its own base is asked then.
 * @returns the judge's word for it, and the candidate that a later operation of the same device replaces
 */
export async function baseOf(
  tx: EntityManager,
  session: number,
  author: number,
  { base, participant, captured }: Mark,
): Promise<{ base: Base; candidate: { id: number; conflict: number } | null }> {
  let asked: Mark['base'] = base;
  for (let step = 0; step < LONGEST_CHAIN; step++) {
    if (asked === null) return { base: { kind: 'any' }, candidate: null };
    // The number is one of the cell of whom he was merged into this one: of this cell nobody has seen anything.
    if (typeof asked === 'number' && asked > 0 && captured?.redirectedFrom)
      return { base: { kind: 'concurrent' }, candidate: null };
    if (typeof asked === 'number') return { base: { kind: 'revision', revision: asked }, candidate: null };
    const receipt = (await receiptsOf(tx, [asked.op])).get(asked.op);
    // What was refused for good never comes; a person may adopt what stood on it.
    if (!receipt) return { base: { kind: 'missing' }, candidate: null };
    if (receipt.outcome === 'rejected') return { base: { kind: 'missing', never: true }, candidate: null };
    // An operation on another cell is no base of this one; that of whom was merged into this one says nothing about it.
    const merged = receipt.participant !== participant && receipt.participant === captured?.redirectedFrom;
    if ((receipt.participant !== participant && !merged) || receipt.session !== session)
      return { base: { kind: 'missing', never: true }, candidate: null };
    if (merged && receipt.outcome !== 'parked') return { base: { kind: 'concurrent' }, candidate: null };
    if (receipt.outcome === 'conflict') {
      // Only who made a candidate can put a later one in its place.
      const open = receipt.settlement === null && receipt.conflict !== null && receipt.author === author;
      return {
        base: { kind: 'concurrent' },
        candidate: open ? { id: receipt.id, conflict: receipt.conflict! } : null,
      };
    }
    if (receipt.outcome !== 'parked')
      return { base: { kind: 'revision', revision: receipt.revision ?? 0 }, candidate: null };
    if (receipt.settlement !== 'discarded')
      return { base: { kind: 'parked', code: receipt.code ?? 'missing_base' }, candidate: null };
    const earlier = (JSON.parse(receipt.body) as { base?: { revision?: number; op?: string } }).base;
    asked = earlier?.op ? { op: earlier.op } : (earlier?.revision ?? 0);
  }
  return { base: { kind: 'concurrent' }, candidate: null };
}

/**
 * After a restore revision numbers are given out again: whoever captured his mark before it cannot have seen one that was
 * captured after it by somebody else, even if its number is the one that he saw.
 */
export async function sinceRestored(
  tx: EntityManager,
  { restoredAt }: Act,
  { captured }: Mark,
  base: Base,
  row: RecordRow | null,
): Promise<Base> {
  if (!restoredAt || !captured || !row || base.kind !== 'revision' || base.revision !== row.revision) return base;
  if (captured.correctedAt >= restoredAt) return base;
  const [inForce] = await read<{ client_id: string | null; corrected_at: number | string }>(
    tx,
    'select client_id, corrected_at from presence_operations where organization_id = :organization and op_id = :op',
    { op: row.op_id },
  );
  const isUnseen = !!inForce && inForce.client_id !== captured.clientId && instant(inForce.corrected_at) >= restoredAt;
  return isUnseen ? { kind: 'concurrent' } : base;
}

/** The second content of an op_id, or the same from somebody else, has an id of its own, so that all bodies are kept. */
export const reusedId = (opId: string, hash: string, author: number): string => uuidV5(opId, `${author} ${hash}`);

/**
 * After a restore the numbers of sessions and people are given out again too: who was captured before it cannot be one
 * who was made after it.
 */
export function isAnother(
  { restoredAt, session }: Act,
  { captured }: Mark,
  person: { createdAt: Date } | undefined,
): boolean {
  if (!restoredAt || !captured?.clockTrusted || captured.correctedAt >= restoredAt) return false;
  return session.createdAt > restoredAt || (captured.byNumber && !!person && person.createdAt > restoredAt);
}

/** Whether what came before is the same operation: an id may be known to others, and nobody answers for their marks. */
export const isSame = (receipt: Receipt, hash: string, author: number): boolean =>
  receipt.hash === hash && receipt.author === author;

/** A device cannot give a reason: for it a register that asks one is locked. */
const keptCode = (code: Code, captured: boolean): Code =>
  captured && code === 'reason_required' ? 'session_locked' : code;

/** What one operation leaves in the receipts; `act` says how it came. */
export function receiptRow(act: Act, { mark, judgement, record, conflict }: Kept, now: Date) {
  const captured = mark.captured;
  const { body, hash } = captured ?? bodyOf(act.session.id, mark);
  const rejected = judgement.outcome === 'rejected';
  // Nobody is named who was not meant.
  const unnamed = rejected || ('code' in judgement && judgement.code === 'restored');
  const flags = [...(captured?.flags ?? []), ...(act.flags ? [act.flags] : [])];
  if ('late' in judgement && judgement.late) flags.push('late_arrival');
  if ('behind' in judgement && judgement.behind) flags.push('server_behind');
  const waits = 'waits' in judgement && judgement.waits && typeof mark.base === 'object' ? mark.base : null;
  return {
    opId: mark.opId,
    hash,
    // Of what is rejected nothing personal is kept: its id, its number and the code.
    session: unnamed ? null : act.session.id,
    participant: unnamed ? null : mark.participant,
    author: act.author.id,
    kind: 'presence',
    body: rejected ? '' : body,
    outcome: judgement.outcome as PresenceOperation['outcome'],
    code: 'code' in judgement ? keptCode(judgement.code, !!captured) : null,
    flags: flags.length > 0 ? flags.join(' ') : null,
    revision: judgement.outcome === 'parked' || rejected ? null : (record?.revision ?? 0),
    answer: record && !rejected && judgement.outcome !== 'parked' ? JSON.stringify(record) : null,
    source: act.source,
    clientId: captured?.clientId ?? null,
    seq: captured?.seq ?? null,
    conflict: conflict ?? null,
    waitsFor: waits?.op ?? null,
    redirectedFrom: unnamed ? null : (captured?.redirectedFrom ?? null),
    batchId: captured ? captured.actId : act.batchId,
    delivery: act.delivery ?? null,
    recordedAt: mark.recordedAt ?? now,
    correctedAt: captured?.correctedAt ?? now,
    receivedAt: now,
  } satisfies RowValues<PresenceOperation>;
}

/**
 * Keeps what became of operations. The cell of an applied one has its audit row; of a device's others the receipt has
 * it, so that every operation of a device stands in the audit once. (At the other doors nothing else is kept but marks
 * that say what the cell says already, and those are no change.)
 */
export async function keepReceipts(
  tx: EntityManager,
  rows: (RowValues<PresenceOperation> & { outcome: string; opId: string })[],
): Promise<void> {
  // A person's own row does not know the operation that added him.
  const told = rows.filter((row) => row.clientId && (row.outcome !== 'applied' || row.kind === 'participant'));
  await insertRows(
    tx,
    PresenceOperation,
    rows.filter((row) => !told.includes(row)),
  );
  await insertRows(tx, PresenceOperation, told, { audited: true, opIds: told.map((row) => row.opId) });
}

/** Changes the receipt of a parked operation to what became of it now. */
export async function replaceReceipt(
  tx: EntityManager,
  { receipt, settlement, adopter, reason }: Replaced,
  row: ReturnType<typeof receiptRow>,
): Promise<void> {
  // An open candidate is not settled yet, and what is parked again still waits.
  const ends = row.outcome !== 'conflict' && row.outcome !== 'parked';
  const after: RowValues<PresenceOperation> = {
    outcome: row.outcome,
    code: row.code,
    flags: row.flags,
    revision: row.revision,
    answer: row.answer,
    conflict: row.conflict,
    participant: row.participant,
    session: row.session,
    // Of what is rejected nothing personal is kept, now either.
    ...(row.outcome === 'rejected' ? { body: '' } : {}),
    waitsFor: ends ? null : row.waitsFor,
    adoptedBy: adopter,
    settlement: ends ? settlement : null,
    settledBy: ends ? adopter : null,
    settledAt: ends ? row.receivedAt : null,
    settledReason: ends ? reason : null,
  };
  const before = Object.fromEntries(
    Object.keys(after).map((name) => [name, receipt[name as keyof PresenceOperation]]),
  ) as RowValues<PresenceOperation>;
  await updateRows(tx, PresenceOperation, [{ id: receipt.id, before, after }], { audited: true });
}
