import { randomUUID } from 'node:crypto';
import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type z } from 'zod';
import { type SignedInUser } from '../auth/index.js';
import { transact } from '../platform/database/transaction.js';
import { actOf } from './act.js';
import { keepMarks } from './keep-marks.js';
import { type Kept } from './kept.js';
import { markOf, type Correction } from './mark.js';
import { PresenceRecord } from './presence-record.entity.js';
import { refuseWhole } from './record-presence.js';

/**
 * Changes a record that exists: its state, note or times; what is absent stays. After the lock it asks a reason.
 * Errors: as RecordPresence.
 */
export class CorrectPresence implements ICommand {
  constructor(
    readonly recordId: number,
    readonly input: z.output<typeof Correction>,
    readonly by: SignedInUser,
  ) {}
}

@CommandHandler(CorrectPresence)
export class CorrectPresenceHandler implements ICommandHandler<CorrectPresence, Kept> {
  constructor(private readonly em: EntityManager) {}

  async execute({ recordId, input, by }: CorrectPresence): Promise<Kept> {
    return transact(this.em, 'presence.corrected', async (tx) => {
      const record = await tx.findOneOrFail(PresenceRecord, { id: recordId });
      const act = await actOf(tx, record.session, by);
      const kept = await keepMarks(tx, act, [markOf({ ...input, participant_id: record.participant }, randomUUID())]);
      refuseWhole(kept, {});
      return kept[0]!;
    });
  }
}
