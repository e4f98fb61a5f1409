import { type Readable } from 'node:stream';
import { UseInterceptors, applyDecorators } from '@nestjs/common';
import { FileInterceptor } from '@nestjs/platform-express';
import { ApiConsumes } from '@nestjs/swagger';
import { invalid, Problem } from '../http/problem.js';
import { LARGEST_PICTURE } from './read-picture.js';

/** A picture as it comes in with a form, in memory: it is small, or nothing of it is kept. */
export interface PictureFile {
  buffer: Buffer;
  /** Bytes that were sent. */
  size: number;
}

/** Bytes of an upload that are read at all; of a larger one nobody learns what was typed beside it. */
const MOST_READ = 100 * 1024 * 1024;

/**
 * A picture that is too large is read over to its end rather than cut off: the fields behind it come in after it, and a
 * form that is shown again has everything that was typed.
 */
const storage = {
  _handleFile(_request: unknown, { stream }: { stream: Readable }, done: (error: null, file: PictureFile) => void) {
    let pieces: Buffer[] = [];
    let size = 0;
    stream.on('data', (piece: Buffer) => {
      size += piece.length;
      if (size > LARGEST_PICTURE) pieces = [];
      else pieces.push(piece);
    });
    stream.on('end', () => done(null, { buffer: Buffer.concat(pieces), size }));
  },
  _removeFile(_request: unknown, _file: unknown, done: (error: null) => void) {
    done(null);
  },
};

/** The route takes a form with the picture as its field `file`. */
export const TakesPicture = () =>
  applyDecorators(
    ApiConsumes('multipart/form-data'),
    UseInterceptors(FileInterceptor('file', { storage, limits: { fileSize: MOST_READ, files: 1 } })),
  );

/** What a page that takes a picture tells itself, with the form as it was typed: beside what attempt() gives back anyway. */
export const PICTURE_REFUSED = [413, 415];

/** @throws Problem 422 when none was chosen, 413 when it is too large */
export function pictureOf(file: PictureFile | undefined): Buffer {
  if (!file || file.size === 0) throw invalid('file', 'Choose a picture first.', 'required');
  return bytesOf(file);
}

/** @throws Problem 413 when it is too large */
export function bytesOf({ buffer, size }: PictureFile): Buffer {
  if (size > LARGEST_PICTURE) throw new Problem(413, TOO_LARGE);
  return buffer;
}

const TOO_LARGE = {
  code: 'too_large',
  field: 'file',
  message: 'This picture has more than 8 MB. Choose a smaller one; nothing was saved yet.',
};
