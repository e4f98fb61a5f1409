import { Body, Controller, Delete, Get, HttpCode, Post, Put, Query } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Me, type SignedInUser } from '../../auth/index.js';
import { Can, Targets } from '../../platform/http/access.js';
import { Answers, AnswersPage } from '../../platform/http/answers.js';
import { afterCursor, cursorOf, pagingFields } from '../../platform/http/paging.js';
import { Target } from '../../platform/http/target.guard.js';
import { ChangeSchedule, CreateSchedule, RemoveSchedule } from './keep-schedule.js';
import { lastRuns } from './last-runs.query.js';
import { ownSchedule, seesEverySchedule } from './own-schedule.js';
import { ReportSchedule } from './report-schedule.entity.js';
import { NewReportSchedule, ReportScheduleChange, ReportScheduleOut, scheduleJson } from './schedule-input.js';

const Paged = z.strictObject(pagingFields);

/** REST: reports that come by mail. */
@ApiTags('reports')
@Controller('api/reports/schedules')
export class SchedulesApi {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
  ) {}

  @Can('export.run')
  @AnswersPage(ReportScheduleOut)
  @Get()
  async list(@Query({ schema: Paged }) { page, per_page, cursor }: z.output<typeof Paged>, @Me() me: SignedInUser) {
    const mine = seesEverySchedule(me) ? {} : { user: me.id };
    const rows = await this.em.find(
      ReportSchedule,
      { ...mine, id: { $gt: afterCursor(cursor) } },
      { orderBy: { id: 'asc' }, limit: per_page + 1, offset: cursor ? 0 : (page - 1) * per_page },
    );
    const total = await this.em.count(ReportSchedule, mine);
    const shown = rows.slice(0, per_page);
    const runs = await lastRuns(
      this.em,
      shown.map(({ id }) => id),
    );
    const next = rows.length > per_page ? cursorOf(shown.at(-1)!.id) : null;
    return {
      data: shown.map((each) => scheduleJson(each, runs.get(each.id) ?? null)),
      meta: { page, per_page, total, next },
    };
  }

  @Can('export.run')
  @Answers(ReportScheduleOut, 201)
  @Post()
  @HttpCode(201)
  async create(@Body({ schema: NewReportSchedule }) input: NewReportSchedule, @Me() me: SignedInUser) {
    return { data: await this.one(await this.bus.execute<CreateSchedule, number>(new CreateSchedule(input, me))) };
  }

  @Can('export.run')
  @Targets({ id: ReportSchedule })
  @Answers(ReportScheduleOut)
  @Get(':id')
  async get(@Target('id') schedule: ReportSchedule, @Me() me: SignedInUser) {
    return { data: await this.one(ownSchedule(schedule, me).id) };
  }

  @Can('export.run')
  @Targets({ id: ReportSchedule })
  @Answers(ReportScheduleOut)
  @Put(':id')
  async change(
    @Target('id') schedule: ReportSchedule,
    @Body({ schema: ReportScheduleChange }) input: ReportScheduleChange,
    @Me() me: SignedInUser,
  ) {
    const { id } = ownSchedule(schedule, me);
    await this.bus.execute(new ChangeSchedule(id, input, me));
    return { data: await this.one(id) };
  }

  @Can('export.run')
  @Targets({ id: ReportSchedule })
  @Answers(ReportScheduleOut)
  @Delete(':id')
  async remove(@Target('id') schedule: ReportSchedule, @Me() me: SignedInUser) {
    const data = await this.one(ownSchedule(schedule, me).id);
    await this.bus.execute(new RemoveSchedule(schedule.id));
    return { data };
  }

  private async one(id: number) {
    const schedule = await this.em.findOneOrFail(ReportSchedule, { id }, { refresh: true });
    return scheduleJson(schedule, (await lastRuns(this.em, [id])).get(id) ?? null);
  }
}
