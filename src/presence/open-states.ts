import { fold } from '../platform/text.js';
import { DOMAIN_PACKS, whenOrganizationOpens } from '../tenancy/index.js';
import { PresenceState } from './presence-state.entity.js';

/** A new organization starts with the states of its domain pack. */
export function registerStates(): void {
  whenOrganizationOpens(openStates);
}

const openStates: Parameters<typeof whenOrganizationOpens>[0] = (tx, organization) => {
  DOMAIN_PACKS[organization.domainType].states.forEach((state, at) =>
    tx.create(PresenceState, {
      organization: organization.id,
      domain: organization.domainType,
      code: state.code,
      label: state.label,
      color: state.color,
      category: state.category,
      shortcut: fold(state.shortcut),
      sortOrder: at + 1,
      isDefault: state.is_default ?? false,
    }),
  );
};
