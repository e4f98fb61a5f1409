import { corporate } from './corporate.js';
import { DOMAIN_TYPES, type DomainPack, type DomainType, type Term, type TermName } from './domain-pack.js';
import { education } from './education.js';
import { events } from './events.js';
import { hospitality } from './hospitality.js';

export const DOMAIN_PACKS: Record<DomainType, DomainPack> = { education, hospitality, events, corporate };

/** @returns the words of an organization: its own where it chose some, else those of its domain */
export function termsOf(organization: {
  domainType: DomainType;
  settings: { terms?: Record<string, Term> };
}): Record<TermName, Term> {
  return { ...DOMAIN_PACKS[organization.domainType].terms, ...organization.settings.terms };
}

export { DOMAIN_TYPES };
export * from './domain-pack.js';
