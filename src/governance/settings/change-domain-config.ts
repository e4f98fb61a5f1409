import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { currentOrganization } from '../../platform/current.js';
import { findLocked } from '../../platform/database/locked.js';
import { transact } from '../../platform/database/transaction.js';
import { refuseChanged } from '../../platform/http/etag.js';
import { domainChanged, Organization, type OrganizationSettings, type Term } from '../../tenancy/index.js';
import { type DomainConfigChange } from './organization-input.js';
import { domainConfigJson } from './organization-json.js';

/**
 * Domain, words or settings change. Another domain brings its own states and words; marks keep the states they have.
 * @throws Problem 412 when the configuration is not `expected` any more
 */
export class ChangeDomainConfig implements ICommand {
  constructor(
    readonly input: DomainConfigChange,
    readonly expected: string | null = null,
  ) {}
}

@CommandHandler(ChangeDomainConfig)
export class ChangeDomainConfigHandler implements ICommandHandler<ChangeDomainConfig, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ input, expected }: ChangeDomainConfig): Promise<void> {
    await transact(this.em, 'organization.configured', async (tx) => {
      const organization = await findLocked(tx, Organization, currentOrganization());
      refuseChanged(expected, domainConfigJson(organization));
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
