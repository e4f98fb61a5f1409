import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type Response } from 'express';
import { z } from 'zod';
import { Me, type AuthRequest, type SignedInUser } from '../../auth/index.js';
import { Can, Targets } from '../../platform/http/access.js';
import { attempt } from '../../platform/http/form.js';
import { id as idText, parse } from '../../platform/http/parse.js';
import { Reply } from '../../platform/http/reply.js';
import { Target } from '../../platform/http/target.guard.js';
import { besideTyped, type ChangedField, versionOf, versionText } from '../../platform/ledger/edited-meanwhile.js';
import { entryOf } from '../../platform/text.js';
import { SessionTemplate } from '../session-template.entity.js';
import { AdoptTemplates, ChangeTemplate, CreateTemplate, OrderTemplates } from './keep-template.js';
import { offeredTemplates } from './open-templates.js';
import { NewTemplate } from './template-input.js';

const FIELDS = ['name', 'location', 'minutes', 'start_time'] as const;
const typed = (request: AuthRequest) => {
  const body = (request.body ?? {}) as Record<string, unknown>;
  return Object.fromEntries(FIELDS.map((name) => [name, body[name]]));
};
const MoveForm = z.object({ direction: z.enum(['up', 'down'], { error: 'Choose up or down.' }) });
const OrderForm = z.object({ ids: z.preprocess((value) => [value].flat(), z.array(idText).max(1000)) });

const NOTICES: Record<string, string> = {
  created: 'The template is added.',
  saved: 'The changes are saved.',
  retired: 'The template is not offered any more.',
  restored: 'The template is offered again.',
};

/** Pages: what a new session can begin from. */
@Controller('settings/templates')
export class TemplatesPages {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
    private readonly reply: Reply,
  ) {}

  @Can('organization.configure')
  @Get()
  async list(@Req() request: AuthRequest, @Me() me: SignedInUser) {
    return this.listPage(request, me, {});
  }

  @Can('organization.configure')
  @Post()
  async create(@Req() request: AuthRequest, @Res() response: Response, @Me() me: SignedInUser) {
    const done = await attempt(() => this.bus.execute(new CreateTemplate(parse(NewTemplate, typed(request)))));
    if (!done.refusals) return response.redirect(303, '/settings/templates?done=created');
    const page = await this.listPage(request, me, { values: request.body ?? {}, refusals: done.refusals });
    return response.status(done.status).type('html').send(page);
  }

  @Can('organization.configure')
  @Post('adopt')
  async adopt(@Res() response: Response) {
    await this.bus.execute(new AdoptTemplates());
    response.redirect(303, '/settings/templates');
  }

  /** All of them in a new order, as dragging gives it. */
  @Can('organization.configure')
  @Post('order')
  async order(@Req() request: AuthRequest, @Res() response: Response) {
    await this.bus.execute(new OrderTemplates(parse(OrderForm, request.body ?? {}).ids));
    response.redirect(303, '/settings/templates');
  }

  @Can('organization.configure')
  @Targets({ id: SessionTemplate })
  @Get(':id')
  edit(@Target('id') template: SessionTemplate, @Req() request: AuthRequest) {
    return this.editPage(template, request, {});
  }

  @Can('organization.configure')
  @Targets({ id: SessionTemplate })
  @Post(':id')
  async change(@Target('id') template: SessionTemplate, @Req() request: AuthRequest, @Res() response: Response) {
    const version = versionText.parse(request.body?.version);
    const done = await attempt(() =>
      this.bus.execute(new ChangeTemplate(template.id, parse(NewTemplate, typed(request)), { version })),
    );
    if (!done.refusals) return response.redirect(303, '/settings/templates?done=saved');
    await this.em.refresh(template);
    const changed = (done.data?.changed as ChangedField[] | undefined) ?? [];
    const page = await this.editPage(template, request, {
      refusals: done.refusals,
      version: done.data?.version ?? version,
      ...besideTyped(request.body ?? {}, changed, valuesOf(template)),
    });
    return response.status(done.status).type('html').send(page);
  }

  @Can('organization.configure')
  @Targets({ id: SessionTemplate })
  @Post(':id/move')
  async move(@Target('id') { id }: SessionTemplate, @Req() request: AuthRequest, @Res() response: Response) {
    const { direction } = parse(MoveForm, request.body ?? {});
    const ids = (await this.own()).filter((each) => each.isActive).map((each) => each.id);
    const at = ids.indexOf(id);
    const other = direction === 'up' ? at - 1 : at + 1;
    if (at >= 0 && ids[other] !== undefined) {
      ids.splice(at, 1);
      ids.splice(other, 0, id);
      await this.bus.execute(new OrderTemplates(ids));
    }
    response.redirect(303, '/settings/templates');
  }

  @Can('organization.configure')
  @Targets({ id: SessionTemplate })
  @Post(':id/retire')
  async retire(@Target('id') { id }: SessionTemplate, @Res() response: Response) {
    await this.bus.execute(new ChangeTemplate(id, { is_active: false }));
    response.redirect(303, `/settings/templates?done=retired&template=${id}`);
  }

  @Can('organization.configure')
  @Targets({ id: SessionTemplate })
  @Post(':id/restore')
  async restore(@Target('id') { id }: SessionTemplate, @Res() response: Response) {
    await this.bus.execute(new ChangeTemplate(id, { is_active: true }));
    response.redirect(303, '/settings/templates?done=restored');
  }

  private own(): Promise<SessionTemplate[]> {
    return this.em.find(SessionTemplate, {}, { orderBy: { sortOrder: 'asc', id: 'asc' } });
  }

  private async listPage(request: AuthRequest, me: SignedInUser, form: Record<string, unknown>) {
    const templates = await this.own();
    const done = String(request.query.done ?? '');
    const retired = idText.safeParse(request.query.template).data;
    const undo =
      done === 'retired' && retired ? { action: `/settings/templates/${retired}/restore`, fields: {} } : undefined;
    const text = entryOf(NOTICES, done);
    const data = {
      templates: templates.filter((each) => each.isActive),
      retired: templates.filter((each) => !each.isActive),
      lent: templates.length === 0 ? await offeredTemplates(this.em, me.organization.domainType) : [],
      values: { minutes: 60 },
      notice: text ? { kind: 'done', text, undo } : null,
      ...form,
    };
    return this.reply.render('sessions/templates.njk', data, request);
  }

  private async editPage(template: SessionTemplate, request: AuthRequest, form: Record<string, unknown>) {
    const version = await versionOf(this.em, 'session_templates', template.id);
    return this.reply.render(
      'sessions/template.njk',
      { template, values: valuesOf(template), version, ...form },
      request,
    );
  }
}

const valuesOf = ({ name, location, minutes, startTime }: SessionTemplate) => ({
  name,
  location: location ?? '',
  minutes,
  start_time: startTime ?? '',
});
