import { type EntityManager } from '@mikro-orm/core';
import { readAcrossOrganizations } from '../platform/database/read.js';
import { type Organization, type OrganizationSettings, type DomainType } from '../tenancy/index.js';
import { type Role } from './permissions.js';

/** The user of a request, with what every page needs to know about his organization. One query a request. */
export interface SignedInUser {
  id: number;
  email: string;
  name: string;
  role: Role;
  participantId: number | null;
  /** The language that he chose himself. */
  locale: string | null;
  /** Whether his sign-in asks for a code. */
  secondFactor: boolean;
  organization: Pick<Organization, 'id' | 'name' | 'slug' | 'domainType' | 'timeZone' | 'locale' | 'settings'>;
}

/** @returns `organization:user`: whose rows a browser may show, and whose marks it holds */
export const bindingOf = (user: SignedInUser): string => `${user.organization.id}:${user.id}`;

interface Row {
  id: number;
  email: string;
  first_name: string;
  last_name: string;
  role: Role;
  participant_id: number | null;
  user_locale: string | null;
  totp_enabled_at: unknown;
  organization_id: number;
  organization_name: string;
  slug: string;
  domain_type: DomainType;
  time_zone: string;
  locale: string;
  settings: string | OrganizationSettings;
}

/** @returns the active user of this id in a living organization, or null */
export async function signedInUser(em: EntityManager, id: number): Promise<SignedInUser | null> {
  const [row] = await readAcrossOrganizations<Row>(
    em,
    `select u.id, u.email, u.first_name, u.last_name, u.role, u.participant_id, u.organization_id,
            u.locale as user_locale, u.totp_enabled_at, o.name as organization_name, o.slug, o.domain_type, o.time_zone, o.locale, o.settings
       from users u join organizations o on o.id = u.organization_id
      where u.id = :id and u.status = 'active' and o.deleted_at is null`,
    { id },
  );
  if (!row) return null;
  return {
    id: Number(row.id),
    email: row.email,
    name: `${row.first_name} ${row.last_name}`.trim(),
    role: row.role,
    participantId: row.participant_id === null ? null : Number(row.participant_id),
    locale: row.user_locale,
    secondFactor: row.totp_enabled_at !== null,
    organization: {
      id: Number(row.organization_id),
      name: row.organization_name,
      slug: row.slug,
      domainType: row.domain_type,
      timeZone: row.time_zone,
      locale: row.locale,
      settings: typeof row.settings === 'string' ? (JSON.parse(row.settings) as OrganizationSettings) : row.settings,
    },
  };
}
