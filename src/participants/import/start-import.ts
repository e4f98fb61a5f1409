import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager, LockMode } from '@mikro-orm/core';
import { z } from 'zod';
import { type Config } from '../../platform/config.js';
import { currentUser } from '../../platform/current.js';
import { findLocked } from '../../platform/database/locked.js';
import { transact } from '../../platform/database/transaction.js';
import { removeUpload, uploadsFolder } from '../../platform/files.js';
import { flag, id as idText } from '../../platform/http/parse.js';
import { Problem, type Refusal } from '../../platform/http/problem.js';
import { columnsOfCounts, noCounts } from './counts.js';
import { ImportRow } from './import-row.entity.js';
import { Import } from './import.entity.js';
import { nextStart } from './job.js';
import { type ImportKind } from './kinds.js';
import { onError } from './receive-upload.js';
import { recognise } from './recognise.js';
import { rememberMapping } from './remember-mapping.js';
import { recognitionOf } from './run-import.js';

const list = (value: unknown) => (value === undefined || value === '' ? [] : Array.isArray(value) ? value : [value]);

export const StartInput = z.object({
  ids: z.preprocess(list, z.array(idText).min(1, 'Choose at least one file.').max(50)),
  on_error: onError.default('skip'),
  /** Looks at every row without writing; it can be started for good after that. */
  dry_run: flag.default(false),
});
export type StartInput = z.output<typeof StartInput>;

const notWaiting = () =>
  new Problem(409, {
    code: 'stale',
    message: 'This import does not wait for a decision any more. Nothing was changed.',
  });

/** Starts uploaded files that wait; what others build on goes first. Starting what runs already changes nothing. */
export class StartImport implements ICommand {
  constructor(
    readonly input: StartInput,
    /** Whether where the columns go is remembered: a person's word is, a program says it every time. */
    readonly remember = true,
  ) {}
}

@CommandHandler(StartImport)
export class StartImportHandler implements ICommandHandler<StartImport, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ input, remember }: StartImport): Promise<void> {
    await transact(this.em, 'import.started', async (tx) => {
      const held = { orderBy: { id: 'asc' }, lockMode: LockMode.PESSIMISTIC_WRITE } as const;
      const jobs = await tx.find(Import, { id: { $in: input.ids } }, held);
      if (jobs.length === 0) throw notWaiting();
      for (const job of jobs) {
        if (job.status === 'queued' || job.status === 'running') continue;
        await waitAgain(tx, job);
        const recognition = recognitionOf(job);
        const { problems } = recognition;
        if (problems.length > 0)
          throw new Problem(
            422,
            problems.map((each): Refusal => ({ ...each })),
          );
        if (remember && !input.dry_run) await rememberMapping(tx, job, recognition);
        job.status = 'queued';
        job.onError = input.on_error;
        job.dryRun = input.dry_run;
        job.user = currentUser();
      }
      await tx.flush();
    });
  }
}

/**
 * A trial run that has ended waits again: nothing was written, and what it told makes room for what comes.
 * @throws Problem 409 for an import that does not wait and was no trial run
 */
async function waitAgain(tx: EntityManager, job: Import): Promise<void> {
  if (job.status === 'preview') return;
  if (!job.dryRun || (job.status !== 'done' && job.status !== 'failed')) throw notWaiting();
  await tx.nativeDelete(ImportRow, { import: job.id });
  Object.assign(job, columnsOfCounts(noCounts()), {
    status: 'preview',
    dryRun: false,
    total: 0,
    checkpoint: 0,
    claim: nextStart(job.claim),
    failure: null,
    finishedAt: null,
  });
}

/** Leads from the result of a trial run back to the columns. */
export class WaitAgain implements ICommand {
  constructor(readonly id: number) {}
}

@CommandHandler(WaitAgain)
export class WaitAgainHandler implements ICommandHandler<WaitAgain, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ id }: WaitAgain): Promise<void> {
    await transact(this.em, 'import.reconsidered', async (tx) => {
      await waitAgain(tx, await findLocked(tx, Import, id));
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
      const job = await findLocked(tx, Import, id);
      if (job.status !== 'preview') throw notWaiting();
      const { header } = job.shape as { header: string[] };
      // Another kind has other fields: the choice made for the former one does not fit it.
      job.mapping = kind === job.kind ? recognise(header, { kind, mapping }).mapping : {};
      job.kind = kind;
      await tx.flush();
    });
  }
}

/** Takes back what a person, or what is remembered of him, said about the columns of a waiting file. */
export class GuessColumns implements ICommand {
  /** @param guess what the file is taken for; null: what its head says */
  constructor(
    readonly id: number,
    readonly guess: { kind: ImportKind; mapping: Record<string, string> } | null,
  ) {}
}

@CommandHandler(GuessColumns)
export class GuessColumnsHandler implements ICommandHandler<GuessColumns, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ id, guess }: GuessColumns): Promise<void> {
    await transact(this.em, 'import.mapped', async (tx) => {
      const job = await tx.findOneOrFail(Import, { id });
      if (job.status !== 'preview') throw notWaiting();
      const { header } = job.shape as { header: string[] };
      Object.assign(job, guess ?? { kind: recognise(header).kind, mapping: {} });
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
