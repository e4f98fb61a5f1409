import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { z } from 'zod';
import { type Config } from '../../platform/config.js';
import { currentUser } from '../../platform/current.js';
import { transact } from '../../platform/database/transaction.js';
import { removeUpload, uploadsFolder } from '../../platform/files.js';
import { id as idText } from '../../platform/http/parse.js';
import { Problem, type Refusal } from '../../platform/http/problem.js';
import { Import } from './import.entity.js';
import { type ImportKind } from './kinds.js';
import { onError } from './receive-upload.js';
import { recognise } from './recognise.js';
import { recognitionOf } from './run-import.js';

const list = (value: unknown) => (value === undefined || value === '' ? [] : Array.isArray(value) ? value : [value]);

export const StartInput = z.object({
  ids: z.preprocess(list, z.array(idText).min(1, 'Choose at least one file.').max(50)),
  on_error: onError.default('skip'),
});
export type StartInput = z.output<typeof StartInput>;

const notWaiting = () =>
  new Problem(409, {
    code: 'stale',
    message: 'This import does not wait for a decision any more. Nothing was changed.',
  });

/** Starts uploaded files that wait; what others build on goes first. Starting what runs already changes nothing. */
export class StartImport implements ICommand {
  constructor(readonly input: StartInput) {}
}

@CommandHandler(StartImport)
export class StartImportHandler implements ICommandHandler<StartImport, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ input }: StartImport): Promise<void> {
    await transact(this.em, 'import.started', async (tx) => {
      const jobs = await tx.find(Import, { id: { $in: input.ids } }, { orderBy: { id: 'asc' } });
      if (jobs.length === 0) throw notWaiting();
      for (const job of jobs) {
        if (job.status === 'queued' || job.status === 'running') continue;
        if (job.status !== 'preview') throw notWaiting();
        const { problems } = recognitionOf(job);
        if (problems.length > 0)
          throw new Problem(
            422,
            problems.map((each): Refusal => ({ ...each })),
          );
        job.status = 'queued';
        job.onError = input.on_error;
        job.user = currentUser();
      }
      await tx.flush();
    });
  }
}

/** What the columns of a waiting file shall become: the person's word over the guess. */
export class ChooseColumns implements ICommand {
  constructor(
    readonly id: number,
    readonly kind: ImportKind,
    readonly mapping: Record<string, string>,
  ) {}
}

@CommandHandler(ChooseColumns)
export class ChooseColumnsHandler implements ICommandHandler<ChooseColumns, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ id, kind, mapping }: ChooseColumns): Promise<void> {
    await transact(this.em, 'import.mapped', async (tx) => {
      const job = await tx.findOneOrFail(Import, { id });
      if (job.status !== 'preview') throw notWaiting();
      const { header } = job.shape as { header: string[] };
      // Another kind has other fields: the choice made for the former one does not fit it.
      job.mapping = kind === job.kind ? recognise(header, { kind, mapping }).mapping : {};
      job.kind = kind;
      await tx.flush();
    });
  }
}

/** Throws away an uploaded file that waits. */
export class DiscardUpload implements ICommand {
  constructor(readonly id: number) {}
}

@CommandHandler(DiscardUpload)
export class DiscardUploadHandler implements ICommandHandler<DiscardUpload, void> {
  constructor(
    private readonly em: EntityManager,
    @Inject('config') private readonly config: Config,
  ) {}

  async execute({ id }: DiscardUpload): Promise<void> {
    const path = await transact(this.em, 'import.discarded', async (tx) => {
      const job = await tx.findOneOrFail(Import, { id });
      if ((await tx.nativeDelete(Import, { id, status: 'preview' })) !== 1) throw notWaiting();
      return job.filePath;
    });
    await removeUpload(uploadsFolder(this.config), path);
  }
}
