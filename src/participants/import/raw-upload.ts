import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Inject, Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { type Observable } from 'rxjs';
import { type Config } from '../../platform/config.js';
import { uploadedFile, uploadsFolder } from '../../platform/files.js';
import { Problem } from '../../platform/http/problem.js';
import { type AppRequest } from '../../platform/http/request.js';
import { XLSX_TYPE } from '../../platform/xlsx/workbook-stream.js';
import { MOST_BYTES } from './read-table.js';
import { type MulterFile } from './upload.js';

/** Files that may be the body itself, and what they are called when nobody says. */
export const RAW_TYPES: Record<string, string> = {
  'text/csv': 'file.csv',
  'application/zip': 'file.zip',
  [XLSX_TYPE]: 'file.xlsx',
};

/** Writes a body that is a file to the uploads folder, piece by piece, and hands it on like one that came in a form. */
@Injectable()
export class RawUpload implements NestInterceptor {
  private readonly folder: string;

  constructor(@Inject('config') config: Config) {
    this.folder = uploadsFolder(config);
  }

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = context.switchToHttp().getRequest<AppRequest & { file?: MulterFile }>();
    const type = request.headers['content-type']?.split(';')[0]!.trim().toLowerCase() ?? '';
    const name = RAW_TYPES[type];
    if (name !== undefined) request.file = await this.keep(request, name);
    return next.handle();
  }

  private async keep(request: AppRequest, originalname: string): Promise<MulterFile> {
    const filename = randomUUID().replaceAll('-', '');
    const file = uploadedFile(this.folder, filename);
    let size = 0;
    const bounded = new Transform({
      // The rest of what is too large is read and forgotten: who still sends does not hear the answer. But not for ever.
      transform(piece: Buffer, _encoding, done) {
        size += piece.length;
        if (size > 4 * MOST_BYTES) done(TOO_LARGE);
        else done(null, size > MOST_BYTES ? undefined : piece);
      },
    });
    try {
      await pipeline(request, bounded, createWriteStream(file, { mode: 0o600 }));
      if (size > MOST_BYTES) throw TOO_LARGE;
    } catch (error) {
      await rm(file, { force: true });
      throw error;
    }
    return { originalname, filename, size };
  }
}

const TOO_LARGE = new Problem(
  413,
  {
    code: 'too_large',
    message: 'This file is larger than {most} MB. Split it into smaller files.',
    params: { most: MOST_BYTES / 1024 / 1024 },
    field: 'file',
  },
  { headers: { Connection: 'close' } },
);
