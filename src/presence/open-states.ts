import { translatorOf } from '../platform/i18n.js';
import { fold } from '../platform/text.js';
import { type EntityManager } from '@mikro-orm/core';
import { read } from '../platform/database/read.js';
import {
  type Consequence,
  DOMAIN_PACKS,
  type DomainType,
  type Organization,
  whenDomainChanges,
  whenOrganizationOpens,
} from '../tenancy/index.js';
import { PresenceState } from './presence-state.entity.js';

/** A new organization starts with the states of its domain pack; one that changes its domain gets those of the new one. */
export function registerStates(): void {
  whenOrganizationOpens(openStates);
  whenDomainChanges(statesOfNewDomain, foreseeStates);
}

const openStates: Parameters<typeof whenOrganizationOpens>[0] = (tx, organization) => {
  // In the organization's language, once: from then on they are its own words.
  const words = translatorOf(organization.locale);
  DOMAIN_PACKS[organization.domainType].states.forEach((state, at) =>
    tx.create(PresenceState, {
      organization: organization.id,
      domain: organization.domainType,
      code: state.code,
      label: words.text(state.label),
      color: state.color,
      category: state.category,
      shortcut: fold(state.shortcut),
      sortOrder: at + 1,
      isDefault: state.is_default ?? false,
    }),
  );
};

/** States of a domain that the organization had before are still there, as it left them. */
async function statesOfNewDomain(tx: EntityManager, organization: Organization): Promise<void> {
  const known = await tx.count(PresenceState, { domain: organization.domainType });
  if (known === 0) openStates(tx, organization);
}

async function foreseeStates(em: EntityManager, to: DomainType): Promise<Consequence[]> {
  const own = await em.find(PresenceState, { domain: to, isActive: true }, { orderBy: { sortOrder: 'asc' } });
  const labels = own.length > 0 ? own.map((state) => state.label) : DOMAIN_PACKS[to].states.map((state) => state.label);
  const [marks] = await read<{ count: number }>(
    em,
    `select count(*) as count from presence_records
      where organization_id = :organization and presence_state_id is not null`,
  );
  const [open] = await read<{ count: number }>(
    em,
    `select count(*) as count from sessions where organization_id = :organization and status = 'running'`,
  );
  const told: Consequence[] = [
    { message: 'The states to mark with become: {states}.', params: { states: labels.join(', ') } },
    {
      message: 'Marks that stand keep their states and count as before: {count}.',
      params: { count: Number(marks!.count) },
    },
    { message: 'Marks that wait on devices with the old states are kept for you to decide.' },
  ];
  if (Number(open!.count) > 0)
    told.push({
      message: 'Registers that are open now would change in the middle: {count}.',
      params: { count: Number(open!.count) },
    });
  return told;
}
