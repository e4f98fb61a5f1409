import { Controller, Get, Post, Req, Res, UploadedFile } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type Response } from 'express';
import { type AuthRequest } from '../auth/index.js';
import { Can, Targets } from '../platform/http/access.js';
import { attempt } from '../platform/http/form.js';
import { Reply } from '../platform/http/reply.js';
import { Target } from '../platform/http/target.guard.js';
import { participantById } from './find-participants.query.js';
import { refuseMerged } from './merged-page.js';
import { Participant } from './participant.entity.js';
import { PICTURE_REFUSED, pictureOf, TakesPicture, type PictureFile } from '../platform/pictures/picture-upload.js';
import { sendPhoto } from './send-photo.js';
import { RemovePhoto, SetPhoto } from './set-photo.js';

/** Pages: the photo of a participant. */
@Controller('participants')
export class PhotoPages {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
    private readonly reply: Reply,
  ) {}

  @Can('roster.view')
  @Targets({ id: Participant })
  @Get(':id/photo')
  async photo(@Target('id') participant: Participant, @Req() request: AuthRequest, @Res() response: Response) {
    await sendPhoto(this.em, participant, request, response);
  }

  @Can('participant.manage')
  @Targets({ id: Participant })
  @Get(':id/photo/edit')
  async edit(@Target('id') record: Participant, @Req() request: AuthRequest) {
    refuseMerged(record, '/photo/edit');
    return this.reply.render('participants/photo.njk', { person: await participantById(this.em, record.id) }, request);
  }

  @Can('participant.manage')
  @Targets({ id: Participant })
  @TakesPicture()
  @Post(':id/photo')
  async set(
    @Target('id') { id }: Participant,
    @Req() request: AuthRequest,
    @Res() response: Response,
    @UploadedFile() file?: PictureFile,
  ) {
    const done = await attempt(() => this.bus.execute(new SetPhoto(id, pictureOf(file))), PICTURE_REFUSED);
    if (!done.refusals) return response.redirect(303, `/participants/${id}?done=photo`);
    const data = { person: await participantById(this.em, id), refusals: done.refusals };
    const html = this.reply.render('participants/photo.njk', data, request);
    return response.status(done.status).type('html').send(html);
  }

  @Can('participant.manage')
  @Targets({ id: Participant })
  @Post(':id/photo/remove')
  async remove(@Target('id') { id }: Participant, @Res() response: Response) {
    await this.bus.execute(new RemovePhoto(id));
    response.redirect(303, `/participants/${id}?done=no-photo`);
  }
}
