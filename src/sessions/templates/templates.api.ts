import { Body, Controller, Delete, Get, Post, Put, Query } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Can, Targets } from '../../platform/http/access.js';
import { Answers, AnswersPage } from '../../platform/http/answers.js';
import { TemplateOut } from '../session-answers.js';
import { IfMatch, Tagged } from '../../platform/http/etag.js';
import { afterCursor, cursorOf, pagingFields } from '../../platform/http/paging.js';
import { flag } from '../../platform/http/parse.js';
import { Target } from '../../platform/http/target.guard.js';
import { SessionTemplate } from '../session-template.entity.js';
import { ChangeTemplate, CreateTemplate } from './keep-template.js';
import { NewTemplate, TemplateChange, templateJson } from './template-input.js';

const filters = z.object({ ...pagingFields, is_active: flag.optional() });

/** REST: what a new session can begin from. */
@ApiTags('sessions')
@Controller('api/admin/session-templates')
export class TemplatesApi {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
  ) {}

  @Can('roster.view')
  @AnswersPage(TemplateOut)
  @Get()
  async list(@Query({ schema: filters }) { page, per_page, cursor, is_active }: z.output<typeof filters>) {
    const where = is_active === undefined ? {} : { isActive: is_active };
    const rows = await this.em.find(
      SessionTemplate,
      { ...where, id: { $gt: afterCursor(cursor) } },
      { orderBy: { id: 'asc' }, limit: per_page + 1, offset: cursor ? 0 : (page - 1) * per_page },
    );
    const data = rows.slice(0, per_page).map(templateJson);
    const next = rows.length > per_page ? cursorOf(data.at(-1)!.id) : null;
    return { data, meta: { page, per_page, total: await this.em.count(SessionTemplate, where), next } };
  }

  @Can('roster.view')
  @Targets({ id: SessionTemplate })
  @Tagged()
  @Answers(TemplateOut)
  @Get(':id')
  read(@Target('id') template: SessionTemplate) {
    return { data: templateJson(template) };
  }

  @Can('organization.configure')
  @Tagged()
  @Answers(TemplateOut, 201)
  @Post()
  async create(@Body({ schema: NewTemplate }) input: NewTemplate) {
    return this.one(await this.bus.execute<CreateTemplate, number>(new CreateTemplate(input)));
  }

  @Can('organization.configure')
  @Targets({ id: SessionTemplate })
  @Tagged()
  @Answers(TemplateOut)
  @Put(':id')
  async change(
    @Target('id') { id }: SessionTemplate,
    @Body({ schema: TemplateChange }) input: TemplateChange,
    @IfMatch() etag: string | null,
  ) {
    await this.bus.execute(new ChangeTemplate(id, input, { etag }));
    return this.one(id);
  }

  /** Out of use; `is_active` true brings it back. */
  @Can('organization.configure')
  @Targets({ id: SessionTemplate })
  @Tagged()
  @Answers(TemplateOut)
  @Delete(':id')
  async retire(@Target('id') { id }: SessionTemplate, @IfMatch() etag: string | null) {
    await this.bus.execute(new ChangeTemplate(id, { is_active: false }, { etag }));
    return this.one(id);
  }

  private async one(id: number) {
    return { data: templateJson(await this.em.findOneOrFail(SessionTemplate, { id }, { refresh: true })) };
  }
}
