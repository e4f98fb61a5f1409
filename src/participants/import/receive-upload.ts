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
import { Import } from './import.entity.js';
import { type ImportKind } from './kinds.js';
import { TableRefused } from './problem.js';
import { detectTable, type TableShape } from './read-table.js';
import { recognise } from './recognise.js';

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

/** A file that lies in the uploads folder under a random name. */
export interface Upload {
  path: string;
  fileName: string;
}

/**
 * Takes an uploaded file in: finds out what it is and keeps it as an import that waits (preview), or that starts at
 * once (`start`). Answers the id.
 * @throws Problem 413, 415, 422 when the file, its columns or the mapping cannot be used; the file is then removed
 */
export class ReceiveUpload implements ICommand {
  constructor(
    readonly upload: Upload,
    readonly start?: BulkOptions & {
      /** What this door takes; the first is assumed when the head says nothing. */
      kinds: ImportKind[];
    },
  ) {}
}

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
    try {
      const file = uploadedFile(this.folder, upload.path);
      const shape = await shapeOf(file);
      const found = recognise(shape.header, { mapping: start?.mapping });
      const recognised =
        start && found.kind === 'unknown'
          ? recognise(shape.header, { kind: start.kinds[0], mapping: start.mapping })
          : found;
      if (start) refuseUnusable(recognised, start.kinds);
      const fileHash = await hashOf(file);
      return await transact(this.em, 'import.received', async (tx) => {
        const job = tx.create(Import, {
          user: currentUser(),
          kind: recognised.kind,
          fileName: upload.fileName,
          fileHash,
          filePath: upload.path,
          shape: shape as unknown as Record<string, unknown>,
          mapping: start?.mapping ?? {},
          status: start ? 'queued' : 'preview',
          dryRun: start?.dry_run ?? false,
          onError: start?.on_error ?? 'skip',
        });
        await tx.flush();
        return job.id;
      });
    } catch (error) {
      await removeUpload(this.folder, upload.path);
      throw error;
    }
  }
}

async function shapeOf(file: string): Promise<TableShape> {
  try {
    return await detectTable(file);
  } catch (error) {
    if (!(error instanceof TableRefused)) throw error;
    const { status, code, template: message, params } = error;
    throw new Problem(status, {
      code: status === 415 ? 'unsupported_media_type' : code,
      message,
      params,
      field: 'file',
    });
  }
}

function refuseUnusable({ kind, problems }: ReturnType<typeof recognise>, kinds: ImportKind[]): void {
  if (problems.length > 0)
    throw new Problem(
      422,
      problems.map(({ code, message, params, field }): Refusal => ({ code, message, params, field })),
    );
  if (!kinds.includes(kind as ImportKind))
    throw invalid('file', 'This file holds something else than this address takes.');
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
