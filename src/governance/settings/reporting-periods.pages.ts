import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { type Response } from 'express';
import { Me, type AuthRequest, type SignedInUser } from '../../auth/index.js';
import { Can } from '../../platform/http/access.js';
import { attempt } from '../../platform/http/form.js';
import { type Refusal } from '../../platform/http/problem.js';
import { Reply } from '../../platform/http/reply.js';
import { settingsOf } from '../../tenancy/index.js';
import { ChangeDomainConfig } from './change-domain-config.js';
import { fieldsOf, MOST_PERIODS, periodsForm, periodsOf } from './reporting-periods-form.js';

/** The page of the terms, seasons or quarters by which reports can be told. */
@Controller('settings/reporting-periods')
export class ReportingPeriodsPages {
  constructor(
    private readonly bus: CommandBus,
    private readonly reply: Reply,
  ) {}

  @Can('organization.configure')
  @Get()
  page(@Me() me: SignedInUser, @Req() request: AuthRequest) {
    const kept = settingsOf(me.organization).reporting_periods;
    return this.form(request, periodsForm(kept), Math.min(MOST_PERIODS, kept.length + EMPTY_ROWS));
  }

  @Can('organization.configure')
  @Post()
  async change(@Req() request: AuthRequest, @Res() response: Response) {
    const typed = fieldsOf(request.body);
    const done = await attempt(() =>
      this.bus.execute(new ChangeDomainConfig({ settings: { reporting_periods: periodsOf(typed) } })),
    );
    if (!done.refusals) return response.redirect(303, '/settings/reporting-periods?done=saved');
    response
      .status(done.status)
      .type('html')
      .send(this.form(request, typed, rowsOf(typed), done.refusals));
  }

  private form(request: AuthRequest, values: Record<string, string>, rows: number, refusals: Refusal[] = []) {
    const data = {
      values,
      refusals,
      rows: Array.from({ length: rows }, (_, at) => at),
      notice: request.query.done === 'saved' ? { kind: 'done' as const, text: 'The settings are saved.' } : null,
    };
    return this.reply.render('settings/reporting-periods.njk', data, request);
  }
}

/** Rows to type more into. */
const EMPTY_ROWS = 2;
/** As many rows as the form had that was sent, at least one. */
const rowsOf = (typed: Record<string, string>): number =>
  Math.max(1, ...Object.keys(typed).map((name) => Number(name.split('_')[1]) + 1));
