import { type EntityManager } from '@mikro-orm/core';
import { clock } from '../platform/clock.js';
import { current } from '../platform/current.js';
import { transact } from '../platform/database/transaction.js';
import {
  actOf,
  isSame,
  keepMarks,
  keepReceipts,
  type Mark,
  type Receipt,
  receiptsOf,
  reusedId,
} from '../presence/index.js';
import { Problem } from '../platform/http/problem.js';
import { type Batch, type Delivery } from './delivery.js';
import { deviceTime, outOfWindow } from './device-clock.js';
import { type ParsedOp, type ParsedPresence, type Unreadable } from './envelope.js';
import { enrolByOperation } from './enrol-by-operation.js';
import { everSaw } from './ever-saw.js';
import { duplicateOf, resultOf } from './op-result.js';
import { personOf } from './person-of.js';
import { type Flag, type OpResult, type SyncCode } from './wire.js';

/**
 * One operation of a device, in a transaction of its own: receipt, rights, compare-and-set on the cell, conflict, audit
 * row, commit. The same operation again answers what became of it the first time.
 * @throws what transact() throws when other writers came first too often: nothing was stored, it may come again
 */
export async function receiveOperation(
  em: EntityManager,
  op: ParsedOp | Unreadable,
  delivery: Batch,
): Promise<OpResult> {
  const source = current();
  source.source = 'sync';
  source.sourceDevice = delivery.clientId;
  const fact = op.kind === 'participant' ? 'participant.enrolled' : 'presence.recorded';
  if (op.op_id === null) return unstored('', 'invalid');
  const opId = op.op_id;
  const author = delivery.author.id;
  const otherId = reusedId(opId, op.hash, author);
  // What was asked for the whole batch holds, or this one clashes with whoever changed it; then it looks itself.
  let isNew = delivery.unheard.delete(opId);
  return transact(em, fact, async (tx) => {
    const first = isNew;
    isNew = false;
    const known = first ? new Map<string, Receipt>() : await receiptsOf(tx, [opId, otherId]);
    // What came a second time with other content, or from somebody else, has a receipt of its own: all bodies are kept.
    const receipt = known.get(otherId) ?? known.get(opId);
    if (receipt && isSame(receipt, op.hash, author)) return duplicateOf(tx, opId, receipt, delivery.by);
    if (receipt) return plain(tx, { ...op, op_id: otherId }, delivery, 'parked', 'id_reuse', opId);
    if (op.kind === 'unreadable') return plain(tx, op, delivery, 'rejected', 'invalid');
    if (op.kind === 'participant') return enrolByOperation(tx, op, delivery);
    return receivePresence(tx, op, delivery, first);
  });
}

async function receivePresence(
  tx: EntityManager,
  op: ParsedPresence & ParsedOp,
  delivery: Batch,
  isNew: boolean,
): Promise<OpResult> {
  const { author, by, onBehalf } = delivery;
  // No operation makes a session yet: one that stands on such a one waits for it.
  if (typeof op.session_id !== 'number')
    return plain(tx, op, delivery, 'parked', 'missing_base', op.op_id, op.session_id.op);
  const session = op.session_id;
  const { states } = delivery;
  const act = await actOf(tx, session, by, { keepsEverything: true, states }).catch((error: unknown) => {
    if (error instanceof Problem) return null;
    throw error;
  });
  if (!act || (!act.mayRecord && !(await everSaw(tx, by, act.session.group))))
    return plain(tx, op, delivery, 'rejected', 'unknown_target');
  const person = await personOf(tx, op.participant_id, author.id, isNew ? delivery.unmerged : undefined);
  if (person.kind === 'unknown') return plain(tx, op, delivery, 'rejected', 'unknown_target');
  if (person.kind === 'missing') {
    const code = onBehalf ? 'foreign_author' : act.mayRecord ? 'missing_base' : 'not_authorized';
    return plain(tx, op, delivery, 'parked', code, op.op_id, person.op);
  }
  act.author = author;
  act.foreign = onBehalf;
  act.isNew = isNew;
  act.untold = delivery.untold;
  act.delivery = delivery.id;
  act.restoredAt = delivery.restoredAt;
  const time = deviceTime(op.recorded_at, delivery.sentAt, delivery.receivedAt);
  const flags = [...time.flags, ...(delivery.reusedSeqs.get(op.op_id) ?? [])];
  if (outOfWindow(time.correctedAt, act.session)) flags.push('out_of_window');
  if (person.redirectedFrom) flags.push('redirected');
  const mark: Mark = markOf(op, person.id, {
    clientId: delivery.clientId,
    seq: op.seq,
    correctedAt: time.correctedAt,
    clockTrusted: time.trusted,
    flags,
    redirectedFrom: person.redirectedFrom,
  });
  const [kept] = await keepMarks(tx, act, [mark]);
  // It came over another connection meanwhile: whoever waited for the cell's lock sees the receipt behind it.
  if (kept!.judgement.outcome === 'duplicate')
    return duplicateOf(tx, op.op_id, (await receiptsOf(tx, [op.op_id])).get(op.op_id)!, by);
  return resultOf(tx, kept!, flags);
}

/** The mark that an operation asks for. */
export function markOf(
  op: ParsedPresence & { body: string; hash: string },
  participant: number,
  captured: Omit<NonNullable<Mark['captured']>, 'body' | 'hash' | 'actId' | 'byNumber'>,
): Mark {
  const { base, note } = op;
  return {
    opId: op.op_id,
    participant,
    state: op.presence_state,
    base: 'op' in base ? { op: base.op } : base.revision,
    // Nothing said leaves the note as it is; an empty one takes it away.
    note: note === undefined || note === null ? undefined : note === '' ? null : note,
    arrivedAt: op.arrived_at ?? undefined,
    leftAt: op.left_at ?? undefined,
    recordedAt: op.recorded_at,
    captured: {
      ...captured,
      body: op.body,
      hash: op.hash,
      actId: op.act_id ?? null,
      byNumber: typeof op.participant_id === 'number',
    },
  };
}

/** Keeps that an operation says something that cannot be. */
export function rejectOperation(em: EntityManager, op: ParsedOp | Unreadable, delivery: Delivery): Promise<OpResult> {
  return transact(em, 'presence.refused', (tx) => plain(tx, op, delivery, 'rejected', 'invalid'));
}

/** Keeps an operation that reaches no cell. Of what is rejected only the id, the number and the code are kept. */
async function plain(
  tx: EntityManager,
  op: ParsedOp | Unreadable,
  delivery: Delivery,
  outcome: 'parked' | 'rejected',
  code: SyncCode,
  answered = op.op_id!,
  waitsFor: string | null = null,
): Promise<OpResult> {
  const now = clock.now();
  const kept = outcome === 'parked' && op.kind !== 'unreadable';
  const time =
    kept && op.recorded_at
      ? deviceTime(op.recorded_at, delivery.sentAt, delivery.receivedAt)
      : { correctedAt: now, flags: [] };
  const flags = [...time.flags, ...(op.op_id ? (delivery.reusedSeqs.get(op.op_id) ?? []) : [])];
  const plainId = (ref: unknown) => (typeof ref === 'number' ? ref : null);
  await keepReceipts(tx, [
    {
      opId: op.op_id!,
      hash: op.hash,
      session: kept && op.kind === 'presence' ? plainId(op.session_id) : null,
      participant: kept && op.kind === 'presence' ? plainId(op.participant_id) : null,
      author: delivery.author.id,
      kind: op.kind,
      body: kept ? op.body : '',
      outcome,
      code,
      flags: flags.length > 0 ? flags.join(' ') : null,
      source: 'sync',
      clientId: delivery.clientId,
      seq: op.seq,
      waitsFor,
      batchId: kept && op.kind === 'presence' ? (op.act_id ?? null) : null,
      delivery: delivery.id,
      recordedAt: kept ? (op.recorded_at ?? now) : now,
      correctedAt: time.correctedAt,
      receivedAt: now,
    },
  ]);
  return { ...unstored(answered, code), outcome, flags: flags as Flag[] };
}

/** An answer without a receipt. */
const unstored = (opId: string, code: SyncCode): OpResult => ({
  op_id: opId,
  outcome: 'rejected',
  revision: null,
  code,
  flags: [],
  conflict_id: null,
});
