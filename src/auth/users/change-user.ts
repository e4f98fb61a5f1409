import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { findLocked } from '../../platform/database/locked.js';
import { transact } from '../../platform/database/transaction.js';
import { nameFact } from '../../platform/ledger/ledger.js';
import { voidLinks } from '../links/user-link.js';
import { hashPassword } from '../passwords.js';
import { User } from '../user.entity.js';
import { keepAnAdministrator } from './administrators.js';
import { refuseAdministratorsToTokens, refuseOwnPassword } from './beyond-asker.js';
import { endAccess, endSignIns } from './end-access.js';
import { userById, type UserJson } from './find-users.query.js';
import { userBonds } from './user-bonds.js';
import { refuseTakenEmail, refuseWrongParticipant, type UserChange } from './user-input.js';

/** Changes a user. Disabled he is signed out everywhere at once, and so he is by a new password. */
export class ChangeUser implements ICommand {
  /** @param unchanged throws when the user is not any more what the asker saw; asked once the row is held */
  constructor(
    readonly id: number,
    readonly input: UserChange,
    readonly unchanged: (now: UserJson) => void = () => {},
  ) {}
}

@CommandHandler(ChangeUser)
export class ChangeUserHandler implements ICommandHandler<ChangeUser, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ id, input, unchanged }: ChangeUser): Promise<void> {
    const passwordHash = input.password === undefined ? null : await hashPassword(input.password);
    await transact(this.em, 'user.changed', async (tx) => {
      let before!: UserJson;
      const change = async () => {
        const user = await findLocked(tx, User, id);
        before = await userById(tx, id);
        refuseAdministratorsToTokens(before.role, input.role);
        if (input.password !== undefined) refuseOwnPassword(id);
        nameFact(tx, factOf(input, before));
        await applyNames(tx, user, input);
        await applyRole(tx, user, input);
        if (passwordHash) await applyPassword(tx, user, passwordHash);
        await applyStatus(tx, user, input.status);
        if (input.group_ids !== undefined) await userBonds().assignGroups(tx, id, input.group_ids ?? []);
      };
      if (input.role === undefined && input.status === undefined) await change();
      else await keepAnAdministrator(tx, change);
      // Asked last: what is wrong with the change itself is told first (422, 409, 412).
      unchanged(before);
      await tx.flush();
    });
  }
}

/** What the audit calls it: by what weighs most in it. */
function factOf(input: UserChange, before: UserJson): string {
  if (input.status === 'disabled' && before.status !== 'disabled') return 'user.disabled';
  if (input.status === 'active' && before.status === 'disabled') return 'user.enabled';
  return input.password === undefined ? 'user.changed' : 'user.password_set';
}

async function applyNames(tx: EntityManager, user: User, input: UserChange): Promise<void> {
  if (input.first_name !== undefined) user.firstName = input.first_name;
  if (input.last_name !== undefined) user.lastName = input.last_name;
  if (input.email === undefined || input.email === user.email) return;
  await refuseTakenEmail(tx, input.email, user.id);
  user.email = input.email;
  // What was sent to the old address must not open the account any more.
  await voidLinks(tx, user);
}

async function applyRole(tx: EntityManager, user: User, input: UserChange): Promise<void> {
  if (input.role === undefined && input.participant_id === undefined) return;
  const role = input.role ?? user.role;
  // Who is no external user any more is no participant any more either, unless that was asked for: then it is refused.
  const kept = role === 'external' ? (user.participant ?? null) : null;
  const participant = input.participant_id === undefined ? kept : input.participant_id;
  await refuseWrongParticipant(tx, role, participant);
  user.role = role;
  user.participant = participant;
}

async function applyPassword(tx: EntityManager, user: User, passwordHash: string): Promise<void> {
  user.passwordHash = passwordHash;
  if (user.status === 'invited') user.status = 'active';
  await voidLinks(tx, user);
  await endSignIns(tx, user.id);
}

/** Who never chose a password is invited again when he is enabled, not active: he could not sign in. */
async function applyStatus(tx: EntityManager, user: User, status: UserChange['status']): Promise<void> {
  if (status === undefined) return;
  if (status === 'disabled') await endAccess(tx, user);
  user.status = status === 'active' && !user.passwordHash ? 'invited' : status;
}
