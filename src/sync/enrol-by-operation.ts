import { type EntityManager } from '@mikro-orm/core';
import { reachOf } from '../auth/index.js';
import { addMembers, enrolParticipant, Group, isOwnGroup, ownGroupsOf, Participant } from '../participants/index.js';
import { clock } from '../platform/clock.js';
import { Problem } from '../platform/http/problem.js';
import { keepReceipts, type Replaced, replaceReceipt } from '../presence/index.js';
import { dayOf } from '../tenancy/index.js';
import { deviceTime } from './device-clock.js';
import { everSaw } from './ever-saw.js';
import { type ParsedOp, type ParsedParticipant } from './envelope.js';
import { type Delivery } from './delivery.js';
import { type Flag, type OpResult, type SyncCode } from './wire.js';

type Verdict = { outcome: 'applied'; participant: number } | { outcome: 'parked' | 'rejected'; code: SyncCode };

/**
 * Adds a person whom a device met: enrols him and makes him a member of the group from the register's day on. Parked
 * when the author has no right to, or when somebody has the identifier already (he may be the same person).
 * @param replaces the receipt of the parked operation that is judged again
 */
export async function enrolByOperation(
  tx: EntityManager,
  op: ParsedParticipant & ParsedOp,
  delivery: Delivery,
  replaces?: Replaced,
): Promise<OpResult> {
  const now = clock.now();
  const time = op.recorded_at ? deviceTime(op.recorded_at, delivery.sentAt, delivery.receivedAt) : null;
  const flags: Flag[] = [...(time?.flags ?? []), ...(delivery.reusedSeqs.get(op.op_id) ?? [])];
  const verdict = await judge(tx, op, delivery, time?.correctedAt ?? now, !!replaces);
  const rejected = verdict.outcome === 'rejected';
  const row = {
    opId: op.op_id,
    hash: op.hash,
    session: null,
    participant: verdict.outcome === 'applied' ? verdict.participant : null,
    author: delivery.author.id,
    kind: 'participant',
    body: rejected ? '' : op.body,
    outcome: verdict.outcome,
    code: 'code' in verdict ? verdict.code : null,
    flags: flags.length > 0 ? flags.join(' ') : null,
    revision: null,
    answer: null,
    source: 'sync' as const,
    clientId: delivery.clientId,
    seq: op.seq,
    conflict: null,
    waitsFor: null,
    redirectedFrom: null,
    batchId: null,
    delivery: delivery.id,
    recordedAt: op.recorded_at ?? now,
    correctedAt: time?.correctedAt ?? now,
    receivedAt: now,
  };
  if (replaces) await replaceReceipt(tx, replaces, row);
  else await keepReceipts(tx, [row]);
  return {
    op_id: op.op_id,
    outcome: verdict.outcome,
    revision: null,
    code: 'code' in verdict ? verdict.code : null,
    flags,
    conflict_id: null,
    ...(verdict.outcome === 'applied' ? { participant_id: verdict.participant } : {}),
  };
}

async function judge(
  tx: EntityManager,
  op: ParsedParticipant,
  { by, onBehalf }: Delivery,
  at: Date,
  again: boolean,
): Promise<Verdict> {
  const group = await tx.findOne(Group, { id: op.group_id });
  const own = !!group && (await isOwnGroup(tx, ownGroupsOf(by), group.id));
  if (!group || (!own && !again && !(await everSaw(tx, by, group.id))))
    return { outcome: 'rejected', code: 'unknown_target' };
  if (onBehalf) return { outcome: 'parked', code: 'foreign_author' };
  const reach = reachOf(by.role, 'participant.enrol', by.organization.settings);
  if (!own || reach === null || reach === 'own') return { outcome: 'parked', code: 'not_authorized' };
  // The operation names him until the organization gives him a number.
  const external = `spot:${op.op_id}`;
  const known = await tx.findOne(Participant, { externalId: external });
  if (known) return { outcome: 'applied', participant: known.id };
  const person = { first_name: op.first_name, last_name: op.last_name, identifier: op.identifier || null };
  try {
    const made = await enrolParticipant(tx, { ...person, external_id: external });
    const from = op.joined_on ?? dayOf(at, by.organization.timeZone);
    await addMembers(tx, group.id, { participant_ids: [made.id], from });
    return { outcome: 'applied', participant: made.id };
  } catch (error) {
    if (error instanceof Problem && error.refusals[0]?.code === 'taken')
      return { outcome: 'parked', code: 'identifier_taken' };
    throw error;
  }
}
