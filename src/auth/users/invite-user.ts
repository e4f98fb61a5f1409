import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { transact } from '../../platform/database/transaction.js';
import { invalid } from '../../platform/http/problem.js';
import { makeLink, type UserLink } from '../links/user-link.js';
import { hashPassword } from '../passwords.js';
import { User } from '../user.entity.js';
import { refuseAdministratorsToTokens } from './beyond-asker.js';
import { userBonds } from './user-bonds.js';
import { refuseTakenEmail, refuseWrongParticipant, type UserInvitation } from './user-input.js';

/** Somebody shall be able to sign in: with the password that is given, or by a link with which he chooses his own. */
export class InviteUser implements ICommand {
  constructor(readonly input: UserInvitation) {}
}

/** The new user, and the link where he was invited. */
export interface Invited {
  id: number;
  link: UserLink | null;
}

@CommandHandler(InviteUser)
export class InviteUserHandler implements ICommandHandler<InviteUser, Invited> {
  constructor(private readonly em: EntityManager) {}

  async execute({ input }: InviteUser): Promise<Invited> {
    refuseAdministratorsToTokens(input.role);
    const status = input.status ?? (input.password === undefined ? 'invited' : 'active');
    if (status === 'active' && input.password === undefined)
      throw invalid('password', 'Nobody is active without a password. Leave the status out to invite him.', 'required');
    if (status === 'invited' && input.password !== undefined)
      throw invalid('password', 'Whoever is invited chooses his own password. Leave it out.');
    const passwordHash = input.password === undefined ? null : await hashPassword(input.password);
    return transact(this.em, status === 'invited' ? 'user.invited' : 'user.created', async (tx) => {
      await refuseTakenEmail(tx, input.email);
      await refuseWrongParticipant(tx, input.role, input.participant_id ?? null);
      const user = tx.create(User, {
        email: input.email,
        passwordHash,
        firstName: input.first_name,
        lastName: input.last_name,
        role: input.role,
        status,
        participant: input.participant_id ?? null,
      });
      await tx.flush();
      if (input.group_ids?.length) await userBonds().assignGroups(tx, user.id, input.group_ids);
      const link = status === 'invited' ? await makeLink(tx, user, 'invitation') : null;
      await tx.flush();
      return { id: user.id, link };
    });
  }
}
