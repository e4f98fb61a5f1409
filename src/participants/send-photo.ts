import { type EntityManager } from '@mikro-orm/core';
import { type Request, type Response } from 'express';
import { notFound } from '../platform/http/problem.js';
import { sendPicture } from '../platform/pictures/send-picture.js';
import { ParticipantPhoto } from './participant-photo.entity.js';
import { type Participant } from './participant.entity.js';

/** Answers with somebody's photo. @throws Problem 404 without one */
export async function sendPhoto(
  em: EntityManager,
  participant: Participant,
  request: Request,
  response: Response,
): Promise<void> {
  const photo = participant.photo && (await em.findOne(ParticipantPhoto, { digest: participant.photo }));
  if (!photo) throw notFound();
  await sendPicture(em, photo, request, response);
}
