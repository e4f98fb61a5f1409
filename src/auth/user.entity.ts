import { defineEntity, p, type Opt } from '@mikro-orm/core';
import { tenantColumns } from '../tenancy/index.js';
import { type Role } from './permissions.js';

/** Somebody who signs in. `passwordHash` is null until an invitation was accepted; such a user cannot sign in. */
const UserSchema = defineEntity({
  name: 'User',
  tableName: 'users',
  properties: {
    ...tenantColumns,
    email: p.string().length(255),
    passwordHash: p.string().length(255).nullable().hidden(),
    firstName: p.string().length(100),
    lastName: p.string().length(100),
    externalId: p.string().length(100).nullable(),
    role: p.string().length(50).$type<Role>(),
    status: p.string().length(20).$type<'invited' | 'active' | 'disabled'>(),
    /** For role external: the participant who this user is. Checked by the use case; participants is a later table. */
    participant: p.bigint('number').fieldName('participant_id').nullable(),
    lastLoginAt: p.datetime(3).nullable(),
    /** The language that this person chose, or null for the organization's. */
    locale: p.string().length(35).nullable(),
    /** The secret of the authenticator app (base32), from the moment it is shown; it counts once `totpEnabledAt` is set. */
    totpSecret: p.string().length(100).nullable().hidden(),
    totpEnabledAt: p.datetime(3).nullable(),
    /** The last time step (RFC 6238) whose code was taken: no code is taken twice. */
    totpLastStep: p.bigint('number').nullable(),
  },
  uniques: [
    { name: 'users_email_unique', properties: ['organization', 'email'] },
    { name: 'users_external_id_unique', properties: ['organization', 'externalId'] },
  ],
  indexes: [{ name: 'users_email_index', properties: ['email'] }],
});

export class User extends UserSchema.class {
  /** First and last name as one text. */
  get name(): Opt<string> {
    return `${this.firstName} ${this.lastName}`.trim();
  }
}
UserSchema.setClass(User);
