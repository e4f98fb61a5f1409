import { defineEntity, p } from '@mikro-orm/core';
import { tenantColumns } from '../tenancy/index.js';

/**
 * A picture, re-encoded and small, known by its content: `participants.photo` names the digest. Kept in the database, so
 * that a backup holds it and every node has it.
 */
const ParticipantPhotoSchema = defineEntity({
  name: 'ParticipantPhoto',
  tableName: 'participant_photos',
  properties: {
    ...tenantColumns,
    /** SHA-256 of the content, hexadecimal. */
    digest: p.string().length(64),
    content: p.blob().$type<Buffer>().lazy(),
    mediaType: p.string().length(50),
    /** Bytes. */
    size: p.integer(),
  },
  uniques: [{ name: 'participant_photos_digest_unique', properties: ['organization', 'digest'] }],
});

export class ParticipantPhoto extends ParticipantPhotoSchema.class {}
ParticipantPhotoSchema.setClass(ParticipantPhoto);
