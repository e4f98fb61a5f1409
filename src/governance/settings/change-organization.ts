import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { currentOrganization } from '../../platform/current.js';
import { findLocked } from '../../platform/database/locked.js';
import { transact } from '../../platform/database/transaction.js';
import { refuseChanged } from '../../platform/http/etag.js';
import { refuseStaleForm, type Seen } from '../../platform/ledger/edited-meanwhile.js';
import { Organization } from '../../tenancy/index.js';
import { type OrganizationChange } from './organization-input.js';
import { organizationJson } from './organization-json.js';

/**
 * Name, time zone or language of the organization change.
 * @throws Problem 409 `stale` (the form is older than somebody else's change of the same); 412
 */
export class ChangeOrganization implements ICommand {
  constructor(
    readonly input: OrganizationChange,
    readonly seen: Seen = {},
  ) {}
}

@CommandHandler(ChangeOrganization)
export class ChangeOrganizationHandler implements ICommandHandler<ChangeOrganization, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ input, seen }: ChangeOrganization): Promise<void> {
    await transact(this.em, 'organization.changed', async (tx) => {
      const organization = await findLocked(tx, Organization, currentOrganization());
      await refuseStaleForm(tx, 'organizations', organization.id, seen.version ?? null, Object.keys(input));
      refuseChanged(seen.etag, organizationJson(organization));
      if (input.name !== undefined) organization.name = input.name;
      if (input.time_zone !== undefined) organization.timeZone = input.time_zone;
      if (input.locale !== undefined) organization.locale = input.locale;
      await tx.flush();
    });
  }
}
