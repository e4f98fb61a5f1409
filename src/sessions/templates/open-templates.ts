import { type EntityManager } from '@mikro-orm/core';
import { currentOrganization } from '../../platform/current.js';
import { translatorOf } from '../../platform/i18n.js';
import {
  type Consequence,
  DOMAIN_PACKS,
  type DomainType,
  Organization,
  whenDomainChanges,
  whenOrganizationOpens,
} from '../../tenancy/index.js';
import { SessionTemplate } from '../session-template.entity.js';

/** A template as the form of a new session offers it. */
export interface OfferedTemplate {
  name: string;
  location: string | null;
  minutes: number;
  start_time: string | null;
}

/** A new organization begins with the templates of its domain; one that changes its domain gets those of the new one. */
export function registerTemplates(): void {
  whenOrganizationOpens(openTemplates);
  whenDomainChanges(templatesOfNewDomain, foreseeTemplates);
}

const openTemplates: Parameters<typeof whenOrganizationOpens>[0] = (tx, organization) =>
  fillTemplates(tx, organization.domainType, organization.locale);

/**
 * What other domains brought, and nobody changed, is no longer offered; what people made stays. Whoever has none of his
 * own is lent those of the new domain already.
 */
async function templatesOfNewDomain(tx: EntityManager, { domainType, locale }: Organization): Promise<void> {
  const own = await tx.find(SessionTemplate, {});
  if (own.length === 0) return;
  const brought = (domain: DomainType) =>
    new Set(packed(domain, locale).map(({ name, minutes }) => `${minutes} ${name}`));
  const isOf = (names: Set<string>) => (each: SessionTemplate) =>
    !each.location && !each.startTime && names.has(`${each.minutes} ${each.name}`);
  const others = (Object.keys(DOMAIN_PACKS) as DomainType[]).filter((domain) => domain !== domainType);
  for (const domain of others) for (const each of own.filter(isOf(brought(domain)))) each.isActive = false;
  // Those of a domain that the organization had before come back.
  const known = own.filter(isOf(brought(domainType)));
  for (const each of known) each.isActive = true;
  if (known.length === 0) fillTemplates(tx, domainType, locale);
}

async function foreseeTemplates(em: EntityManager, to: DomainType): Promise<Consequence[]> {
  const { locale } = await em.findOneOrFail(Organization, { id: currentOrganization() });
  const templates = packed(to, locale).map(({ name }) => name);
  return [
    {
      message: 'The templates to plan with become: {templates}. Those that you made or changed stay.',
      params: { templates: templates.join(', ') },
    },
  ];
}

/** The templates of a domain in the organization's language. */
function packed(domain: DomainType, locale: string): { name: string; minutes: number }[] {
  const words = translatorOf(locale);
  return DOMAIN_PACKS[domain].session_templates.map(({ name, minutes }) => ({ name: words.text(name), minutes }));
}

/** Writes the templates of a domain as the organization's own; the caller flushes. */
export function fillTemplates(tx: EntityManager, domain: DomainType, locale: string): void {
  packed(domain, locale).forEach(({ name, minutes }, at) =>
    tx.create(SessionTemplate, {
      name,
      minutes,
      location: null,
      startTime: null,
      sortOrder: (at + 1) * 10,
    }),
  );
}

/** @returns what is offered: the organization's own list, or that of its domain while it never had one */
export async function offeredTemplates(em: EntityManager, domain: DomainType): Promise<OfferedTemplate[]> {
  const own = await em.find(SessionTemplate, {}, { orderBy: { sortOrder: 'asc', id: 'asc' } });
  if (own.length === 0)
    return DOMAIN_PACKS[domain].session_templates.map((each) => ({ ...each, location: null, start_time: null }));
  return own
    .filter((each) => each.isActive)
    .map(({ name, location, minutes, startTime }) => ({
      name,
      location: location ?? null,
      minutes,
      start_time: startTime ?? null,
    }));
}
