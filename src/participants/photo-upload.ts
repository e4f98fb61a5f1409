import { UseInterceptors, applyDecorators } from '@nestjs/common';
import { FileInterceptor } from '@nestjs/platform-express';
import { ApiConsumes } from '@nestjs/swagger';
import { invalid } from '../platform/http/problem.js';
import { LARGEST_PHOTO } from './read-photo.js';

/** A photo as it comes in with a form, in memory: it is small, or refused with 413. */
export interface PhotoFile {
  buffer: Buffer;
  size: number;
}

/** The route takes a form with the picture as its field `file`. */
export const TakesPhoto = () =>
  applyDecorators(
    ApiConsumes('multipart/form-data'),
    UseInterceptors(FileInterceptor('file', { limits: { fileSize: LARGEST_PHOTO, files: 1 } })),
  );

/** @throws Problem 422 when none was chosen */
export function photoOf(file: PhotoFile | undefined): Buffer {
  if (!file || file.size === 0) throw invalid('file', 'Choose a picture first.', 'required');
  return file.buffer;
}
