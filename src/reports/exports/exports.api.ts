import { Body, Controller, Delete, Get, HttpCode, Post, Query, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { ApiProduces, ApiTags } from '@nestjs/swagger';
import { type Response } from 'express';
import { z } from 'zod';
import { Me, type SignedInUser } from '../../auth/index.js';
import { Can, Targets } from '../../platform/http/access.js';
import { Answers, AnswersPage } from '../../platform/http/answers.js';
import { afterCursor, cursorOf, pagingFields } from '../../platform/http/paging.js';
import { Target } from '../../platform/http/target.guard.js';
import { XLSX_TYPE } from '../../platform/xlsx/workbook-stream.js';
import { AskExport, NewExport } from './ask-export.js';
import { CancelExport } from './cancel-export.js';
import { ExportJobs } from './export-jobs.js';
import { exportJson, ExportOut } from './export-json.js';
import { Export } from './export.entity.js';
import { ownExport } from './own-export.js';
import { SendExport } from './send-export.js';

const Paged = z.strictObject(pagingFields);

/** REST: files of reports and lists, made in the background. Everybody has his own, and sees no others. */
@ApiTags('reports')
@Controller('api/reports')
export class ExportsApi {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
    private readonly jobs: ExportJobs,
    private readonly sendExport: SendExport,
  ) {}

  @Can('export.run')
  @Answers(ExportOut, 202)
  @Post('exports')
  @HttpCode(202)
  async ask(@Body({ schema: NewExport }) input: NewExport, @Me() me: SignedInUser) {
    const id = await this.bus.execute<AskExport, number>(new AskExport(input, me));
    this.jobs.kick();
    return { data: exportJson(await this.em.findOneOrFail(Export, { id }), me) };
  }

  @Can('export.run')
  @AnswersPage(ExportOut)
  @Get('exports')
  async list(@Query({ schema: Paged }) { page, per_page, cursor }: z.output<typeof Paged>, @Me() me: SignedInUser) {
    const rows = await this.em.find(
      Export,
      { user: me.id, id: { $gt: afterCursor(cursor) } },
      { orderBy: { id: 'asc' }, limit: per_page + 1, offset: cursor ? 0 : (page - 1) * per_page },
    );
    const total = await this.em.count(Export, { user: me.id });
    const next = rows.length > per_page ? cursorOf(rows[per_page - 1]!.id) : null;
    return { data: rows.slice(0, per_page).map((job) => exportJson(job, me)), meta: { page, per_page, total, next } };
  }

  @Can('export.run')
  @Targets({ id: Export })
  @Answers(ExportOut)
  @Get('exports/:id')
  get(@Target('id') job: Export, @Me() me: SignedInUser) {
    return { data: exportJson(ownExport(job, me), me) };
  }

  @Can('export.run')
  @Targets({ id: Export })
  @Answers(ExportOut)
  @Post('exports/:id/cancel')
  @HttpCode(200)
  cancel(@Target('id') job: Export, @Me() me: SignedInUser) {
    return this.end(job, me);
  }

  /** As cancel; a file that is kept is removed. */
  @Can('export.run')
  @Targets({ id: Export })
  @Answers(ExportOut)
  @Delete('exports/:id')
  remove(@Target('id') job: Export, @Me() me: SignedInUser) {
    return this.end(job, me);
  }

  @Can('export.run')
  @Targets({ id: Export })
  @ApiProduces('text/csv', XLSX_TYPE, 'application/pdf')
  @Get('export/:id')
  async file(@Target('id') job: Export, @Me() me: SignedInUser, @Res() response: Response) {
    await this.sendExport.send(ownExport(job, me), me, response);
  }

  private async end(job: Export, me: SignedInUser) {
    await this.bus.execute(new CancelExport(ownExport(job, me).id));
    await this.em.refresh(job);
    return { data: exportJson(job, me) };
  }
}
