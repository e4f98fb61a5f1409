import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type SignedInUser } from '../auth/index.js';
import { transact } from '../platform/database/transaction.js';
import { uuidV5 } from '../platform/text.js';
import { actOf } from './act.js';
import { keepMarks } from './keep-marks.js';
import { type Act, type Kept } from './kept.js';
import { type Mark } from './mark.js';
import { refuseWhole } from './record-presence.js';
import { rollCall } from './roll-call.query.js';

/** Whom a bulk act means: everybody who is not marked yet, or these, on the revisions that the person saw. */
export type Scope = 'unmarked' | { participant: number; base: number | null }[];

/**
 * Sets one state for many people of a session in one act, which can be undone by its batch id. Marks that somebody
 * else changed meanwhile are left as they are and told (`conflict`); any other refusal refuses the whole act.
 * The same batch again changes nothing: each person's operation id follows from the batch.
 */
export class RecordPresenceInBulk implements ICommand {
  constructor(
    readonly sessionId: number,
    readonly scope: Scope,
    readonly state: string | null,
    readonly batchId: string,
    readonly by: SignedInUser,
  ) {}
}

@CommandHandler(RecordPresenceInBulk)
export class RecordPresenceInBulkHandler implements ICommandHandler<RecordPresenceInBulk, Kept[]> {
  constructor(private readonly em: EntityManager) {}

  async execute({ sessionId, scope, state, batchId, by }: RecordPresenceInBulk): Promise<Kept[]> {
    return transact(this.em, 'presence.recorded', async (tx) => {
      const act = await actOf(tx, sessionId, by, { batchId });
      const meant = scope === 'unmarked' ? await unmarked(tx, act) : scope;
      const marks = meant.map(({ participant, base }): Mark => ({
        // With the base, so that the same button after an undo is another act.
        opId: uuidV5(batchId, `${participant}:${base}`),
        participant,
        state,
        base,
      }));
      const kept = await keepMarks(tx, act, marks);
      refuseWhole(kept, { many: true, leaveStale: true });
      return kept;
    });
  }
}

async function unmarked(tx: EntityManager, act: Act) {
  const rows = await rollCall(tx, act.roster);
  return rows.filter((row) => row.state === null).map((row) => ({ participant: row.id, base: row.revision }));
}
