import { defineEntity, p } from '@mikro-orm/core';
import { tenantColumns } from '../tenancy/index.js';
import { User } from './user.entity.js';

/** The signed-in state of one browser. Found by the hash of its token: the token itself is only in the cookie. */
const LoginSessionSchema = defineEntity({
  name: 'LoginSession',
  tableName: 'login_sessions',
  properties: {
    ...tenantColumns,
    user: () => p.manyToOne(User).mapToPk().fieldName('user_id'),
    tokenHash: p.string().length(64).unique(),
    data: p.text(),
    deviceLabel: p.string().length(200),
    ip: p.string().length(64),
    /** SHA-256 of the browser profile's cookie, where it has one: a revoked device is signed out by it. */
    deviceHash: p.string().length(64).nullable(),
    /** The end whatever happens (SESSION_MAX_HOURS after signing in). */
    expiresAt: p.datetime(3).index(),
    /** Renewed at most once a minute; SESSION_IDLE_MINUTES after it the sign-in has ended. */
    lastSeenAt: p.datetime(3),
  },
  indexes: [{ name: 'login_sessions_device_index', properties: ['organization', 'deviceHash'] }],
});

export class LoginSession extends LoginSessionSchema.class {}
LoginSessionSchema.setClass(LoginSession);
