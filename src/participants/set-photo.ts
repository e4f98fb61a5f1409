import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { findLocked } from '../platform/database/locked.js';
import { transact } from '../platform/database/transaction.js';
import { mergedAlready } from './merge-participants.js';
import { ParticipantPhoto } from './participant-photo.entity.js';
import { Participant } from './participant.entity.js';
import { readPicture } from '../platform/pictures/read-picture.js';

/** Pixels of the longer side. */
const SIDE = 256;

/** Somebody gets a photo, or another one. Errors: 404; 409 `merged`; 415, 422: not a picture that can be taken. */
export class SetPhoto implements ICommand {
  constructor(
    readonly id: number,
    readonly upload: Buffer,
  ) {}
}

/** Somebody's photo is taken away, and nothing of it is kept. Done twice is done once. */
export class RemovePhoto implements ICommand {
  constructor(readonly id: number) {}
}

@CommandHandler(SetPhoto)
export class SetPhotoHandler implements ICommandHandler<SetPhoto, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ id, upload }: SetPhoto): Promise<void> {
    const { content, mediaType, digest } = await readPicture(upload, { width: SIDE, height: SIDE });
    await transact(this.em, 'participant.photo_set', async (tx) => {
      const participant = await findLocked(tx, Participant, id);
      if (participant.mergedInto) throw mergedAlready(participant);
      if (participant.photo === digest) return;
      if (!(await tx.findOne(ParticipantPhoto, { digest })))
        tx.create(ParticipantPhoto, { digest, content, mediaType, size: content.length });
      await replace(tx, participant, digest);
    });
  }
}

@CommandHandler(RemovePhoto)
export class RemovePhotoHandler implements ICommandHandler<RemovePhoto, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ id }: RemovePhoto): Promise<void> {
    await transact(this.em, 'participant.photo_removed', async (tx) => {
      const participant = await findLocked(tx, Participant, id);
      if (participant.photo) await replace(tx, participant, null);
    });
  }
}

/** A photo that is nobody's any more is deleted: two records may show the same one. */
async function replace(tx: EntityManager, participant: Participant, digest: string | null): Promise<void> {
  const old = participant.photo;
  participant.photo = digest;
  await tx.flush();
  if (!old || (await tx.count(Participant, { photo: old })) > 0) return;
  const unused = await tx.findOne(ParticipantPhoto, { digest: old });
  if (unused) tx.remove(unused);
  await tx.flush();
}
