import { Body, Controller, Delete, Get, HttpCode, Post, Put, Query, Req, Res, UploadedFile } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { ApiTags } from '@nestjs/swagger';
import { type Request, type Response } from 'express';
import { z } from 'zod';
import { Me, MyReach, type Reach, type SignedInUser } from '../auth/index.js';
import { clock } from '../platform/clock.js';
import { Can, Targets } from '../platform/http/access.js';
import { Answers, AnswersPage } from '../platform/http/answers.js';
import { FoundParticipantOut, ParticipantOut } from './participant-answers.js';
import { IfMatch, Tagged } from '../platform/http/etag.js';
import { pagingFields } from '../platform/http/paging.js';
import { flag, id as idText } from '../platform/http/parse.js';
import { notFound } from '../platform/http/problem.js';
import { Target } from '../platform/http/target.guard.js';
import { dayOf } from '../tenancy/index.js';
import { ChangeParticipant } from './change-participant.js';
import { DeactivateParticipant } from './deactivate-participant.js';
import { EnrolParticipant } from './enrol-participant.js';
import { findParticipants, participantById } from './find-participants.query.js';
import { refuseUnknownGroup } from './group-input.js';
import { MergeInto, MergeParticipants } from './merge-participants.js';
import { ownGroupsOf } from './own-groups.js';
import { NewParticipant, ParticipantChange } from './participant-input.js';
import { Participant } from './participant.entity.js';
import { pictureOf, TakesPicture, type PictureFile } from '../platform/pictures/picture-upload.js';
import { sendPhoto } from './send-photo.js';
import { RemovePhoto, SetPhoto } from './set-photo.js';

const filters = z.object({
  ...pagingFields,
  q: z.string().max(200).optional(),
  group_id: idText.optional(),
  is_active: flag.optional(),
  identifier: z.string().max(200).optional(),
});

/** REST: the people whose presence is recorded. */
@ApiTags('participants')
@Controller('api/participants')
export class ParticipantsApi {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
  ) {}

  @Can('roster.view')
  @AnswersPage(ParticipantOut)
  @Get()
  async list(@Query({ schema: filters }) query: z.output<typeof filters>, @Me() me: SignedInUser) {
    const scope = { own: ownGroupsOf(me), today: dayOf(clock.now(), me.organization.timeZone) };
    if (query.group_id !== undefined) await refuseUnknownGroup(this.em, query.group_id, 'group_id', scope.own);
    const { data, meta } = await findParticipants(this.em, query, query, scope);
    return { data, meta };
  }

  @Can('participant.manage')
  @Tagged()
  @Answers(ParticipantOut, 201)
  @Post()
  async enrol(@Body({ schema: NewParticipant }) input: NewParticipant) {
    const id = await this.bus.execute<EnrolParticipant, number>(new EnrolParticipant(input));
    return { data: await participantById(this.em, id) };
  }

  /** A record that was merged answers with the one that it was merged into, and `redirected_from`. */
  @Can('roster.view', { own: true })
  @Targets({ id: Participant })
  @Tagged()
  @Answers(FoundParticipantOut)
  @Get(':id')
  async one(@Target('id') participant: Participant, @Me() me: SignedInUser, @MyReach() reach: Reach) {
    refuseOthers(participant, me, reach);
    return { data: await this.standing(participant) };
  }

  @Can('participant.manage')
  @Targets({ id: Participant })
  @Tagged()
  @Answers(ParticipantOut)
  @Put(':id')
  async change(
    @Target('id') { id }: Participant,
    @Body({ schema: ParticipantChange }) input: ParticipantChange,
    @IfMatch() etag: string | null,
  ) {
    await this.bus.execute(new ChangeParticipant(id, input, { etag }));
    return { data: await participantById(this.em, id) };
  }

  @Can('participant.manage')
  @Targets({ id: Participant })
  @Answers(FoundParticipantOut)
  @Delete(':id')
  async deactivate(@Target('id') participant: Participant) {
    await this.bus.execute(new DeactivateParticipant(participant.id));
    return { data: await this.standing(participant) };
  }

  /** Two records of one person become one: this one goes into the other. */
  @Can('participant.manage')
  @Targets({ id: Participant })
  @Answers(FoundParticipantOut)
  @Post(':id/merge')
  @HttpCode(200)
  async merge(@Target('id') { id }: Participant, @Body({ schema: MergeInto }) { into_id }: MergeInto) {
    await this.bus.execute(new MergeParticipants(id, into_id));
    return { data: { ...(await participantById(this.em, into_id)), redirected_from: id } };
  }

  @Can('roster.view', { own: true })
  @Targets({ id: Participant })
  @Get(':id/photo')
  async photo(
    @Target('id') participant: Participant,
    @Me() me: SignedInUser,
    @MyReach() reach: Reach,
    @Req() request: Request,
    @Res() response: Response,
  ) {
    refuseOthers(participant, me, reach);
    await sendPhoto(this.em, participant, request, response);
  }

  /** The form's field `file`: JPEG, PNG or WebP, at most 8 MB and 40 million pixels. */
  @Can('participant.manage')
  @Targets({ id: Participant })
  @TakesPicture()
  @Answers(ParticipantOut)
  @Put(':id/photo')
  async setPhoto(@Target('id') { id }: Participant, @UploadedFile() file?: PictureFile) {
    await this.bus.execute(new SetPhoto(id, pictureOf(file)));
    return { data: await participantById(this.em, id) };
  }

  @Can('participant.manage')
  @Targets({ id: Participant })
  @Answers(ParticipantOut)
  @Delete(':id/photo')
  async removePhoto(@Target('id') { id }: Participant) {
    await this.bus.execute(new RemovePhoto(id));
    return { data: await participantById(this.em, id) };
  }

  private async standing({ id, mergedInto }: Participant) {
    if (!mergedInto) return participantById(this.em, id);
    return { ...(await participantById(this.em, mergedInto)), redirected_from: id };
  }
}

/** Whose right reaches only his own record sees no other one; after a merge his is the one that stayed. */
function refuseOthers({ id, mergedInto }: Participant, me: SignedInUser, reach: Reach): void {
  if (reach === 'own' && (mergedInto ?? id) !== me.participantId) throw notFound();
}
