import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { currentOrganization } from '../../platform/current.js';
import { findLocked } from '../../platform/database/locked.js';
import { transact } from '../../platform/database/transaction.js';
import { refuseChanged } from '../../platform/http/etag.js';
import { refuseStaleForm, type Seen } from '../../platform/ledger/edited-meanwhile.js';
import { domainChanged, Organization, type OrganizationSettings, type Term } from '../../tenancy/index.js';
import { type DomainConfigChange } from './organization-input.js';
import { domainConfigJson } from './organization-json.js';

/**
 * Domain, words or settings change. Another domain brings its own states and words; marks keep the states they have.
 * @throws Problem 409 `stale` (the form is older than somebody else's change of the same); 412
 */
export class ChangeDomainConfig implements ICommand {
  constructor(
    readonly input: DomainConfigChange,
    readonly seen: Seen = {},
  ) {}
}

@CommandHandler(ChangeDomainConfig)
export class ChangeDomainConfigHandler implements ICommandHandler<ChangeDomainConfig, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ input, seen }: ChangeDomainConfig): Promise<void> {
    await transact(this.em, 'organization.configured', async (tx) => {
      const organization = await findLocked(tx, Organization, currentOrganization());
      await refuseStaleForm(tx, 'organizations', organization.id, seen.version ?? null, fieldsOf(input));
      refuseChanged(seen.etag, domainConfigJson(organization));
      const settings: OrganizationSettings = { ...organization.settings };
      const switched = input.domain_type !== undefined && input.domain_type !== organization.domainType;
      if (switched) {
        organization.domainType = input.domain_type!;
        // A school's own word for "class" says nothing about a hotel.
        delete settings.terms;
      }
      if (input.terms) settings.terms = merged(settings.terms ?? {}, input.terms) as Record<string, Term>;
      if (settings.terms && Object.keys(settings.terms).length === 0) delete settings.terms;
      organization.settings = merged(settings, input.settings ?? {}) as OrganizationSettings;
      await tx.flush();
      if (switched) await domainChanged(tx, organization);
      await tx.flush();
    });
  }
}

/** Another domain has other words. */
const fieldsOf = ({ domain_type, terms, settings }: DomainConfigChange): string[] => [
  ...(domain_type || terms ? ['domain_type', 'terms'] : []),
  ...Object.keys(settings ?? {}),
];

/** Absent is unchanged, null takes the entry away. */
function merged(own: object, change: object): object {
  const result: Record<string, unknown> = { ...own };
  for (const [name, value] of Object.entries(change)) {
    if (value === undefined) continue;
    if (value === null) delete result[name];
    else result[name] = value;
  }
  return result;
}
