import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { Inject, Injectable } from '@nestjs/common';
import { EntityManager } from '@mikro-orm/core';
import { type Response } from 'express';
import { type SignedInUser } from '../../auth/index.js';
import { clock } from '../../platform/clock.js';
import { type Config } from '../../platform/config.js';
import { Problem } from '../../platform/http/problem.js';
import { XLSX_TYPE } from '../../platform/xlsx/workbook-stream.js';
import { CSV_TYPE } from '../files/csv.js';
import { type Export } from './export.entity.js';
import { type Format } from './formats.js';
import { exportsFolder, keptFile } from './kept-files.js';
import { maySee } from './may-see.js';

const TYPES: Record<Format, string> = { csv: CSV_TYPE, xlsx: XLSX_TYPE, pdf: 'application/pdf' };

/** Sends a file that was made. */
@Injectable()
export class SendExport {
  private readonly folder: string;

  constructor(
    private readonly em: EntityManager,
    @Inject('config') config: Config,
  ) {
    this.folder = exportsFolder(config);
  }

  /**
   * @throws Problem 409 while it is being made or when there is none, 410 when it is not kept any more, 403 when somebody may
   *   see less now than when it was made: the file as a whole is then refused
   */
  async send(job: Export, me: SignedInUser, response: Response): Promise<void> {
    if (job.status === 'queued' || job.status === 'running') throw new Problem(409, NOT_READY);
    if (job.status === 'failed' || job.status === 'cancelled') throw new Problem(409, NO_FILE);
    const file = job.filePath && job.expiresAt! > clock.now() ? keptFile(this.folder, job.filePath) : null;
    const size = file && (await stat(file).catch(() => null))?.size;
    if (!file || size === null || size === undefined) throw new Problem(410, GONE);
    if (!(await maySee(this.em, job, me))) throw new Problem(403, SEES_LESS);
    // He went away while it was made.
    if (response.destroyed) return;
    response.attachment(job.fileName);
    response.setHeader('Content-Type', TYPES[job.format]);
    response.setHeader('Content-Length', size);
    // It is packed already, or goes faster than it could be; and its length is told.
    response.setHeader('Cache-Control', 'no-store, no-transform');
    try {
      await pipeline(createReadStream(file), response);
    } catch (error) {
      // Who stopped the download does not wait for an answer.
      if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
    }
  }
}

const NOT_READY = { code: 'not_finished', message: 'This file is not ready yet. Ask again when it is done.' };
const NO_FILE = { code: 'no_file', message: 'There is no file: it was stopped, or could not be made.' };
const GONE = { code: 'file_gone', message: 'This file is not kept any more. Ask for it again.' };
const SEES_LESS = {
  code: 'permission_denied',
  message: 'You may see less now than when this file was made, so you cannot have it any more. Ask for it again.',
};
