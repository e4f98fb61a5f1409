import { type EntityManager } from '@mikro-orm/core';
import { z } from 'zod';
import { current } from '../platform/current.js';
import { invalid } from '../platform/http/problem.js';
import { text } from '../platform/http/parse.js';
import { DOMAIN_TYPES } from './domains/index.js';
import { locale } from './languages.js';
import { Organization } from './organization.entity.js';

/** A zone of the IANA database, as this Node knows it. */
export const timeZone = z
  .string()
  .refine((zone) => isTimeZone(zone), { error: 'This time zone is not known. Use a name such as Europe/Paris.' });

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return /^[A-Za-z]/.test(zone);
  } catch {
    return false;
  }
}

export const NewOrganization = z.object({
  name: text(255),
  slug: z
    .string()
    .trim()
    .regex(/^[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?$/, 'Use up to 50 small letters, digits and hyphens.'),
  domain: z.enum(DOMAIN_TYPES, { error: 'Choose education, hospitality, events or corporate.' }),
  time_zone: timeZone,
  locale: locale.default('en'),
});
export type NewOrganization = z.output<typeof NewOrganization>;

type Opening = (em: EntityManager, organization: Organization) => void;
const openings: Opening[] = [];

/** A module further right registers what a new organization starts with (presence: the states of its domain). */
export function whenOrganizationOpens(opening: Opening): void {
  if (!openings.includes(opening)) openings.push(opening);
}

/**
 * Opens an organization inside the caller's transaction; from then on the caller acts for it.
 * @throws Problem 422 `taken` when the slug is in use
 */
export async function openOrganization(tx: EntityManager, input: NewOrganization): Promise<Organization> {
  if (await tx.findOne(Organization, { slug: input.slug }, { filters: false }))
    throw invalid('slug', 'This short name is taken by another organization.', 'taken');
  const organization = tx.create(Organization, {
    name: input.name,
    slug: input.slug,
    domainType: input.domain,
    timeZone: input.time_zone,
    locale: input.locale,
    settings: {},
  });
  await tx.flush();
  current().organizationId = organization.id;
  tx.setFilterParams('tenant', { organization: organization.id });
  for (const opening of openings) opening(tx, organization);
  await tx.flush();
  return organization;
}
