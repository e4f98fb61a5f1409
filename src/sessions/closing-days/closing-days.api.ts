import { Body, Controller, Delete, Get, Post, Put, Query } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Me, type SignedInUser } from '../../auth/index.js';
import { Can, Targets } from '../../platform/http/access.js';
import { Answers, AnswersBoth, AnswersPage } from '../../platform/http/answers.js';
import { ClosingDayOut } from '../session-answers.js';
import { IfMatch, Tagged } from '../../platform/http/etag.js';
import { pagingFields } from '../../platform/http/paging.js';
import { Target } from '../../platform/http/target.guard.js';
import { ClosingDay } from '../closing-day.entity.js';
import {
  ClosingDayChange,
  ClosingDayFilters,
  closingDayJson,
  NewClosingDay,
  RemoveQuery,
} from './closing-day-input.js';
import { findClosingDays } from './find-closing-days.query.js';
import { ChangeClosingDay, type ClosingOutcome, CreateClosingDay, RemoveClosingDay } from './keep-closing-day.js';

const filters = z.object({ ...pagingFields, ...ClosingDayFilters });

/** REST: days on which nothing takes place. */
@ApiTags('sessions')
@Controller('api/admin/closing-days')
export class ClosingDaysApi {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
  ) {}

  @Can('roster.view')
  @AnswersPage(ClosingDayOut)
  @Get()
  async list(@Query({ schema: filters }) query: z.output<typeof filters>) {
    return findClosingDays(this.em, query, query);
  }

  @Can('roster.view')
  @Targets({ id: ClosingDay })
  @Tagged()
  @Answers(ClosingDayOut)
  @Get(':id')
  read(@Target('id') closing: ClosingDay) {
    return { data: closingDayJson(closing) };
  }

  @Can('session.manage')
  @Tagged()
  @AnswersBoth(ClosingDayOut, 201)
  @Post()
  async create(@Body({ schema: NewClosingDay }) input: NewClosingDay, @Me() me: SignedInUser) {
    const { id, outcome } = await this.bus.execute<CreateClosingDay, { id: number; outcome: ClosingOutcome }>(
      new CreateClosingDay(input, me.organization.timeZone),
    );
    return { data: await this.one(id), meta: outcome };
  }

  @Can('session.manage')
  @Targets({ id: ClosingDay })
  @Tagged()
  @AnswersBoth(ClosingDayOut)
  @Put(':id')
  async change(
    @Target('id') { id }: ClosingDay,
    @Body({ schema: ClosingDayChange }) input: ClosingDayChange,
    @IfMatch() etag: string | null,
    @Me() me: SignedInUser,
  ) {
    const act = new ChangeClosingDay(id, input, me.organization.timeZone, { etag });
    const meta = await this.bus.execute<ChangeClosingDay, ClosingOutcome>(act);
    return { data: await this.one(id), meta };
  }

  @Can('session.manage')
  @Targets({ id: ClosingDay })
  @AnswersBoth(ClosingDayOut)
  @Delete(':id')
  async remove(
    @Target('id') closing: ClosingDay,
    @Query({ schema: RemoveQuery }) query: z.output<typeof RemoveQuery>,
    @IfMatch() etag: string | null,
    @Me() me: SignedInUser,
  ) {
    const data = closingDayJson(closing);
    const act = new RemoveClosingDay(closing.id, query.revive_sessions ?? false, me.organization.timeZone, { etag });
    return { data, meta: await this.bus.execute<RemoveClosingDay, ClosingOutcome>(act) };
  }

  private async one(id: number) {
    return closingDayJson(await this.em.findOneOrFail(ClosingDay, { id }, { refresh: true }));
  }
}
