import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { z } from 'zod';
import { type Config } from '../../platform/config.js';
import { currentUser } from '../../platform/current.js';
import { transact } from '../../platform/database/transaction.js';
import { removeUpload, uploadedFile, uploadsFolder } from '../../platform/files.js';
import { flag } from '../../platform/http/parse.js';
import { invalid, Problem, type Refusal } from '../../platform/http/problem.js';
import { guessFor } from './guess-dates.js';
import { Import } from './import.entity.js';
import { type ImportKind } from './kinds.js';
import { partOf, type ArchiveNote } from './oneroster/archive-files.js';
import { TableRefused } from './problem.js';
import { detectTable, type TableShape } from './read-table.js';
import { recognise } from './recognise.js';
import { rememberedFor } from './remember-mapping.js';

/** What to do with rows that hold errors: leave them out, or leave everything. */
export const onError = z.enum(['skip', 'abort'], { error: 'Choose skip or abort.' });

const mappingText = z
  .string()
  .max(100_000)
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue({ code: 'custom', message: 'The mapping is JSON: {"CSV header": "field"}.' });
      return z.NEVER;
    }
  });

/** The fields that come with a file through the REST door. */
export const BulkOptions = z
  .strictObject({
    mapping: mappingText.pipe(z.record(z.string().max(200), z.string().max(100))).optional(),
    dry_run: flag.default(false),
    on_error: onError.default('skip'),
  })
  .meta({ id: 'BulkOptions' });
export type BulkOptions = z.output<typeof BulkOptions>;

/** The same, in a form or in the address: a file of any kind may come, and a plain body has no room for them. */
export const ImportOptions = z.strictObject({
  mapping: BulkOptions.shape.mapping,
  dry_run: flag.optional(),
  on_error: onError.optional(),
  file_name: z.string().max(200).optional(),
});
export type ImportOptions = z.output<typeof ImportOptions>;

/** A file that lies in the uploads folder under a random name. */
export interface Upload {
  path: string;
  fileName: string;
  /** It was unpacked from a workbook: what goes back to the person is one too. */
  workbook?: boolean;
  /** Others came in the same archive. */
  together?: boolean;
  /** The archive of OneRoster that it was unpacked from. */
  archive?: ArchiveNote;
}

/**
 * Takes an uploaded file in: finds out what it is and keeps it as an import that waits (preview), or that starts at
 * once (`start`). Answers the id.
 * @throws Problem 413, 415, 422 when the file, its columns or the mapping cannot be used; the file is then removed
 */
export class ReceiveUpload implements ICommand {
  constructor(
    readonly upload: Upload,
    readonly start?: Start,
  ) {}
}

type Start = BulkOptions & {
  /** What this door takes; the first is assumed when the head says nothing. Empty: whatever is recognised. */
  kinds: ImportKind[];
  /** Waits all the same: others that came with it are looked at first. */
  waits?: boolean;
};

@CommandHandler(ReceiveUpload)
export class ReceiveUploadHandler implements ICommandHandler<ReceiveUpload, number> {
  private readonly folder: string;

  constructor(
    private readonly em: EntityManager,
    @Inject('config') config: Config,
  ) {
    this.folder = uploadsFolder(config);
  }

  async execute({ upload, start }: ReceiveUpload): Promise<number> {
    const values = await lookedAt(this.em, this.folder, upload, start);
    return transact(this.em, 'import.received', async (tx) => {
      const job = tx.create(Import, values);
      await tx.flush();
      return job.id;
    });
  }
}

/**
 * Finds out what an uploaded file is.
 * @returns the values of its import, not kept yet
 * @throws Problem as ReceiveUpload; the file is then removed
 */
export async function lookedAt(em: EntityManager, folder: string, upload: Upload, start?: Start) {
  try {
    const file = uploadedFile(folder, upload.path);
    const shape = await shapeOf(file);
    const found = recognise(shape.header, { mapping: start?.mapping });
    const recognised =
      start && start.kinds.length > 0 && found.kind === 'unknown'
        ? recognise(shape.header, { kind: start.kinds[0], mapping: start.mapping })
        : found;
    if ((!start || start.kinds.length === 0) && found.kind === 'unknown' && partOf(shape.header))
      throw refusedFile(new TableRefused('only_in_archive'));
    if (start) refuseUnusable(recognised, start.kinds);
    const fileHash = await hashOf(file);
    // A program says itself where its columns go; a person is spared saying it again.
    const last = start ? null : await rememberedFor(em, shape.header);
    const guess = start || last ? null : await guessFor(file, shape);
    return {
      user: currentUser(),
      kind: last?.kind ?? guess?.kind ?? recognised.kind,
      fileName: upload.fileName,
      fileHash,
      filePath: upload.path,
      shape: {
        ...shape,
        ...(upload.workbook && { workbook: true }),
        ...(upload.archive && { archive: upload.archive }),
        ...(upload.together && { together: true }),
      },
      mapping: start?.mapping ?? last?.mapping ?? guess?.mapping ?? {},
      status: start && !start.waits ? 'queued' : 'preview',
      dryRun: start?.dry_run ?? false,
      onError: start?.on_error ?? 'skip',
    } as const;
  } catch (error) {
    await removeUpload(folder, upload.path);
    throw error;
  }
}

async function shapeOf(file: string): Promise<TableShape> {
  try {
    return await detectTable(file);
  } catch (error) {
    throw refusedFile(error);
  }
}

/** @returns a refusal of a whole file as the doors tell it; any other error as it is */
export function refusedFile(error: unknown): unknown {
  if (!(error instanceof TableRefused)) return error;
  const { status, code, template: message, params } = error;
  return new Problem(status, {
    code: status === 415 ? 'unsupported_media_type' : code,
    message,
    params,
    field: 'file',
  });
}

function refuseUnusable({ kind, problems }: ReturnType<typeof recognise>, kinds: ImportKind[]): void {
  if (problems.length > 0)
    throw new Problem(
      422,
      problems.map(({ code, message, params, field }): Refusal => ({ code, message, params, field })),
    );
  if (kinds.length > 0 && !kinds.includes(kind as ImportKind))
    throw invalid('file', 'This file holds something else than this address takes.');
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
