import { randomUUID } from 'node:crypto';
import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type SignedInUser } from '../auth/index.js';
import { read } from '../platform/database/read.js';
import { transact } from '../platform/database/transaction.js';
import { Problem } from '../platform/http/problem.js';
import { uuidV5 } from '../platform/text.js';
import { actOf } from './act.js';
import { keepMarks } from './keep-marks.js';
import { type Kept } from './kept.js';
import { type Mark } from './mark.js';
import { type RecordJson } from './record-json.js';
import { refuseWhole } from './record-presence.js';

/** Marks the receipts of an undo, so that an undo is not offered for undoing. */
export const UNDO = 'undo';

/**
 * Takes an act of one's own back by a compensating act: each cell gets what it had before, as a new revision. Cells that
 * somebody changed since are left as they are and told (`conflict`).
 * @param act the batch id of a bulk act, or the op_id of a single mark
 * Errors: 404 when there is no such act of this user in this session; else as RecordPresence.
 */
export class UndoPresence implements ICommand {
  constructor(
    readonly sessionId: number,
    readonly act: string,
    readonly by: SignedInUser,
  ) {}
}

interface Done {
  op_id: string;
  participant_id: number;
  revision: number;
  /** The answer of the revision before, JSON. */
  earlier: string | null;
}

@CommandHandler(UndoPresence)
export class UndoPresenceHandler implements ICommandHandler<UndoPresence, Kept[]> {
  constructor(private readonly em: EntityManager) {}

  async execute({ sessionId, act: actId, by }: UndoPresence): Promise<Kept[]> {
    return transact(this.em, 'presence.undone', async (tx) => {
      const batchId = uuidV5(actId, UNDO);
      const act = await actOf(tx, sessionId, by, { batchId, flags: UNDO });
      const done = await doneBy(tx, sessionId, actId, by.id);
      if (done.length === 0)
        throw new Problem(404, { code: 'not_found', message: 'There is nothing of yours to undo here.' });
      const marks = done.map((each): Mark => {
        const before = each.earlier === null ? null : (JSON.parse(each.earlier) as RecordJson);
        const time = (text: string | null | undefined) => (text ? new Date(text) : null);
        return {
          // Not derived from the mark's id, which others see: nobody can take it away. An undo that came before is `merged`.
          opId: randomUUID(),
          participant: Number(each.participant_id),
          state: before?.presence_state ?? null,
          base: each.revision,
          note: before?.note ?? null,
          arrivedAt: time(before?.arrived_at),
          leftAt: time(before?.left_at),
        };
      });
      const kept = await keepMarks(tx, act, marks);
      refuseWhole(kept, { many: true, leaveStale: true });
      return kept;
    });
  }
}

/** What the act did, with the answer of the revision before each of its own. */
function doneBy(em: EntityManager, session: number, act: string, author: number): Promise<Done[]> {
  return read<Done>(
    em,
    `select o.op_id, o.participant_id, o.revision, b.answer as earlier
       from presence_operations o
       left join presence_operations b
         on b.organization_id = o.organization_id and b.session_id = o.session_id
        and b.participant_id = o.participant_id and b.outcome = 'applied' and b.revision = o.revision - 1
      where o.organization_id = :organization and o.session_id = :session and o.author_id = :author
        and o.outcome = 'applied' and o.kind = 'presence' and (o.batch_id = :act or o.op_id = :act)
      order by o.participant_id`,
    { session, act, author },
  );
}
