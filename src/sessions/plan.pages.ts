import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import { CommandBus, type ICommand } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type Response } from 'express';
import { z } from 'zod';
import { Me, reachOf, type AuthRequest, type SignedInUser } from '../auth/index.js';
import { groupOptions, MOST_OPTIONS, ownGroupsOf, refuseUnknownGroup } from '../participants/index.js';
import { clock } from '../platform/clock.js';
import { Can, Targets } from '../platform/http/access.js';
import { etagOf } from '../platform/http/etag.js';
import { attempt } from '../platform/http/form.js';
import { id as idText, parse } from '../platform/http/parse.js';
import { permissionDenied, Problem } from '../platform/http/problem.js';
import { Reply } from '../platform/http/reply.js';
import { Target } from '../platform/http/target.guard.js';
import { listAddress } from './calendar/notices.js';
import { changeIn } from './change-in.js';
import { type SeriesOutcome } from './change-series.js';
import { planSeries } from './plan-series.js';
import { blankRepeat, REPEAT_FIELDS, RepeatForm, ruleOf, shapeOf, WEEKDAYS } from './repeat-form.js';
import { refuseInactiveGroup, ScheduleSession } from './schedule-session.js';
import { type ScheduledSeries, ScheduleSeries, seriesPlanOf } from './schedule-series.js';
import { SCOPES } from './series-sessions.js';
import { atFormFields, blankForm, formOf, plannedSession, SessionForm } from './session-form.js';
import { changedBy, changedMeanwhile, shownBefore } from './session-form-changes.js';
import { type NewSession } from './session-input.js';
import { sessionJson } from './session-json.js';
import { SessionSeries } from './session-series.entity.js';
import { Session } from './session.entity.js';
import { offeredTemplates } from './templates/open-templates.js';

const NewQuery = z.object({
  group_id: idText.optional().catch(undefined),
  date: z.iso
    .date()
    .refine((value) => value >= '1900-01-02' && value < '2199-12-30')
    .optional()
    .catch(undefined),
  name: z.string().trim().max(255).catch(''),
  location: z.string().trim().max(255).catch(''),
  start: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/)
    .optional()
    .catch(undefined),
  minutes: z.coerce.number().int().min(1).max(1440).optional().catch(undefined),
});
const ScopeForm = z.object({ scope: z.enum(SCOPES, { error: 'Choose which of them you mean.' }).default('this') });

type Form = Record<string, unknown>;
const typedIn = (request: AuthRequest): Form => (request.body ?? {}) as Form;

/** Pages: the forms in which sessions are planned. What repeats is shown date by date before it is written. */
@Controller('sessions')
export class PlanPages {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
    private readonly reply: Reply,
  ) {}

  @Can('session.create')
  @Get('new')
  async new(@Req() request: AuthRequest, @Me() me: SignedInUser) {
    const query = NewQuery.parse(request.query);
    const { timeZone, domainType } = me.organization;
    const templates = await offeredTemplates(this.em, domainType);
    const chosen = query.name ? undefined : templates[0];
    const minutes = query.minutes ?? chosen?.minutes ?? 60;
    const start = query.start ?? chosen?.start_time ?? undefined;
    const blank = blankForm(clock.now(), timeZone, { date: query.date, minutes, start });
    const values = {
      ...query,
      name: query.name || (chosen?.name ?? ''),
      location: query.location || (chosen?.location ?? ''),
      ...blank,
      ...blankRepeat(blank.date),
    };
    return this.newPage(request, me, { values, templates });
  }

  /** Three steps of one form: what repeats is shown first, and only then scheduled; or it is changed once more. */
  @Can('session.create')
  @Post('new')
  async schedule(@Req() request: AuthRequest, @Res() response: Response, @Me() me: SignedInUser) {
    const { timeZone } = me.organization;
    const values = typedIn(request);
    const shown = (page: string) => response.status(200).type('html').send(page);
    if (values.confirmed === 'no') return shown(await this.newPage(request, me, { values }));
    const done = await attempt(async () => {
      const typed = parse(SessionForm, values);
      const plan = plannedSession(typed, timeZone);
      const recurrence = ruleOf(parse(RepeatForm, values), typed.date, timeZone);
      if (!recurrence) return this.scheduleOne(plan, me);
      if (reachOf(me.role, 'session.manage', me.organization.settings) === null) throw permissionDenied();
      const series = { ...plan, recurrence };
      if (values.confirmed !== 'yes') return this.preview(request, series, me);
      return this.scheduleMany(series, me);
    });
    if (!done.refusals)
      return 'page' in done.value ? shown(done.value.page) : response.redirect(303, done.value.address);
    const page = await this.newPage(request, me, { values, refusals: atFormFields(done.refusals) });
    return response.status(done.status).type('html').send(page);
  }

  @Can('session.manage')
  @Targets({ id: Session })
  @Get(':id/edit')
  async edit(@Target('id') session: Session, @Req() request: AuthRequest, @Me() me: SignedInUser) {
    return this.editPage(session, request, me, {});
  }

  @Can('session.manage')
  @Targets({ id: Session })
  @Post(':id/edit')
  async change(
    @Target('id') session: Session,
    @Req() request: AuthRequest,
    @Res() response: Response,
    @Me() me: SignedInUser,
  ) {
    const values = typedIn(request);
    const shown = shownBefore(values.shown);
    try {
      const done = await attempt(async () => {
        const { act, plan, scope } = this.changeOf(session, values, shown, me);
        const outcome = await this.bus.execute<ICommand, SeriesOutcome | undefined>(act);
        const changed = { id: session.id, scheduledStartAt: plan.scheduled_start_at };
        return outcome
          ? listAddress(changed, me, 'replanned', { ...outcome, scope })
          : listAddress(changed, me, 'changed');
      });
      if (!done.refusals) return response.redirect(303, done.value);
      const refusals = atFormFields(done.refusals);
      const page = await this.editPage(session, request, me, { values, refusals, shown, version: values.version });
      return response.status(done.status).type('html').send(page);
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 412) throw error;
      // The page shows what is there now, and with it what was typed: saving again is then done knowingly.
      await this.em.refresh(session);
      const now = formOf(session, me.organization.timeZone);
      const meanwhile = await changedMeanwhile(this.em, shown, now);
      const page = await this.editPage(session, request, me, { values, meanwhile });
      return response.status(412).type('html').send(page);
    }
  }

  /** What the form asks for: of this session everything, of several only what was changed on the form. */
  private changeOf(session: Session, values: Form, shown: Form, me: SignedInUser) {
    const { timeZone } = me.organization;
    const typed = parse(SessionForm, values);
    const plan = plannedSession(typed, timeZone);
    const { scope } = parse(ScopeForm, values);
    const version = typeof values.version === 'string' && values.version ? values.version : null;
    if (scope === 'this' || !session.seriesId)
      return { act: changeIn('this', false, session.id, plan, version), plan, scope };
    const recurrence = ruleOf(parse(RepeatForm, values), typed.date, timeZone);
    const change = { ...changedBy(values, shown, plan), ...(recurrence ? { recurrence } : {}) };
    return { act: changeIn(scope, true, session.id, change, version), plan, scope };
  }

  private async scheduleOne(plan: NewSession, me: SignedInUser) {
    const id = await this.bus.execute<ScheduleSession, number>(new ScheduleSession(plan, ownGroupsOf(me)));
    const session = await this.em.findOneOrFail(Session, { id });
    return { address: listAddress(session, me, 'scheduled') };
  }

  private async scheduleMany(plan: NewSession & { recurrence: string }, me: SignedInUser) {
    const act = new ScheduleSeries(plan, me.organization.timeZone, ownGroupsOf(me));
    const { sessions } = await this.bus.execute<ScheduleSeries, ScheduledSeries>(act);
    const first = await this.em.findOneOrFail(Session, { id: sessions[0]! });
    return { address: listAddress(first, me, 'series', { created: sessions.length }) };
  }

  private async preview(request: AuthRequest, plan: NewSession & { recurrence: string }, me: SignedInUser) {
    const { timeZone } = me.organization;
    const group = await refuseUnknownGroup(this.em, plan.group_id, 'group_id', ownGroupsOf(me));
    refuseInactiveGroup(group);
    const series = seriesPlanOf(plan, timeZone);
    const dates = await planSeries(this.em, series);
    const values = typedIn(request);
    const fields = Object.entries(values).flatMap(([name, value]) =>
      name === 'confirmed' ? [] : [value].flat().map((each) => [name, String(each)]),
    );
    const data = {
      plan,
      group: { id: group.id, name: group.name },
      repeat: shapeOf(series.recurrence, timeZone),
      open: dates.filter((date) => !date.closed),
      closed: dates.filter((date) => date.closed),
      fields,
    };
    return { page: this.reply.render('sessions/preview.njk', data, request) };
  }

  private async newPage(request: AuthRequest, me: SignedInUser, data: Form & { values: Form }) {
    const templates = data.templates ?? (await offeredTemplates(this.em, me.organization.domainType));
    return this.form('sessions/new.njk', request, me, { ...data, templates });
  }

  private async editPage(session: Session, request: AuthRequest, me: SignedInUser, data: Form) {
    const { timeZone } = me.organization;
    const now = formOf(session, timeZone);
    const series = session.seriesId ? await this.em.findOne(SessionSeries, { id: session.seriesId }) : null;
    const repeat = series && shapeOf(series.recurrence, series.timeZone);
    const blank = {
      ...blankRepeat(now.date),
      repeat: 'kept',
      scope: 'this',
      ...(repeat?.freq
        ? {
            every: String(repeat.every),
            weekdays: repeat.weekdays.length > 0 ? repeat.weekdays : blankRepeat(now.date).weekdays,
            ends: repeat.until ? 'until' : repeat.count ? 'count' : 'open',
            until: repeat.until ?? '',
            count: repeat.count ?? '',
          }
        : {}),
    };
    return this.form('sessions/edit.njk', request, me, {
      session,
      repeat,
      shown: now,
      version: etagOf(sessionJson(session)),
      templates: await offeredTemplates(this.em, me.organization.domainType),
      ...data,
      values: { ...now, ...blank, ...((data.values as Form | undefined) ?? {}) },
    });
  }

  private async form(view: string, request: AuthRequest, me: SignedInUser, data: Form & { values: Form }) {
    const chosen = idText.safeParse(data.values.group_id).data;
    const options = await groupOptions(this.em, ownGroupsOf(me), chosen);
    const more = {
      group_options: options,
      too_many: options.length >= MOST_OPTIONS,
      weekdays: WEEKDAYS,
      repeat_fields: REPEAT_FIELDS,
    };
    const values = { ...data.values, weekdays: [data.values.weekdays ?? []].flat() };
    return this.reply.render(view, { ...data, values, ...more }, request);
  }
}
