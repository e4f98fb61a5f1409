import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { z } from 'zod';
import { clock } from '../platform/clock.js';
import { transact } from '../platform/database/transaction.js';
import { notFound } from '../platform/http/problem.js';
import { NewOrganization, openOrganization, Organization } from '../tenancy/index.js';
import { createUser, NewUser } from './create-user.js';
import { hashPassword } from './passwords.js';
import { type User } from './user.entity.js';

export const FirstOrganization = NewOrganization.extend(
  NewUser.pick({ email: true, password: true }).extend({
    first_name: NewUser.shape.first_name.unwrap(),
    last_name: NewUser.shape.last_name.unwrap(),
  }).shape,
);

/** The very first organization and its administrator, in one transaction. Refused (404) once there is one. */
export class SetUp implements ICommand {
  constructor(readonly input: z.output<typeof FirstOrganization>) {}
}

@CommandHandler(SetUp)
export class SetUpHandler implements ICommandHandler<SetUp, User> {
  constructor(private readonly em: EntityManager) {}

  async execute({ input }: SetUp): Promise<User> {
    const passwordHash = await hashPassword(input.password);
    return transact(this.em, 'organization.opened', async (tx) => {
      if ((await tx.count(Organization, {}, { filters: false })) > 0) throw notFound();
      await openOrganization(tx, input);
      const user = await createUser(tx, { ...input, role: 'administrator', participant_id: null }, passwordHash);
      // The door that asks for it signs him in.
      user.lastLoginAt = clock.now();
      await tx.flush();
      return user;
    });
  }
}
