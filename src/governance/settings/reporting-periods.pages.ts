import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type Response } from 'express';
import { type AuthRequest } from '../../auth/index.js';
import { Can } from '../../platform/http/access.js';
import { attempt } from '../../platform/http/form.js';
import { type Refusal } from '../../platform/http/problem.js';
import { Reply } from '../../platform/http/reply.js';
import { type Meanwhile } from '../../platform/ledger/edited-meanwhile.js';
import { type Settings, settingsOf } from '../../tenancy/index.js';
import { ChangeDomainConfig } from './change-domain-config.js';
import { fieldsOf, MOST_PERIODS, periodsForm, periodsOf } from './reporting-periods-form.js';
import { besideTypedSettings, organizationToShow, seenIn, type Shown } from './seen-settings.js';

/** The page of the terms, seasons or quarters by which reports can be told. */
@Controller('settings/reporting-periods')
export class ReportingPeriodsPages {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
    private readonly reply: Reply,
  ) {}

  @Can('organization.configure')
  @Get()
  async page(@Req() request: AuthRequest) {
    const { organization, version } = await organizationToShow(this.em);
    const kept = settingsOf(organization).reporting_periods;
    return this.form(request, periodsForm(kept), Math.min(MOST_PERIODS, kept.length + EMPTY_ROWS), { version });
  }

  @Can('organization.configure')
  @Post()
  async change(@Req() request: AuthRequest, @Res() response: Response) {
    const typed = fieldsOf(request.body);
    const body = (request.body ?? {}) as Record<string, unknown>;
    const done = await attempt(() =>
      this.bus.execute(new ChangeDomainConfig({ settings: { reporting_periods: periodsOf(typed) } }, seenIn(body))),
    );
    if (!done.refusals) return response.redirect(303, '/settings/reporting-periods?done=saved');
    const { refusals, data, status } = done;
    const more = { refusals, version: data?.version ?? body.version };
    const { values, meanwhile } = await this.beside(typed, data);
    response
      .status(status)
      .type('html')
      .send(this.form(request, values, rowsOf(values), { ...more, meanwhile }));
  }

  /** All periods are one field: a row of one list beside rows of another would be a list that nobody typed. */
  private async beside(typed: Record<string, string>, data: Record<string, unknown> | undefined) {
    if (!data) return { values: typed, meanwhile: [] };
    const { organization } = await organizationToShow(this.em);
    const fieldsOf = (from: Shown) => ({ reporting_periods: written(settingsOf(from).reporting_periods) });
    const { meanwhile } = besideTypedSettings(
      { reporting_periods: written(periodsOf(typed)) },
      data,
      organization,
      fieldsOf,
    );
    const isTyped = meanwhile.some((each) => each.typed);
    return { values: isTyped ? typed : periodsForm(settingsOf(organization).reporting_periods), meanwhile };
  }

  private form(
    request: AuthRequest,
    values: Record<string, string>,
    rows: number,
    more: { version: unknown; refusals?: Refusal[]; meanwhile?: Meanwhile[] },
  ) {
    const data = {
      values,
      refusals: [],
      ...more,
      rows: Array.from({ length: rows }, (_, at) => at),
      notice: request.query.done === 'saved' ? { kind: 'done' as const, text: 'The settings are saved.' } : null,
    };
    return this.reply.render('settings/reporting-periods.njk', data, request);
  }
}

const written = (periods: Settings['reporting_periods']): string =>
  periods.map(({ name, from, to }) => `${name} (${from} – ${to})`).join(', ');

/** Rows to type more into. */
const EMPTY_ROWS = 2;
/** As many rows as the form had that was sent, at least one. */
const rowsOf = (typed: Record<string, string>): number =>
  Math.max(1, ...Object.keys(typed).map((name) => Number(name.split('_')[1]) + 1));
