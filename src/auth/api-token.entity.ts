import { defineEntity, p } from '@mikro-orm/core';
import { tenantColumns } from '../tenancy/index.js';
import { type Permission } from './permissions.js';
import { User } from './user.entity.js';

/** A personal token of an integration: it acts as its user, with some of his permissions, until it ends. Only its hash is kept. */
const ApiTokenSchema = defineEntity({
  name: 'ApiToken',
  tableName: 'api_tokens',
  properties: {
    ...tenantColumns,
    user: () => p.manyToOne(User).mapToPk().fieldName('user_id'),
    name: p.string().length(100),
    tokenHash: p.string().length(64).unique(),
    /** The first characters, by which its owner recognises it. */
    hint: p.string().length(16),
    /** Permissions that it may use, never more than its user has. */
    scopes: p.json<Permission[]>(),
    expiresAt: p.datetime(3),
    /** Renewed at most once a minute. */
    lastUsedAt: p.datetime(3).nullable(),
    revokedAt: p.datetime(3).nullable(),
  },
});

export class ApiToken extends ApiTokenSchema.class {}
ApiTokenSchema.setClass(ApiToken);
