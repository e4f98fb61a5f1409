import { type Organization, settingsOf, termsOf } from '../../tenancy/index.js';

/** The organization as programs see it. */
export const organizationJson = (organization: Organization) => ({
  id: organization.id,
  name: organization.name,
  slug: organization.slug,
  domain_type: organization.domainType,
  time_zone: organization.timeZone,
  locale: organization.locale,
  created_at: organization.createdAt.toISOString(),
  updated_at: organization.updatedAt.toISOString(),
});

/** Domain, words and settings, with defaults filled in. */
export const domainConfigJson = (organization: Organization) => ({
  domain_type: organization.domainType,
  terms: termsOf(organization),
  settings: settingsOf(organization),
});
