import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { findLocked } from '../../platform/database/locked.js';
import { transact } from '../../platform/database/transaction.js';
import { Problem } from '../../platform/http/problem.js';
import { Import } from './import.entity.js';
import { nextStart } from './job.js';

/** Asks for an import to be undone; the worker does it. Undoing what is undone already changes nothing. */
export class UndoImport implements ICommand {
  constructor(readonly id: number) {}
}

@CommandHandler(UndoImport)
export class UndoImportHandler implements ICommandHandler<UndoImport, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ id }: UndoImport): Promise<void> {
    await transact(this.em, 'import.undo_asked', async (tx) => {
      const job = await findLocked(tx, Import, id);
      if (job.status === 'undone' || job.status === 'undoing') return;
      if (job.status === 'preview' || job.status === 'queued' || job.status === 'running')
        throw new Problem(409, {
          code: 'not_finished',
          message: 'This import has not ended yet. It can be undone as soon as it has.',
        });
      if (job.dryRun)
        throw new Problem(409, {
          code: 'not_finished',
          message: 'This was a trial run: nothing was written, so nothing can be undone.',
        });
      job.status = 'undoing';
      job.claimedUntil = null;
      job.claim = nextStart(job.claim);
      await tx.flush();
    });
  }
}
