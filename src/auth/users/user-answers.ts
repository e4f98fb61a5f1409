import { z } from 'zod';
import { idOut, instantOut } from '../../platform/http/answers.js';
import { PERMISSIONS, ROLES } from '../permissions.js';

/** What the doors of users and of sign-in answer, as programs see it. */
export const UserOut = z
  .object({
    id: idOut,
    email: z.string(),
    first_name: z.string(),
    last_name: z.string(),
    role: z.enum(ROLES),
    status: z.enum(['invited', 'active', 'disabled']),
    participant_id: idOut.nullable(),
    last_login_at: instantOut.nullable(),
    group_ids: z.array(idOut),
    second_factor: z.boolean(),
    created_at: instantOut,
    updated_at: instantOut,
  })
  .meta({ id: 'User' });

/** A new user; with an invitation its link, told only here. */
export const InvitedUserOut = UserOut.extend({
  invitation_url: z.string().optional(),
  mail_sent: z.boolean().optional(),
}).meta({ id: 'InvitedUser' });

export const LinkOut = z.object({ url: z.string(), mail_sent: z.boolean(), expires_at: instantOut.optional() });

export const SignedInOut = z
  .object({
    user: z.object({
      id: idOut,
      email: z.string(),
      role: z.enum(ROLES),
      permissions: z.array(z.enum(PERMISSIONS)),
      organization: z.object({
        id: idOut,
        name: z.string(),
        slug: z.string(),
        domain_type: z.string(),
        time_zone: z.string(),
      }),
    }),
  })
  .meta({ id: 'SignedIn' });

export const TokenOut = z
  .object({
    id: idOut,
    name: z.string(),
    hint: z.string(),
    scopes: z.array(z.enum(PERMISSIONS)),
    expires_at: instantOut,
    last_used_at: instantOut.nullable(),
    revoked_at: instantOut.nullable(),
    created_at: instantOut,
  })
  .meta({ id: 'Token' });

/** The one answer that carries the token itself. */
export const NewTokenOut = TokenOut.extend({ token: z.string() }).meta({ id: 'NewTokenMade' });

export const LoginSessionOut = z
  .object({
    id: idOut,
    device_label: z.string(),
    ip: z.string(),
    created_at: instantOut,
    last_seen_at: instantOut,
    current: z.boolean(),
  })
  .meta({ id: 'LoginSession' });

export const EndedOut = z.object({ ended: z.int() });
export const SuccessOut = z.object({ success: z.literal(true) });
