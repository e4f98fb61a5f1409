import { currentScopes } from '../platform/current.js';

export const ROLES = ['administrator', 'manager', 'frontline', 'external'] as const;
export type Role = (typeof ROLES)[number];

/** How far a permission reaches: every row, the rows of the user's groups, or the user's own rows. */
export type Reach = 'all' | 'groups' | 'own';

export const PERMISSIONS = [
  'organization.configure',
  'user.manage',
  'audit.view',
  'retention.run',
  'conflict.resolve',
  'session.unlock',
  'participant.manage',
  'group.manage',
  'session.manage',
  'import.run',
  'participant.enrol',
  'session.start',
  'session.end',
  'register.complete',
  'session.create',
  'roster.view',
  'presence.view',
  'presence.history',
  'presence.record',
  'presence.correct',
  'report.view',
  'export.run',
  'presence.submit',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

const everything = Object.fromEntries(
  PERMISSIONS.filter((each) => each !== 'presence.submit').map((each) => [each, 'all' as const]),
);

/** The table of rights. A permission that is absent is refused; routes name permissions, never roles. */
const RIGHTS: Record<Role, Partial<Record<Permission, Reach>>> = {
  administrator: everything,
  manager: {
    'roster.view': 'all',
    'presence.view': 'all',
    'presence.history': 'all',
    'report.view': 'all',
    'export.run': 'all',
  },
  frontline: {
    'participant.enrol': 'groups',
    'session.start': 'groups',
    'session.end': 'groups',
    'register.complete': 'groups',
    'session.create': 'groups',
    'roster.view': 'groups',
    'presence.view': 'groups',
    'presence.history': 'groups',
    'presence.record': 'groups',
    'presence.correct': 'groups',
    'report.view': 'groups',
    'export.run': 'groups',
  },
  external: {
    'roster.view': 'own',
    'presence.view': 'own',
    'presence.history': 'own',
    'report.view': 'own',
    'presence.submit': 'own',
  },
};

/**
 * What somebody may do here and now. A token of an integration reaches no further than its scopes, wherever the code asks
 * this question.
 * @param settings the organization's settings: a frontline user creates sessions unless they say otherwise
 * @returns how far the permission reaches for this role, or null when it is refused
 */
export function reachOf(
  role: Role,
  permission: Permission,
  settings: { frontline_creates_sessions?: boolean | undefined },
): Reach | null {
  const scopes = currentScopes();
  return scopes && !scopes.includes(permission) ? null : reachOfRole(role, permission, settings);
}

/**
 * How far a permission reaches for a role, whoever asks: for rules that take something away from people. A token that
 * leaves a permission out must not be free of the limits that come with it.
 */
export function reachOfRole(
  role: Role,
  permission: Permission,
  settings: { frontline_creates_sessions?: boolean | undefined },
): Reach | null {
  if (role === 'frontline' && permission === 'session.create' && settings.frontline_creates_sessions === false)
    return null;
  return RIGHTS[role]?.[permission] ?? null;
}

/** @returns the permissions of a role, in the order of the table */
export function permissionsOf(role: Role, settings: { frontline_creates_sessions?: boolean }): Permission[] {
  return PERMISSIONS.filter((permission) => reachOf(role, permission, settings) !== null);
}
