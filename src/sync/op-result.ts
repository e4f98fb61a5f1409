import { type EntityManager } from '@mikro-orm/core';
import { type SignedInUser } from '../auth/index.js';
import { type Kept, presenceOf, type Receipt, type RecordJson } from '../presence/index.js';
import { seesSession } from './ever-saw.js';
import { type CurrentMark, type Flag, type OpResult, type SyncCode } from './wire.js';

const currentOf = (record: RecordJson): CurrentMark => ({
  presence_state: record.presence_state,
  revision: record.revision,
  note: record.note,
  recorded_by: record.recorded_by?.name ?? null,
  received_at: record.received_at,
  disputed: record.disputed,
});

/** What a device is told of an operation that was judged just now. */
export async function resultOf(
  tx: EntityManager,
  { mark, judgement, record, conflict }: Kept,
  flags: string[],
): Promise<OpResult> {
  if (judgement.outcome === 'duplicate') throw new Error('duplicates are answered by their receipt');
  const told = [...flags] as Flag[];
  if ('late' in judgement && judgement.late) told.push('late_arrival');
  if ('behind' in judgement && judgement.behind) told.push('server_behind');
  const stored = judgement.outcome !== 'parked' && judgement.outcome !== 'rejected';
  return {
    op_id: mark.opId,
    outcome: judgement.outcome,
    revision: stored ? (record?.revision ?? 0) : null,
    code: 'code' in judgement ? deviceCode(judgement.code) : null,
    flags: told,
    conflict_id: conflict ?? null,
    ...(mark.captured?.redirectedFrom ? { participant_id: mark.participant } : {}),
    ...(record && (judgement.outcome === 'conflict' || judgement.outcome === 'merged')
      ? { current: currentOf(record) }
      : {}),
  };
}

/** A device cannot give a reason: for it a register that asks one is locked. */
export const deviceCode = (code: string): SyncCode =>
  code === 'reason_required' ? 'session_locked' : (code as SyncCode);

/**
 * What a device is told of an operation that came before: what became of it, and how its cell stands now.
 * @param by who asks: a register that he lost is not told of
 */
export async function duplicateOf(
  tx: EntityManager,
  opId: string,
  receipt: Receipt,
  by: SignedInUser,
): Promise<OpResult> {
  const { outcome, code, revision, conflict, participant, flags } = receipt;
  const now =
    outcome === 'conflict' && participant !== null && (await seesSession(tx, by, receipt.session))
      ? await presenceOf(tx, receipt.session!, participant)
      : null;
  return {
    op_id: opId,
    outcome: 'duplicate',
    first: outcome,
    revision,
    code: code && deviceCode(code),
    flags: (flags?.split(' ') ?? []) as Flag[],
    conflict_id: conflict,
    ...(receipt.kind === 'participant' && participant !== null ? { participant_id: participant } : {}),
    ...(now ? { current: currentOf(now) } : {}),
  };
}
