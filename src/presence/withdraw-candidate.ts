import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type SignedInUser } from '../auth/index.js';
import { read } from '../platform/database/read.js';
import { transact } from '../platform/database/transaction.js';
import { Problem } from '../platform/http/problem.js';
import { cellsOf, setDisputed } from './cells.js';
import { openConflictsOf, takeOut } from './conflicts.js';

/**
 * The author takes his own candidate back: the mark in force stands. The last one to go closes the conflict.
 * Errors: 404 when there is no such operation of this user; 409 stale when it was settled meanwhile.
 */
export class WithdrawCandidate implements ICommand {
  constructor(
    readonly opId: string,
    readonly by: SignedInUser,
  ) {}
}

@CommandHandler(WithdrawCandidate)
export class WithdrawCandidateHandler implements ICommandHandler<WithdrawCandidate, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ opId, by }: WithdrawCandidate): Promise<void> {
    await transact(this.em, 'presence.withdrawn', async (tx) => {
      const [receipt] = await read<{
        id: number;
        session_id: number;
        participant_id: number;
        settlement: string | null;
      }>(
        tx,
        `select id, session_id, participant_id, settlement from presence_operations
          where organization_id = :organization and op_id = :op and author_id = :author and outcome = 'conflict'`,
        { op: opId, author: by.id },
      );
      if (!receipt) throw new Problem(404, { code: 'not_found', message: 'There is nothing here.' });
      if (receipt.settlement === 'withdrawn') return;
      const participant = Number(receipt.participant_id);
      const cells = await cellsOf(tx, Number(receipt.session_id), [participant]);
      const open = (await openConflictsOf(tx, Number(receipt.session_id), [participant])).get(participant);
      const candidate = open?.candidates.find(({ id }) => id === Number(receipt.id));
      if (!open || !candidate)
        throw new Problem(409, { code: 'stale', message: 'Somebody has settled this conflict meanwhile.' });
      if (!(await takeOut(tx, open, candidate.id, 'withdrawn'))) await setDisputed(tx, cells.get(participant)!, false);
    });
  }
}
