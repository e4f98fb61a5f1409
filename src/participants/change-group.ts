import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { findLocked } from '../platform/database/locked.js';
import { transact } from '../platform/database/transaction.js';
import { refuseChanged } from '../platform/http/etag.js';
import { refuseStaleForm, type Seen } from '../platform/ledger/edited-meanwhile.js';
import { groupById } from './find-groups.query.js';
import { Group, sortNameOf } from './group.entity.js';
import { type GroupChange, oneMoveAtATime, refuseImpossibleParent, refuseTakenGroup } from './group-input.js';

/**
 * A group is renamed, moved in the tree or put right. What is absent stays; null clears.
 * Errors: 404; 409 `stale` (the form is older than somebody else's change); 412; 422.
 */
export class ChangeGroup implements ICommand {
  constructor(
    readonly id: number,
    readonly input: GroupChange,
    readonly seen: Seen & { today?: string } = {},
  ) {}
}

@CommandHandler(ChangeGroup)
export class ChangeGroupHandler implements ICommandHandler<ChangeGroup, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ id, input, seen }: ChangeGroup): Promise<void> {
    await transact(this.em, 'group.changed', async (tx) => {
      if (input.parent_id) await oneMoveAtATime(tx);
      const group = await findLocked(tx, Group, id);
      await refuseTakenGroup(tx, input.external_id, id);
      if (input.parent_id) await refuseImpossibleParent(tx, input.parent_id, id);
      await refuseStaleForm(tx, 'groups', id, seen.version ?? null, Object.keys(input));
      if (seen.etag) refuseChanged(seen.etag, await groupById(tx, id, seen.today!));
      if (input.parent_id !== undefined) group.parent = input.parent_id;
      if (input.name !== undefined) {
        group.name = input.name;
        group.sortName = sortNameOf(input.name);
      }
      if (input.external_id !== undefined) group.externalId = input.external_id;
      if (input.group_type !== undefined) group.groupType = input.group_type;
      if (input.extra_data !== undefined) group.extraData = input.extra_data ?? {};
      if (input.is_active !== undefined) group.isActive = input.is_active;
      await tx.flush();
    });
  }
}
