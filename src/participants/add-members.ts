import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager, LockMode } from '@mikro-orm/core';
import { z } from 'zod';
import { findLocked } from '../platform/database/locked.js';
import { transact } from '../platform/database/transaction.js';
import { dateText, id } from '../platform/http/parse.js';
import { Problem, type Refusal } from '../platform/http/problem.js';
import { addDays } from '../tenancy/index.js';
import { ALWAYS, GroupMembership } from './group-membership.entity.js';
import { Group } from './group.entity.js';
import { Participant } from './participant.entity.js';

/** The first or the last day of a membership; null is no limit. */
export const membershipDay = dateText
  .refine((value) => value > ALWAYS && value < '9000-01-01', { error: 'This day is out of reach.' })
  .nullable()
  .optional();

/** Who joins a group, from when until when; absent means unbounded. */
export const NewMembers = z
  .strictObject({
    participant_ids: z
      .array(id)
      .min(1, 'Name at least one person.')
      .max(5000, 'At most 5,000 people fit into one request.'),
    from: membershipDay,
    to: membershipDay,
  })
  .refine((input) => !input.from || !input.to || input.from <= input.to, {
    path: ['from'],
    error: 'The beginning lies after the end.',
  })
  .meta({ id: 'NewMembers' });
export type NewMembers = z.output<typeof NewMembers>;

/** How many joined, and how many were members all that time already. */
export interface Joined {
  added: number;
  already: number;
}

/** People join a group. Who is a member for a part of the time already is a member for all of it then. */
export class AddMembers implements ICommand {
  constructor(
    readonly group: number,
    readonly input: NewMembers,
  ) {}
}

@CommandHandler(AddMembers)
export class AddMembersHandler implements ICommandHandler<AddMembers, Joined> {
  constructor(private readonly em: EntityManager) {}

  async execute({ group, input }: AddMembers): Promise<Joined> {
    return transact(this.em, 'membership.added', (tx) => addMembers(tx, group, input));
  }
}

/**
 * Adds members inside the caller's transaction; three statements for any number of people, beside the new rows.
 * @throws Problem 422 `unknown`, with the row, for ids that nobody here has
 */
export async function addMembers(tx: EntityManager, groupId: number, input: NewMembers): Promise<Joined> {
  // One at a time in each group: a membership that is not there yet cannot be locked.
  const group = await findLocked(tx, Group, groupId);
  const ids = await meant(tx, input.participant_ids);
  const wanted = { from: input.from ?? ALWAYS, to: input.to ?? null };
  const options = { orderBy: { joinedOn: 'asc' }, lockMode: LockMode.PESSIMISTIC_WRITE } as const;
  const existing = new Map<number, GroupMembership[]>();
  for (let at = 0; at < ids.length; at += 500) {
    const where = { group: group.id, participant: { $in: ids.slice(at, at + 500) } };
    for (const each of await tx.find(GroupMembership, where, options))
      existing.set(each.participant, [...(existing.get(each.participant) ?? []), each]);
  }
  const joined: Joined = { added: 0, already: 0 };
  for (const participant of ids) {
    const changed = joinMembership(tx, group.id, participant, existing.get(participant) ?? [], wanted);
    joined[changed ? 'added' : 'already'] += 1;
  }
  await tx.flush();
  return joined;
}

/** @returns who is meant: each once, and for a record that was merged the one it was merged into */
async function meant(tx: EntityManager, asked: number[]): Promise<number[]> {
  const known = new Map<number, number>();
  const ids = [...new Set(asked)];
  for (let at = 0; at < ids.length; at += 500) {
    // Nobody merges one of them before the commit.
    const options = { fields: ['id', 'mergedInto'], lockMode: LockMode.PESSIMISTIC_READ } as const;
    for (const each of await tx.find(Participant, { id: { $in: ids.slice(at, at + 500) } }, options))
      known.set(each.id, each.mergedInto ?? each.id);
  }
  const message = 'There is nobody with this id.';
  const refusals = asked.flatMap((each, row): Refusal[] =>
    known.has(each) ? [] : [{ code: 'unknown', field: 'participant_ids', row, message }],
  );
  if (refusals.length > 0) throw new Problem(422, refusals.slice(0, 100));
  return [...new Set(known.values())];
}

/**
 * One person's memberships stay apart in time: what touches the wanted time grows together with it.
 * @param memberships of this person in this group, the earliest first
 * @returns the membership that is new or has grown; null when it held all that time already
 */
export function joinMembership(
  tx: EntityManager,
  group: number,
  participant: number,
  memberships: GroupMembership[],
  wanted: { from: string; to: string | null },
): GroupMembership | null {
  const until = (to: string | null | undefined) => to ?? '9999-12-30';
  const covers = memberships.some((each) => each.joinedOn <= wanted.from && until(each.leftOn) >= until(wanted.to));
  if (covers) return null;
  const touching = memberships.filter(
    (each) => each.joinedOn <= addDays(until(wanted.to), 1) && addDays(until(each.leftOn), 1) >= wanted.from,
  );
  const [first, ...others] = touching;
  if (!first)
    return tx.create(GroupMembership, { group, participant, joinedOn: wanted.from, leftOn: wanted.to, extraData: {} });
  const last = [wanted.to, ...touching.map((each) => each.leftOn ?? null)].reduce((a, b) =>
    until(a) >= until(b) ? a : b,
  );
  if (wanted.from < first.joinedOn) first.joinedOn = wanted.from;
  first.leftOn = last;
  for (const other of others) tx.remove(other);
  return first;
}
