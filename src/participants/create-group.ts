import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { currentOrganization } from '../platform/current.js';
import { transact } from '../platform/database/transaction.js';
import { DOMAIN_PACKS, Organization } from '../tenancy/index.js';
import { Group, sortNameOf } from './group.entity.js';
import { type NewGroup, refuseImpossibleParent, refuseTakenGroup } from './group-input.js';

/** A new class, service, track or team. Answers the id. */
export class CreateGroup implements ICommand {
  constructor(readonly input: NewGroup) {}
}

@CommandHandler(CreateGroup)
export class CreateGroupHandler implements ICommandHandler<CreateGroup, number> {
  constructor(private readonly em: EntityManager) {}

  async execute({ input }: CreateGroup): Promise<number> {
    return transact(this.em, 'group.created', async (tx) => {
      await refuseTakenGroup(tx, input.external_id);
      if (input.parent_id) await refuseImpossibleParent(tx, input.parent_id, null);
      const { domainType } = await tx.findOneOrFail(Organization, { id: currentOrganization() });
      const group = tx.create(Group, {
        name: input.name,
        sortName: sortNameOf(input.name),
        externalId: input.external_id ?? null,
        parent: input.parent_id ?? null,
        groupType: input.group_type ?? DOMAIN_PACKS[domainType].group_types[0]!.code,
        extraData: input.extra_data ?? {},
        isActive: input.is_active ?? true,
      });
      await tx.flush();
      return group.id;
    });
  }
}
