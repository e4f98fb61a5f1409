import { UseInterceptors, applyDecorators } from '@nestjs/common';
import { FileInterceptor } from '@nestjs/platform-express';
import { ApiConsumes } from '@nestjs/swagger';
import { invalid } from '../http/problem.js';
import { LARGEST_PICTURE } from './read-picture.js';

/** A picture as it comes in with a form, in memory: it is small, or refused with 413. */
export interface PictureFile {
  buffer: Buffer;
  size: number;
}

/** The route takes a form with the picture as its field `file`. */
export const TakesPicture = () =>
  applyDecorators(
    ApiConsumes('multipart/form-data'),
    UseInterceptors(FileInterceptor('file', { limits: { fileSize: LARGEST_PICTURE, files: 1 } })),
  );

/** @throws Problem 422 when none was chosen */
export function pictureOf(file: PictureFile | undefined): Buffer {
  if (!file || file.size === 0) throw invalid('file', 'Choose a picture first.', 'required');
  return file.buffer;
}
