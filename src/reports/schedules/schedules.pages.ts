import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type Response } from 'express';
import { z } from 'zod';
import { Me, type AuthRequest, type SignedInUser, User } from '../../auth/index.js';
import { groupOptions, ownGroupsOf } from '../../participants/index.js';
import { Can, Targets } from '../../platform/http/access.js';
import { attempt } from '../../platform/http/form.js';
import { id, parse } from '../../platform/http/parse.js';
import { settingsOf } from '../../tenancy/index.js';
import { Reply } from '../../platform/http/reply.js';
import { Target } from '../../platform/http/target.guard.js';
import { Mail } from '../../platform/mail.js';
import { entryOf } from '../../platform/text.js';
import { reportOf, REPORTS } from '../kinds/index.js';
import { RANGE_WORDS, RANGES } from '../ranges.js';
import { ChangeSchedule, CreateSchedule, RemoveSchedule, SendScheduleNow } from './keep-schedule.js';
import { lastRuns } from './last-runs.query.js';
import { ownSchedule, seesEverySchedule } from './own-schedule.js';
import { usersWhoSeeAll } from './recipients.query.js';
import { ReportSchedule } from './report-schedule.entity.js';
import { NewReportSchedule, runFailure, scheduleJson } from './schedule-input.js';

const PER_PAGE = 50;
const Page = z.coerce.number().int().min(1).max(100_000).catch(1);
/** Filters that the form shows. */
const FILTERS = ['group_id', 'threshold', 'absences'] as const;
/** A statement needs its person, whom a program names. */
const OFFERED = REPORTS.filter(({ code }) => code !== 'statement');
const NOTICES: Record<string, string> = {
  saved: 'The changes are saved.',
  paused: 'It rests until you let it go on.',
  resumed: 'It goes on.',
  removed: 'It does not come any more.',
  asked: 'It is on its way: here stands what became of it, in a minute.',
};

/** Pages: reports that come by mail. */
@Controller('reports/schedules')
export class SchedulesPages {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
    private readonly reply: Reply,
    private readonly mail: Mail,
  ) {}

  @Can('export.run')
  @Get()
  async list(@Me() me: SignedInUser, @Req() request: AuthRequest) {
    const page = Page.parse(request.query.page);
    const [schedules, total] = await this.em.findAndCount(
      ReportSchedule,
      seesEverySchedule(me) ? {} : { user: me.id },
      { orderBy: { id: 'desc' }, limit: PER_PAGE, offset: (page - 1) * PER_PAGE },
    );
    const runs = await lastRuns(
      this.em,
      schedules.map(({ id }) => id),
    );
    const users = await this.em.find(User, { id: { $in: [...new Set(schedules.map(({ user }) => user))] } });
    const names = new Map(users.map((user) => [user.id, `${user.firstName} ${user.lastName}`.trim()]));
    const text = entryOf(NOTICES, String(request.query.done ?? ''));
    const data = {
      schedules: schedules.map((schedule) => {
        const run = runs.get(schedule.id) ?? null;
        const title = reportOf(schedule.report)?.title ?? schedule.report;
        return { schedule, title, user: names.get(schedule.user), run, failure: run && runFailure(run) };
      }),
      can_send: this.mail.configured,
      meta: { page, per_page: PER_PAGE, total },
      notice: text ? { kind: 'done', text } : null,
    };
    return this.reply.render('reports/schedules.njk', data, request);
  }

  @Can('export.run')
  @Get('new')
  async form(@Me() me: SignedInUser, @Req() request: AuthRequest) {
    const report = reportOf(String(request.query.report ?? ''))?.code ?? REPORTS[0]!.code;
    const values = { report, format: 'pdf', range: 'yesterday', every: 'day', weekday: 1, day_of_month: 1 };
    return this.formPage(me, request, null, { values: { ...values, local_time: '07:00', recipients: [] } });
  }

  @Can('export.run')
  @Post('new')
  async create(@Me() me: SignedInUser, @Req() request: AuthRequest, @Res() response: Response) {
    const done = await attempt(() => this.bus.execute(new CreateSchedule(typedOf(request), me)));
    if (!done.refusals) return response.redirect(303, '/reports/schedules?done=saved');
    const values = shownAgain(request);
    const html = await this.formPage(me, request, null, { values, refusals: done.refusals });
    return response.status(done.status).type('html').send(html);
  }

  @Can('export.run')
  @Targets({ id: ReportSchedule })
  @Get(':id')
  edit(@Target('id') schedule: ReportSchedule, @Me() me: SignedInUser, @Req() request: AuthRequest) {
    const { filters, ...values } = scheduleJson(ownSchedule(schedule, me), null);
    return this.formPage(me, request, schedule, { values: { ...values, ...filters } });
  }

  @Can('export.run')
  @Targets({ id: ReportSchedule })
  @Post(':id')
  async change(
    @Target('id') schedule: ReportSchedule,
    @Me() me: SignedInUser,
    @Req() request: AuthRequest,
    @Res() response: Response,
  ) {
    const { id } = ownSchedule(schedule, me);
    const done = await attempt(() => {
      const { is_active: _kept, ...input } = typedOf(request);
      // What a program has set and the form does not show stays.
      const hidden = Object.entries(schedule.filters).filter(([name]) => !FILTERS.includes(name as never));
      const filters = { ...Object.fromEntries(hidden), ...input.filters };
      return this.bus.execute(new ChangeSchedule(id, { ...input, filters }, me));
    });
    if (!done.refusals) return response.redirect(303, '/reports/schedules?done=saved');
    const values = shownAgain(request);
    const html = await this.formPage(me, request, schedule, { values, refusals: done.refusals });
    return response.status(done.status).type('html').send(html);
  }

  @Can('export.run')
  @Targets({ id: ReportSchedule })
  @Post(':id/pause')
  async pause(@Target('id') schedule: ReportSchedule, @Me() me: SignedInUser, @Res() response: Response) {
    await this.bus.execute(new ChangeSchedule(ownSchedule(schedule, me).id, { is_active: false }, me));
    response.redirect(303, '/reports/schedules?done=paused');
  }

  @Can('export.run')
  @Targets({ id: ReportSchedule })
  @Post(':id/resume')
  async resume(@Target('id') schedule: ReportSchedule, @Me() me: SignedInUser, @Res() response: Response) {
    await this.bus.execute(new ChangeSchedule(ownSchedule(schedule, me).id, { is_active: true }, me));
    response.redirect(303, '/reports/schedules?done=resumed');
  }

  @Can('export.run')
  @Targets({ id: ReportSchedule })
  @Post(':id/send')
  async send(@Target('id') schedule: ReportSchedule, @Me() me: SignedInUser, @Res() response: Response) {
    await this.bus.execute(new SendScheduleNow(ownSchedule(schedule, me).id, me.organization.timeZone));
    response.redirect(303, '/reports/schedules?done=asked');
  }

  @Can('export.run')
  @Targets({ id: ReportSchedule })
  @Get(':id/remove')
  askRemove(@Target('id') schedule: ReportSchedule, @Me() me: SignedInUser, @Req() request: AuthRequest) {
    const title = reportOf(ownSchedule(schedule, me).report)?.title ?? schedule.report;
    return this.reply.render('reports/schedule-remove.njk', { schedule, report_title: title }, request);
  }

  @Can('export.run')
  @Targets({ id: ReportSchedule })
  @Post(':id/remove')
  async remove(@Target('id') schedule: ReportSchedule, @Me() me: SignedInUser, @Res() response: Response) {
    await this.bus.execute(new RemoveSchedule(ownSchedule(schedule, me).id));
    response.redirect(303, '/reports/schedules?done=removed');
  }

  private async formPage(
    me: SignedInUser,
    request: AuthRequest,
    schedule: ReportSchedule | null,
    form: { values: Record<string, unknown> } & Record<string, unknown>,
  ) {
    const group = id.safeParse(form.values.group_id).data;
    const users = await usersWhoSeeAll(this.em);
    const say = this.reply.say(request);
    const hasTerms = settingsOf(me.organization).reporting_periods.length > 0;
    const data = {
      schedule,
      reports: OFFERED.map(({ code, title }) => ({ code, title })),
      users: users
        .filter(({ id }) => id !== (schedule?.user ?? me.id))
        .map(({ id, firstName, lastName, email }) => ({ id, name: `${firstName} ${lastName}`.trim(), email })),
      group_options: await groupOptions(this.em, ownGroupsOf(me), group),
      can_send: this.mail.configured,
      ranges: RANGES.filter((range) => range !== 'this_term' || hasTerms || form.values.range === range).map(
        (range) => [range, say(RANGE_WORDS[range])],
      ),
      ...form,
    };
    return this.reply.render('reports/schedule.njk', data, request);
  }
}

const bodyOf = (request: AuthRequest) => (request.body ?? {}) as Record<string, unknown>;
const recipientsOf = (body: Record<string, unknown>) => [body.recipients ?? []].flat();
const shownAgain = (request: AuthRequest) => {
  const body = bodyOf(request);
  return { ...body, recipients: recipientsOf(body).map(Number) };
};

/** What a person typed. @throws Problem 422 */
function typedOf(request: AuthRequest) {
  const body = bodyOf(request);
  const { report, format, range, every, weekday, day_of_month, local_time } = body;
  const filters = Object.fromEntries(
    FILTERS.flatMap((name) => (typeof body[name] === 'string' && body[name] ? [[name, body[name]]] : [])),
  );
  const when = {
    every,
    weekday: every === 'week' ? weekday : null,
    day_of_month: every === 'month' ? day_of_month : null,
  };
  return parse(NewReportSchedule, {
    ...{ report, format, range, local_time, filters },
    ...when,
    recipients: recipientsOf(body),
  });
}
