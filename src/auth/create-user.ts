import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { z } from 'zod';
import { transact } from '../platform/database/transaction.js';
import { text } from '../platform/http/parse.js';
import { invalid } from '../platform/http/problem.js';
import { hashPassword } from './passwords.js';
import { ROLES } from './permissions.js';
import { User } from './user.entity.js';

export const emailText = z
  .string()
  .trim()
  .max(255)
  .pipe(z.email('This is not an e-mail address.'))
  .transform((value) => value.toLowerCase());

export const passwordText = z
  .string()
  .refine((value) => value.length >= 10, { error: 'A password needs at least 10 characters.' })
  .max(200, 'A password holds at most 200 characters.');

export const NewUser = z.object({
  email: emailText,
  password: passwordText,
  role: z.enum(ROLES, { error: `Choose ${ROLES.join(', ')}.` }),
  first_name: text(100).default('New'),
  last_name: text(100).default('User'),
  participant_id: z.number().int().nullable().default(null),
});
export type NewUser = z.output<typeof NewUser>;

/** Makes an active user of the organization that is acted for. Answers the user. */
export class CreateUser implements ICommand {
  constructor(readonly input: NewUser) {}
}

@CommandHandler(CreateUser)
export class CreateUserHandler implements ICommandHandler<CreateUser, User> {
  constructor(private readonly em: EntityManager) {}

  async execute({ input }: CreateUser): Promise<User> {
    const passwordHash = await hashPassword(input.password);
    return transact(this.em, 'user.created', (tx) => createUser(tx, input, passwordHash));
  }
}

/** @throws Problem 422 `taken` when the address has an account in this organization */
export async function createUser(tx: EntityManager, input: NewUser, passwordHash: string): Promise<User> {
  if (await tx.findOne(User, { email: input.email }))
    throw invalid('email', 'Somebody with this e-mail address is here already.', 'taken');
  const user = tx.create(User, {
    email: input.email,
    passwordHash,
    firstName: input.first_name,
    lastName: input.last_name,
    role: input.role,
    status: 'active',
    participant: input.participant_id,
  });
  await tx.flush();
  return user;
}
