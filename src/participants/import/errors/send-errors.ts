import { existsSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Inject, Injectable } from '@nestjs/common';
import { EntityManager } from '@mikro-orm/core';
import { type Response } from 'express';
import { type SignedInUser } from '../../../auth/index.js';
import { type Config } from '../../../platform/config.js';
import { uploadedFile, uploadsFolder } from '../../../platform/files.js';
import { Problem } from '../../../platform/http/problem.js';
import { Reply } from '../../../platform/http/reply.js';
import { type AppRequest } from '../../../platform/http/request.js';
import { XLSX_TYPE } from '../../../platform/xlsx/workbook-stream.js';
import { termsOf } from '../../../tenancy/index.js';
import { termParams } from '../import-json.js';
import { type Import } from '../import.entity.js';
import { sentence } from '../problem.js';
import { type TableShape } from '../read-table.js';
import { recognitionOf } from '../run-import.js';
import { errorsAsCsv, errorsAsWorkbook, type Say } from './error-file.js';
import { hasRowsNotTaken, rowsNotTaken, type RowNotTaken } from './rows-not-taken.js';

/** Sends the rows that an import did not take, in the form of its file: to be mended there and uploaded again. */
@Injectable()
export class SendErrors {
  private readonly folder: string;

  constructor(
    private readonly em: EntityManager,
    private readonly reply: Reply,
    @Inject('config') config: Config,
  ) {
    this.folder = uploadsFolder(config);
  }

  /** Whether there is something to send. */
  available(job: Import): boolean {
    return hasEnded(job) && hasRowsNotTaken(job) && existsSync(uploadedFile(this.folder, job.filePath));
  }

  /** @throws Problem 409 when the import has not ended or took every row, 410 when its file is not kept any more */
  async send(job: Import, me: SignedInUser, request: AppRequest, response: Response): Promise<void> {
    if (!hasEnded(job)) throw new Problem(409, NOT_ENDED);
    if (!hasRowsNotTaken(job)) throw new Problem(409, NOTHING_WRONG);
    if (!this.available(job)) throw new Problem(410, GONE);
    const shape = job.shape as unknown as TableShape;
    const rows = rowsNotTaken(this.em, job, uploadedFile(this.folder, job.filePath));
    const say = this.words(job, me, request);
    const [type, ending] = shape.workbook ? [XLSX_TYPE, 'xlsx'] : [`text/csv; charset=${shape.encoding}`, 'csv'];
    response.attachment(`${baseName(job.fileName)}-errors.${ending}`);
    response.setHeader('Content-Type', type);
    const file = shape.workbook ? errorsAsWorkbook(rows, shape, say) : errorsAsCsv(rows, shape, say);
    try {
      await pipeline(Readable.from(file), response);
    } catch (error) {
      // Who stopped the download does not wait for an answer.
      if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
    }
  }

  /** "Row 3, Last name: This row needs Last name." in the reader's language; fields are called as the file calls them. */
  private words(job: Import, me: SignedInUser, request: AppRequest): Say {
    const text = this.reply.words(request);
    const terms = termParams(termsOf(me.organization));
    const own = Object.fromEntries(Object.entries(terms).map(([name, word]) => [name, text(word)]));
    const { columns } = recognitionOf(job);
    const headers = new Map(columns.map(({ field, header }) => [field, header] as const).reverse());
    const say = (row: RowNotTaken, plain: boolean, fill: typeof text) =>
      row.notes.map(({ message, field, params }) => {
        const told = fill(message, {
          ...(plain ? terms : own),
          ...params,
          ...('field' in params ? { field: headers.get(String(params.field)) ?? params.field! } : {}),
        });
        return field === null
          ? fill(IN_ROW.message, { row: row.row, sentence: told })
          : fill(IN_FIELD.message, {
              row: row.row,
              field: headers.get(field) ?? field,
              sentence: told,
            });
      });
    const english: typeof text = (message, params = {}) => sentence({ message, params });
    return (row, plain = false) => say(row, plain, plain ? english : text).join(' ');
  }
}

const hasEnded = ({ status }: Import): boolean => status === 'done' || status === 'failed' || status === 'undone';

/** "school.zip › people.csv" is people. */
const baseName = (fileName: string): string =>
  fileName
    .split(' › ')
    .at(-1)!
    .replace(/\.[^.]*$/, '') || 'import';

const IN_ROW = { message: 'Row {row}: {sentence}' };
const IN_FIELD = { message: 'Row {row}, {field}: {sentence}' };

const NOT_ENDED = {
  code: 'not_finished',
  message: 'This import has not ended yet. Its errors can be downloaded as soon as it has.',
};
const NOTHING_WRONG = { code: 'no_errors', message: 'Every row of this file was taken: there is nothing to mend.' };
const GONE = {
  code: 'file_gone',
  message: 'The uploaded file is not kept any more, so its rows cannot be downloaded. Their errors are still listed.',
};
