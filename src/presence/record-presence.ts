import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type SignedInUser } from '../auth/index.js';
import { transact } from '../platform/database/transaction.js';
import { Problem, type Refusal } from '../platform/http/problem.js';
import { actOf } from './act.js';
import { keepMarks, type Kept } from './keep-marks.js';
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
    refuseTwice(marks);
    return transact(this.em, options.fact ?? 'presence.recorded', async (tx) => {
      const act = await actOf(tx, sessionId, by);
      const kept = await keepMarks(tx, act, marks);
      const judged = options.leaveStale ? kept.filter(({ judgement }) => judgement.outcome !== 'conflict') : kept;
      refuseWhole(judged, options.many ?? false);
      return kept;
    });
  }
}

/** The same person, or the same operation, twice in one request is a mistake of the sender, not two marks. */
function refuseTwice(marks: Mark[]): void {
  const people = new Set<number>();
  const ops = new Set<string>();
  const refusals: Refusal[] = [];
  marks.forEach((mark, row) => {
    if (people.has(mark.participant))
      refusals.push({
        code: 'invalid',
        field: 'participant_id',
        row,
        message: 'This person stands in the request twice.',
      });
    else if (ops.has(mark.opId))
      refusals.push({
        code: 'invalid',
        field: 'op_id',
        row,
        message: 'This operation id stands in the request twice.',
      });
    people.add(mark.participant);
    ops.add(mark.opId);
  });
  if (refusals.length > 0) throw new Problem(422, refusals);
}

/** @throws the refusal of the first mark that cannot stand; thrown inside the transaction, so nothing is kept */
export function refuseWhole(kept: Kept[], many: boolean): void {
  const refused = kept.flatMap(({ judgement, record }, row) => {
    if (judgement.outcome === 'conflict') return [stale(record, many ? row : undefined)];
    if (judgement.outcome !== 'parked' && judgement.outcome !== 'rejected') return [];
    const { status, refusal } = refusedMark(judgement.code, many ? row : undefined);
    return [new Problem(status, refusal)];
  });
  if (refused.length === 0) return;
  // 403 before 422 before 409: the order in which the contract decides.
  const order = [403, 422, 409];
  const status = order.find((each) => refused.some((problem) => problem.status === each)) ?? refused[0]!.status;
  const same = refused.filter((problem) => problem.status === status);
  throw new Problem(status, same.flatMap((problem) => problem.refusals).slice(0, 100), same[0]!.more);
}
