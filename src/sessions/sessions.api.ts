import { Body, Controller, Delete, Get, Patch, Post, Put, Query } from '@nestjs/common';
import { CommandBus, type ICommand } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Me, type SignedInUser } from '../auth/index.js';
import { ownGroupsOf, refuseUnknownGroup } from '../participants/index.js';
import { Can, Targets } from '../platform/http/access.js';
import { pagingFields } from '../platform/http/paging.js';
import { id as idText } from '../platform/http/parse.js';
import { rangeFields, rangeOf } from '../platform/http/range.js';
import { Target } from '../platform/http/target.guard.js';
import { boundsOf } from '../tenancy/index.js';
import { CancelSession } from './cancel-session.js';
import { ChangeSession } from './change-session.js';
import { CompleteRegister } from './complete-register.js';
import { EndSession } from './end-session.js';
import { findSessions, sessionById } from './find-sessions.query.js';
import { ScheduleSession } from './schedule-session.js';
import { NewSession, SessionAct, SessionChange } from './session-input.js';
import { Session } from './session.entity.js';
import { StartSession } from './start-session.js';
import { UnlockSession } from './unlock-session.js';

const filters = z.object({
  ...pagingFields,
  ...rangeFields,
  group_id: idText.optional(),
  status: z
    .enum(['scheduled', 'running', 'ended', 'cancelled'], { error: 'Choose scheduled, running, ended or cancelled.' })
    .optional(),
});

/** REST: when and where presence is recorded. */
@ApiTags('sessions')
@Controller('api/sessions')
export class SessionsApi {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
  ) {}

  @Can('roster.view')
  @Get()
  async list(@Query({ schema: filters }) query: z.output<typeof filters>, @Me() me: SignedInUser) {
    const own = ownGroupsOf(me);
    const range = rangeOf(query, (day) => boundsOf(day, me.organization.timeZone));
    if (query.group_id !== undefined) await refuseUnknownGroup(this.em, query.group_id, 'group_id', own);
    return findSessions(this.em, { ...query, ...range }, query, own);
  }

  @Can('session.create')
  @Post()
  async schedule(@Body({ schema: NewSession }) input: NewSession, @Me() me: SignedInUser) {
    const id = await this.bus.execute<ScheduleSession, number>(new ScheduleSession(input, ownGroupsOf(me)));
    return { data: await sessionById(this.em, id) };
  }

  @Can('roster.view')
  @Targets({ id: Session })
  @Get(':id')
  async one(@Target('id') session: Session) {
    return { data: await sessionById(this.em, session.id) };
  }

  @Can('session.manage')
  @Targets({ id: Session })
  @Put(':id')
  async change(@Target('id') session: Session, @Body({ schema: SessionChange }) input: SessionChange) {
    return this.act(session, new ChangeSession(session.id, input));
  }

  @Can('session.manage')
  @Targets({ id: Session })
  @Delete(':id')
  async cancel(@Target('id') session: Session) {
    return this.act(session, new CancelSession(session.id));
  }

  @Can('session.start')
  @Targets({ id: Session })
  @Patch(':id/start')
  async start(@Target('id') session: Session, @Body({ schema: SessionAct }) input: SessionAct) {
    return this.act(session, new StartSession(session.id, input));
  }

  @Can('session.end')
  @Targets({ id: Session })
  @Patch(':id/end')
  async end(@Target('id') session: Session, @Body({ schema: SessionAct }) input: SessionAct) {
    return this.act(session, new EndSession(session.id, input));
  }

  @Can('register.complete')
  @Targets({ id: Session })
  @Patch(':id/complete-register')
  async completeRegister(@Target('id') session: Session, @Body({ schema: SessionAct }) input: SessionAct) {
    return this.act(session, new CompleteRegister(session.id, input));
  }

  @Can('session.unlock')
  @Targets({ id: Session })
  @Patch(':id/unlock')
  async unlock(@Target('id') session: Session, @Body({ schema: SessionAct }) input: SessionAct) {
    return this.act(session, new UnlockSession(session.id, input));
  }

  private async act(session: Session, command: ICommand) {
    await this.bus.execute(command);
    return { data: await sessionById(this.em, session.id) };
  }
}
