import { Body, Controller, Delete, Get, Post, Put, Query } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Me, MyReach, type Reach, type SignedInUser } from '../auth/index.js';
import { clock } from '../platform/clock.js';
import { Can, Targets } from '../platform/http/access.js';
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
import { ownGroupsOf } from './own-groups.js';
import { NewParticipant, ParticipantChange } from './participant-input.js';
import { Participant } from './participant.entity.js';

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
  @Get()
  async list(@Query({ schema: filters }) query: z.output<typeof filters>, @Me() me: SignedInUser) {
    const scope = { own: ownGroupsOf(me), today: dayOf(clock.now(), me.organization.timeZone) };
    if (query.group_id !== undefined) await refuseUnknownGroup(this.em, query.group_id, 'group_id', scope.own);
    return findParticipants(this.em, query, query, scope);
  }

  @Can('participant.manage')
  @Post()
  async enrol(@Body({ schema: NewParticipant }) input: NewParticipant) {
    const id = await this.bus.execute<EnrolParticipant, number>(new EnrolParticipant(input));
    return { data: await participantById(this.em, id) };
  }

  @Can('roster.view', { own: true })
  @Targets({ id: Participant })
  @Get(':id')
  async one(@Target('id') participant: Participant, @Me() me: SignedInUser, @MyReach() reach: Reach) {
    if (reach === 'own' && participant.id !== me.participantId) throw notFound();
    return { data: await participantById(this.em, participant.id) };
  }

  @Can('participant.manage')
  @Targets({ id: Participant })
  @Put(':id')
  async change(@Target('id') { id }: Participant, @Body({ schema: ParticipantChange }) input: ParticipantChange) {
    await this.bus.execute(new ChangeParticipant(id, input));
    return { data: await participantById(this.em, id) };
  }

  @Can('participant.manage')
  @Targets({ id: Participant })
  @Delete(':id')
  async deactivate(@Target('id') { id }: Participant) {
    await this.bus.execute(new DeactivateParticipant(id));
    return { data: await participantById(this.em, id) };
  }
}
