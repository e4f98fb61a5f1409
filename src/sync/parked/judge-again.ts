import { LockMode, type EntityManager } from '@mikro-orm/core';
import { type SignedInUser } from '../../auth/index.js';
import { read } from '../../platform/database/read.js';
import { transact } from '../../platform/database/transaction.js';
import { Problem } from '../../platform/http/problem.js';
import { actOf, keepMarks, PresenceOperation } from '../../presence/index.js';
import { enrolByOperation } from '../enrol-by-operation.js';
import { readOp } from '../envelope.js';
import { restoredAt } from '../epoch.js';
import { resultOf } from '../op-result.js';
import { personOf } from '../person-of.js';
import { type Delivery } from '../delivery.js';
import { markOf } from '../receive-operation.js';
import { type OpResult } from '../wire.js';

/** A person's decision that a parked operation shall count. */
export interface Adoption {
  by: SignedInUser;
  reason: string;
}

/**
 * Judges a parked operation once more: because what it lacked arrived, or because somebody adopts it. Its receipt is
 * changed; the audit tells what it was.
 * @param author whose rights count: the author's as they are now, or the adopter's
 * @returns what became of it; null when it still waits for the same thing, or was settled meanwhile
 * @throws Problem 409, for an adoption that cannot be: stale, session_cancelled, state_unknown, identifier_taken
 */
export async function judgeAgain(
  em: EntityManager,
  opId: string,
  author: SignedInUser | null,
  adoption: Adoption | null,
): Promise<OpResult | null> {
  const fact = adoption ? 'presence.adopted' : 'presence.judged_again';
  try {
    return await transact(em, fact, async (tx) => {
      const receipt = await tx.findOne(PresenceOperation, { opId }, { lockMode: LockMode.PESSIMISTIC_WRITE });
      if (!receipt || receipt.outcome !== 'parked' || receipt.settlement) throw new StillParked(stale());
      const { code: before, waitsFor } = receipt;
      const judged = await judge(tx, receipt, author, adoption);
      // The same again: nothing to write. The transaction is given up, and with it what it wrote. (Parked for a reason of
      // its own now, and no longer because of its base, is something new.)
      const after = await waitsForNow(tx, opId);
      if (judged.outcome === 'parked' && (adoption || (judged.code === before && after === (waitsFor ?? null))))
        throw new StillParked(cannotBe(judged.code));
      return judged;
    });
  } catch (error) {
    if (!(error instanceof StillParked)) throw error;
    if (adoption) throw error.problem;
    return null;
  }
}

async function waitsForNow(tx: EntityManager, opId: string): Promise<string | null> {
  const [row] = await read<{ waits_for: string | null }>(
    tx,
    'select waits_for from presence_operations where organization_id = :organization and op_id = :op',
    { op: opId },
  );
  return row?.waits_for ?? null;
}

/** Leaves the transaction. */
class StillParked extends Error {
  constructor(readonly problem: Problem) {
    super('still parked');
  }
}

const stale = () => new Problem(409, { code: 'stale', message: 'Somebody has settled this mark meanwhile.' });

function cannotBe(code: string | null): Problem {
  const message =
    {
      session_deleted: 'The {session} is cancelled. Bring it back first, then this mark can count.',
      state_unknown: 'The state of this mark is not in use. Bring it back first, then this mark can count.',
      identifier_taken: 'Somebody else has this identifier. Change it there, or discard this and mark that person.',
      restored:
        'It was made before the server was restored, and what it was made for is gone. Discard it, and mark by hand.',
      missing_base: 'The person whom this mark means has not arrived yet.',
    }[code ?? ''] ?? 'This mark cannot count as it is.';
  return new Problem(409, { code: code === 'session_deleted' ? 'session_cancelled' : (code ?? 'stale'), message });
}

async function judge(
  tx: EntityManager,
  receipt: PresenceOperation,
  author: SignedInUser | null,
  adoption: Adoption | null,
): Promise<OpResult> {
  const by = adoption?.by ?? author;
  const op = readOp(receipt);
  const parked = (code: OpResult['code']): OpResult => ({
    op_id: receipt.opId,
    outcome: 'parked',
    revision: null,
    code,
    flags: [],
    conflict_id: null,
  });
  if (!by || !op) return parked(receipt.code as OpResult['code']);
  // 3, 17: these wait for a person, whatever else has changed.
  if (!adoption && (receipt.code === 'foreign_author' || receipt.code === 'id_reuse')) return parked(receipt.code);
  const replaces = {
    receipt,
    settlement: adoption ? ('adopted' as const) : ('judged_again' as const),
    adopter: adoption?.by.id ?? null,
    reason: adoption?.reason ?? null,
  };
  const delivery: Delivery = {
    by,
    author: { id: receipt.author, name: author?.name ?? '' },
    onBehalf: false,
    clientId: receipt.clientId ?? '',
    sentAt: receipt.receivedAt,
    receivedAt: receipt.receivedAt,
    restoredAt: await restoredAt(tx),
    id: receipt.delivery ?? 0,
    reusedSeqs: new Map(),
  };
  if (op.kind === 'participant') return enrolByOperation(tx, op, delivery, replaces);
  if (typeof op.session_id !== 'number') return parked('missing_base');
  const person = await personOf(tx, op.participant_id, receipt.author);
  if (person.kind !== 'known') return parked('missing_base');
  const act = await actOf(tx, op.session_id, by, { keepsEverything: true }).catch((error: unknown) => {
    if (error instanceof Problem) return null;
    throw error;
  });
  if (!act) return parked(receipt.code as OpResult['code']);
  act.author = delivery.author;
  act.delivery = delivery.id;
  act.restoredAt = delivery.restoredAt;
  act.replaces = replaces;
  act.source = 'sync';
  act.deviceId = receipt.clientId ?? null;
  act.adopting = !!adoption;
  const mark = markOf(op, person.id, {
    clientId: delivery.clientId,
    seq: op.seq,
    correctedAt: receipt.correctedAt,
    clockTrusted: !receipt.flags?.includes('clock_'),
    flags: (receipt.flags ?? '').split(' ').filter((flag) => flag && !['late_arrival', 'server_behind'].includes(flag)),
    redirectedFrom: person.redirectedFrom,
  });
  if (adoption) mark.reason = adoption.reason;
  const [kept] = await keepMarks(tx, act, [mark]);
  return resultOf(tx, kept!, mark.captured!.flags);
}
