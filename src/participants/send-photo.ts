import { type EntityManager } from '@mikro-orm/core';
import { type Request, type Response } from 'express';
import { notFound } from '../platform/http/problem.js';
import { ParticipantPhoto } from './participant-photo.entity.js';
import { type Participant } from './participant.entity.js';

/**
 * Answers with somebody's photo. An address that names its digest (`?v=`) always means these bytes; without it a browser
 * asks each time whether they are still the ones it has. Shared caches keep none.
 * @throws Problem 404 without a photo
 */
export async function sendPhoto(
  em: EntityManager,
  participant: Participant,
  request: Request,
  response: Response,
): Promise<void> {
  const photo = participant.photo && (await em.findOne(ParticipantPhoto, { digest: participant.photo }));
  if (!photo) throw notFound();
  const etag = `"${photo.digest}"`;
  response.setHeader('ETag', etag);
  response.setHeader(
    'Cache-Control',
    request.query.v === photo.digest ? 'private, max-age=31536000, immutable' : 'private, no-cache',
  );
  // Pixels and nothing else, whatever a browser might make of them.
  response.setHeader('Content-Security-Policy', "default-src 'none'; sandbox");
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Content-Disposition', 'inline; filename="photo.webp"');
  if (request.headers['if-none-match']?.split(',').some((each) => each.trim() === etag)) {
    response.status(304).end();
    return;
  }
  await em.populate(photo, ['content' as never]);
  response.type(photo.mediaType).send(Buffer.from(photo.content));
}
