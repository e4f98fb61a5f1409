import { Body, Controller, Delete, Get, Patch, Post, Put, Query } from '@nestjs/common';
import { CommandBus, type ICommand } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Me, reachOf, type SignedInUser } from '../auth/index.js';
import { ownGroupsOf, refuseUnknownGroup } from '../participants/index.js';
import { Can, Targets } from '../platform/http/access.js';
import { Answers, AnswersBoth, AnswersPage } from '../platform/http/answers.js';
import { SeriesOut, SessionOut } from './session-answers.js';
import { IfMatch, Tagged } from '../platform/http/etag.js';
import { pagingFields } from '../platform/http/paging.js';
import { id as idText } from '../platform/http/parse.js';
import { permissionDenied } from '../platform/http/problem.js';
import { rangeFields, rangeOf } from '../platform/http/range.js';
import { Target } from '../platform/http/target.guard.js';
import { boundsOf } from '../tenancy/index.js';
import { CancelSeries } from './cancel-series.js';
import { CancelSession } from './cancel-session.js';
import { changeIn } from './change-in.js';
import { type SeriesOutcome } from './change-series.js';
import { CompleteRegister } from './complete-register.js';
import { EndSession } from './end-session.js';
import { findSessions, sessionById, sessionsByIds } from './find-sessions.query.js';
import { type ScheduledSeries, ScheduleSeries } from './schedule-series.js';
import { ScheduleSession } from './schedule-session.js';
import { NewSession, ScopeQuery, SessionAct, SessionChange } from './session-input.js';
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
  location: z.string().trim().min(1).max(255).optional(),
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
  @AnswersPage(SessionOut)
  @Get()
  async list(@Query({ schema: filters }) query: z.output<typeof filters>, @Me() me: SignedInUser) {
    const own = ownGroupsOf(me);
    const range = rangeOf(query, (day) => boundsOf(day, me.organization.timeZone));
    if (query.group_id !== undefined) await refuseUnknownGroup(this.em, query.group_id, 'group_id', own);
    return findSessions(this.em, { ...query, ...range }, query, own);
  }

  /** With `recurrence` a whole series; that is planning, so an ad-hoc right is not enough for it. */
  @Can('session.create')
  @Answers(z.union([SessionOut, SeriesOut]), 201)
  @Post()
  async schedule(@Body({ schema: NewSession }) input: NewSession, @Me() me: SignedInUser) {
    const { recurrence } = input;
    if (recurrence) {
      if (reachOf(me.role, 'session.manage', me.organization.settings) === null) throw permissionDenied();
      return { data: await this.scheduleSeries({ ...input, recurrence }, me) };
    }
    const id = await this.bus.execute<ScheduleSession, number>(new ScheduleSession(input, ownGroupsOf(me)));
    return { data: await sessionById(this.em, id) };
  }

  @Can('roster.view')
  @Targets({ id: Session })
  @Tagged()
  @Answers(SessionOut)
  @Get(':id')
  async one(@Target('id') session: Session) {
    return { data: await sessionById(this.em, session.id) };
  }

  @Can('session.manage')
  @Targets({ id: Session })
  @Tagged()
  @AnswersBoth(SessionOut)
  @Put(':id')
  async change(
    @Target('id') session: Session,
    @Query({ schema: ScopeQuery }) { scope }: z.output<typeof ScopeQuery>,
    @Body({ schema: SessionChange }) input: SessionChange,
    @IfMatch() expected: string | null,
  ) {
    const act = changeIn(scope, !!session.seriesId, session.id, input, expected);
    return this.act(session, act);
  }

  @Can('session.manage')
  @Targets({ id: Session })
  @Tagged()
  @AnswersBoth(SessionOut)
  @Delete(':id')
  async cancel(
    @Target('id') session: Session,
    @Query({ schema: ScopeQuery }) { scope }: z.output<typeof ScopeQuery>,
    @IfMatch() expected: string | null,
  ) {
    const alone = scope === 'this' || !session.seriesId;
    const { id } = session;
    return this.act(session, alone ? new CancelSession(id, expected) : new CancelSeries(id, scope, expected));
  }

  @Can('session.start')
  @Targets({ id: Session })
  @Answers(SessionOut)
  @Patch(':id/start')
  async start(@Target('id') session: Session, @Body({ schema: SessionAct }) input: SessionAct) {
    return this.act(session, new StartSession(session.id, input));
  }

  @Can('session.end')
  @Targets({ id: Session })
  @Answers(SessionOut)
  @Patch(':id/end')
  async end(@Target('id') session: Session, @Body({ schema: SessionAct }) input: SessionAct) {
    return this.act(session, new EndSession(session.id, input));
  }

  @Can('register.complete')
  @Targets({ id: Session })
  @Answers(SessionOut)
  @Patch(':id/complete-register')
  async completeRegister(@Target('id') session: Session, @Body({ schema: SessionAct }) input: SessionAct) {
    return this.act(session, new CompleteRegister(session.id, input));
  }

  @Can('session.unlock')
  @Targets({ id: Session })
  @Answers(SessionOut)
  @Patch(':id/unlock')
  async unlock(@Target('id') session: Session, @Body({ schema: SessionAct }) input: SessionAct) {
    return this.act(session, new UnlockSession(session.id, input));
  }

  private async scheduleSeries(input: NewSession & { recurrence: string }, me: SignedInUser) {
    const act = new ScheduleSeries(input, me.organization.timeZone, ownGroupsOf(me));
    const made = await this.bus.execute<ScheduleSeries, ScheduledSeries>(act);
    const sessions = await sessionsByIds(this.em, made.sessions.slice(0, 50));
    return { series_id: made.series, created: made.sessions.length, skipped: made.skipped, sessions };
  }

  /** The record as it is now; what became of a whole series stands beside it. */
  private async act(session: Session, command: ICommand) {
    const outcome = await this.bus.execute<ICommand, SeriesOutcome | undefined>(command);
    const data = await sessionById(this.em, session.id);
    return outcome ? { data, meta: outcome } : { data };
  }
}
