import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type Request, type RequestHandler, type Response } from 'express';

/**
 * The build leaves `<file>.br` beside each script and style: brotli at its best level, which takes too long for a request
 * and makes files a tenth smaller than the level that does not. Passed over when it is older than the file (while scripts
 * are being worked on).
 * @returns the file to send; the headers say what it is
 */
export function smallest(request: Request, response: Response, file: string): string {
  if (!request.acceptsEncodings('br')) return file;
  try {
    if (statSync(`${file}.br`).mtimeMs < statSync(file).mtimeMs) return file;
  } catch {
    return file;
  }
  response.setHeader('Content-Encoding', 'br');
  response.vary('Accept-Encoding');
  return `${file}.br`;
}

/** Sends the small form of scripts and styles of a folder; everything else goes on. */
export const precompressed =
  (folder: string): RequestHandler =>
  (request, response, next) => {
    const [, name, kind] = /^\/([\w-]+\.(js|css))$/.exec(request.path) ?? [];
    if (name && kind && smallest(request, response, join(folder, name)).endsWith('.br')) {
      response.type(kind);
      request.url = request.url.replace(name, `${name}.br`);
    }
    next();
  };
