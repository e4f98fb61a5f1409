import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager, LockMode } from '@mikro-orm/core';
import { z } from 'zod';
import { User } from '../auth/index.js';
import { findLocked } from '../platform/database/locked.js';
import { transact } from '../platform/database/transaction.js';
import { id } from '../platform/http/parse.js';
import { invalid, Problem } from '../platform/http/problem.js';
import { joinMembership } from './add-members.js';
import { GroupMembership } from './group-membership.entity.js';
import { Group } from './group.entity.js';
import { mergeHooks } from './merge-hooks.js';
import { foldedNames, Participant } from './participant.entity.js';

/** Into which record another one goes. */
export const MergeInto = z.strictObject({ into_id: id }).meta({ id: 'MergeInto' });
export type MergeInto = z.output<typeof MergeInto>;

/**
 * Two records of one person become one. Everything that names him goes over to the record that stays: memberships, marks
 * with their history, his sign-in. It keeps its own facts and takes the other's where it has none. The other record is
 * kept for its history, is found by nobody any more, and its id leads to the one that stays. Cannot be undone.
 * Errors: 404; 422 `unknown`, `invalid` (itself, not active, merged); 409 `merged`, `in_use` (an open conflict).
 */
export class MergeParticipants implements ICommand {
  constructor(
    readonly from: number,
    readonly into: number,
  ) {}
}

@CommandHandler(MergeParticipants)
export class MergeParticipantsHandler implements ICommandHandler<MergeParticipants, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ from, into }: MergeParticipants): Promise<void> {
    await transact(this.em, 'participant.merged', async (tx) => {
      const [other, survivor] = await bothRecords(tx, from, into);
      for (const { move } of mergeHooks()) await move(tx, from, into);
      await moveMemberships(tx, from, into);
      for (const user of await tx.find(User, { participant: from })) user.participant = into;
      // Who was merged into the other one before leads straight to the one that stays: there are no chains.
      for (const earlier of await tx.find(Participant, { mergedInto: from })) earlier.mergedInto = into;
      const gained = factsToTake(survivor, other);
      other.isActive = false;
      other.mergedInto = into;
      // A key that goes over is free before it is taken.
      if ('identifier' in gained) other.identifier = null;
      if ('externalId' in gained) other.externalId = null;
      await tx.flush();
      Object.assign(survivor, gained);
      Object.assign(survivor, foldedNames(survivor));
      await tx.flush();
    });
  }
}

/** Both, locked in the order of their ids, so that two merges never wait for each other in a ring. */
export async function bothRecords(tx: EntityManager, from: number, into: number): Promise<[Participant, Participant]> {
  if (from === into) throw invalid('into_id', 'This is the same record. Choose the other one.');
  const found = new Map<number, Participant>();
  for (const each of [from, into].sort((a, b) => a - b)) {
    if (each === from) found.set(each, await findLocked(tx, Participant, each));
    else {
      const other = await tx.findOne(Participant, { id: each }, { lockMode: LockMode.PESSIMISTIC_WRITE });
      if (!other) throw invalid('into_id', 'There is nobody with this id.', 'unknown');
      found.set(each, other);
    }
  }
  const [other, survivor] = [found.get(from)!, found.get(into)!];
  if (other.mergedInto) throw mergedAlready(other);
  if (survivor.mergedInto)
    throw invalid('into_id', '{name} was merged into another record already.', 'invalid', {
      name: survivor.name,
    });
  for (const each of [other, survivor])
    if (!each.isActive || each.anonymizedAt)
      throw invalid('into_id', '{name} is not active. Activate the record first.', 'invalid', { name: each.name });
  return [other, survivor];
}

/** A record that was merged is not changed any more. */
export const mergedAlready = (record: Participant): Problem =>
  new Problem(409, {
    code: 'merged',
    message: '{name} was merged into another record already.',
    params: { name: record.name },
  });

/** What the surviving record has not, and the other one has. */
function factsToTake(survivor: Participant, other: Participant): Partial<Participant> {
  const gained: Record<string, unknown> = {};
  for (const name of ['identifier', 'externalId', 'dateOfBirth', 'email', 'phone', 'photo'] as const)
    if (survivor[name] === null && other[name] !== null) gained[name] = other[name];
  const extra = { ...other.extraData, ...survivor.extraData };
  if (Object.keys(extra).length > Object.keys(survivor.extraData).length) gained.extraData = extra;
  return gained as Partial<Participant>;
}

/** Times in one group that touch grow together, as they do when somebody joins twice. */
async function moveMemberships(tx: EntityManager, from: number, into: number): Promise<void> {
  const options = { orderBy: { group: 'asc', joinedOn: 'asc' }, lockMode: LockMode.PESSIMISTIC_WRITE } as const;
  const memberships = await tx.find(GroupMembership, { participant: from }, options);
  const groups = new Set(memberships.map(({ group }) => group));
  for (const group of [...groups].sort((a, b) => a - b)) {
    await findLocked(tx, Group, group);
    for (const each of memberships.filter((one) => one.group === group)) {
      const own = await tx.find(GroupMembership, { group, participant: into }, options);
      const wanted = { from: each.joinedOn, to: each.leftOn ?? null };
      joinMembership(tx, group, into, own, wanted);
      tx.remove(each);
      await tx.flush();
    }
  }
}
