import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type SignedInUser } from '../auth/index.js';
import { transact } from '../platform/database/transaction.js';
import { Problem } from '../platform/http/problem.js';
import { actOf } from './act.js';
import { keepMarks } from './keep-marks.js';
import { type Kept } from './kept.js';
import { type Mark } from './mark.js';
import { refusedMark, stale } from './presence.problems.js';

/**
 * Marks people of one session: all of them or, when any is refused, none. With `leaveStale` marks that somebody else
 * changed meanwhile are left alone and told (`conflict`), and the others stand.
 * Who: presence.record in the session's group. Errors: 403, 409 stale | id_reuse | session_cancelled | session_locked,
 * 422 unknown | not_on_roster | state_unknown | required, with `row` when several were asked.
 */
export class RecordPresence implements ICommand {
  constructor(
    readonly sessionId: number,
    readonly marks: Mark[],
    readonly by: SignedInUser,
    readonly options: { many?: boolean; fact?: string; leaveStale?: boolean } = {},
  ) {}
}

@CommandHandler(RecordPresence)
export class RecordPresenceHandler implements ICommandHandler<RecordPresence, Kept[]> {
  constructor(private readonly em: EntityManager) {}

  async execute({ sessionId, marks, by, options }: RecordPresence): Promise<Kept[]> {
    return transact(this.em, options.fact ?? 'presence.recorded', async (tx) => {
      const act = await actOf(tx, sessionId, by);
      const kept = await keepMarks(tx, act, marks);
      refuseWhole(kept, options);
      return kept;
    });
  }
}

/** @returns whether this mark was left alone because somebody else changed the cell since */
export const wasLeft = ({ judgement }: Kept): boolean =>
  judgement.outcome === 'conflict' || (judgement.outcome === 'merged' && judgement.second);

/**
 * Refuses an act in which a mark cannot stand; thrown inside the transaction, so nothing of it is kept.
 * @param options many: refusals carry the row; leaveStale: marks that somebody else changed are no reason to refuse
 */
export function refuseWhole(kept: Kept[], options: { many?: boolean; leaveStale?: boolean }): void {
  const refused = kept.flatMap((each, at) => {
    const row = options.many ? at : undefined;
    if (wasLeft(each)) return options.leaveStale ? [] : [stale(each.record, row)];
    const { judgement } = each;
    if (judgement.outcome !== 'parked' && judgement.outcome !== 'rejected') return [];
    const { status, refusal } = refusedMark(judgement.code, row);
    return [new Problem(status, refusal)];
  });
  if (refused.length === 0) return;
  // 403 before 422 before 409: the order in which the contract decides.
  const status = [403, 422, 409].find((each) => refused.some((problem) => problem.status === each))!;
  const same = refused.filter((problem) => problem.status === status).slice(0, 100);
  throw new Problem(
    status,
    same.flatMap((problem) => problem.refusals),
    same[0]!.more,
  );
}
