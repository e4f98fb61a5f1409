import { type EntityManager } from '@mikro-orm/core';
import { type Request, type Response } from 'express';

/** A picture that lies in the database, by its digest. */
export interface KeptPicture {
  digest: string;
  mediaType: string;
  content: unknown;
}

/**
 * Answers with a picture. An address that names its digest (`?v=`) always means these bytes; without it a browser asks each
 * time whether they are still the ones it has. Shared caches keep none.
 */
export async function sendPicture(
  em: EntityManager,
  picture: KeptPicture,
  request: Request,
  response: Response,
): Promise<void> {
  const etag = `"${picture.digest}"`;
  response.setHeader('ETag', etag);
  response.setHeader(
    'Cache-Control',
    request.query.v === picture.digest ? 'private, max-age=31536000, immutable' : 'private, no-cache',
  );
  // Pixels and nothing else, whatever a browser might make of them.
  response.setHeader('Content-Security-Policy', "default-src 'none'; sandbox");
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Content-Disposition', 'inline; filename="picture.webp"');
  if (request.headers['if-none-match']?.split(',').some((each) => each.trim() === etag)) {
    response.status(304).end();
    return;
  }
  await em.populate(picture, ['content' as never]);
  response.type(picture.mediaType).send(Buffer.from(picture.content as Buffer));
}
