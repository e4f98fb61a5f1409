import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type Response } from 'express';
import { z } from 'zod';
import { Me, type AuthRequest, type SignedInUser } from '../../auth/index.js';
import { groupOptions, refuseUnknownGroup } from '../../participants/index.js';
import { clock } from '../../platform/clock.js';
import { Can } from '../../platform/http/access.js';
import { attempt } from '../../platform/http/form.js';
import { id as idText, parse } from '../../platform/http/parse.js';
import { Reply } from '../../platform/http/reply.js';
import { addDays, dayOf } from '../../tenancy/index.js';
import { weekOf } from '../calendar/calendar.query.js';
import { CopyName, CopyWeekForm } from './copy-week-input.js';
import { type CopiedWeeks, CopyWeek, UndoCopy } from './copy-week.js';
import { planCopy } from './plan-copy.query.js';

const DoneQuery = z.object({
  done: z.enum(['copied', 'undone']).optional().catch(undefined),
  count: z.coerce.number().int().min(0).max(100_000).catch(0),
  copy: z.string().max(60).catch(''),
});

/** Pages: a week is copied. What would be made is shown first. */
@Controller('sessions/copy-week')
export class CopyWeekPages {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
    private readonly reply: Reply,
  ) {}

  /** The form; with a week to fill, also what would be made there. */
  @Can('session.manage')
  @Get()
  async form(@Req() request: AuthRequest, @Res() response: Response, @Me() me: SignedInUser) {
    const { timeZone, locale } = me.organization;
    const typed = request.query as Record<string, unknown>;
    const today = dayOf(clock.now(), timeZone);
    const from = z.iso.date().safeParse(typed.from).data ?? today;
    const first = from >= '1900-01-10' && from < '2199-12-01' ? weekOf(from, locale) : weekOf(today, locale);
    const values = {
      from: first,
      to: '',
      weeks: '1',
      ...typed,
      ...('to' in typed ? {} : { to: addDays(first, 7), from: first }),
    };
    if (!('to' in typed)) return response.type('html').send(await this.page(request, { values }));
    const done = await attempt(async () => {
      const input = parse(CopyWeekForm, typed);
      if (input.group_id) await refuseUnknownGroup(this.em, input.group_id, 'group_id');
      return planCopy(this.em, input, { timeZone, locale });
    });
    const data = done.refusals ? { refusals: done.refusals } : { plan: done.value };
    return response
      .status(done.refusals ? done.status : 200)
      .type('html')
      .send(await this.page(request, { values, ...data }));
  }

  @Can('session.manage')
  @Post()
  async copy(@Req() request: AuthRequest, @Res() response: Response, @Me() me: SignedInUser) {
    const { timeZone, locale } = me.organization;
    const values = (request.body ?? {}) as Record<string, unknown>;
    const done = await attempt(() =>
      this.bus.execute<CopyWeek, CopiedWeeks>(new CopyWeek(parse(CopyWeekForm, values), { timeZone, locale })),
    );
    if (!done.refusals) {
      const { sessions, copy, plan } = done.value;
      return response.redirect(
        303,
        `/sessions/copy-week?done=copied&count=${sessions.length}&copy=${copy ?? ''}&from=${plan.from.first}`,
      );
    }
    const page = await this.page(request, { values, refusals: done.refusals });
    return response.status(done.status).type('html').send(page);
  }

  @Can('session.manage')
  @Post('undo')
  async undo(@Req() request: AuthRequest, @Res() response: Response) {
    const { copy } = parse(CopyName, request.body ?? {});
    const count = await this.bus.execute<UndoCopy, number>(new UndoCopy(copy));
    response.redirect(303, `/sessions/copy-week?done=undone&count=${count}`);
  }

  private async page(request: AuthRequest, data: Record<string, unknown> & { values: Record<string, unknown> }) {
    const query = DoneQuery.parse(request.query);
    const chosen = idText.safeParse(data.values.group_id).data;
    const group_options = await groupOptions(this.em, null, chosen);
    return this.reply.render('sessions/copy-week.njk', { query, group_options, ...data }, request);
  }
}
