import { defineEntity, p } from '@mikro-orm/core';
import { tenantColumns } from '../tenancy/index.js';
import { User } from './user.entity.js';

/** A link that lets one person set a password, once: an invitation, or the reset of a forgotten one. Only its hash is kept. */
const UserTokenSchema = defineEntity({
  name: 'UserToken',
  tableName: 'user_tokens',
  properties: {
    ...tenantColumns,
    user: () => p.manyToOne(User).mapToPk().fieldName('user_id'),
    purpose: p.string().length(20).$type<'invitation' | 'password_reset'>(),
    /** SHA-256 of what stands in the link. */
    tokenHash: p.string().length(64).unique(),
    expiresAt: p.datetime(3),
    /** When it was used, or made useless by a newer one. */
    usedAt: p.datetime(3).nullable(),
  },
});

export class UserToken extends UserTokenSchema.class {}
UserTokenSchema.setClass(UserToken);
