import { defineEntity, p } from '@mikro-orm/core';

/** Failed sign-ins of one (address, client IP) pair. Not a tenant table: nobody is signed in yet. */
const SignInFailureSchema = defineEntity({
  name: 'SignInFailure',
  tableName: 'sign_in_failures',
  properties: {
    id: p.bigint('number').primary(),
    /** SHA-256 of address and client IP, so that the table names nobody. */
    keyHash: p.string().length(64).unique(),
    failures: p.integer(),
    blockedUntil: p.datetime(3),
    lastFailedAt: p.datetime(3).index(),
  },
});

export class SignInFailure extends SignInFailureSchema.class {}
SignInFailureSchema.setClass(SignInFailure);
