import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import { CommandBus, type ICommand } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type Response } from 'express';
import { z } from 'zod';
import { Me, type AuthRequest, type SignedInUser } from '../auth/index.js';
import { Group, groupOptions, MOST_OPTIONS, ownGroupsOf } from '../participants/index.js';
import { clock } from '../platform/clock.js';
import { Can, Targets } from '../platform/http/access.js';
import { attempt, ownPath } from '../platform/http/form.js';
import { id as idText, parse } from '../platform/http/parse.js';
import { Reply } from '../platform/http/reply.js';
import { isFragment } from '../platform/http/request.js';
import { Target } from '../platform/http/target.guard.js';
import { addDays, boundsOf, dayOf, DOMAIN_PACKS } from '../tenancy/index.js';
import { CancelSession, ReviveSession } from './cancel-session.js';
import { ChangeSession } from './change-session.js';
import { EndSession } from './end-session.js';
import { ScheduleSession } from './schedule-session.js';
import { atFormFields, blankForm, formOf, plannedSession, SessionForm } from './session-form.js';
import { sessionsBetween } from './session-lines.query.js';
import { Session } from './session.entity.js';
import { StartSession } from './start-session.js';

const day = z.iso
  .date()
  .refine((value) => value >= '1900-01-02' && value < '2199-12-30')
  .optional()
  .catch(undefined);

/** What a page's address may say; what cannot be read counts as absent. */
const ListQuery = z.object({
  date: day,
  q: z.string().trim().max(200).catch(''),
  group: idText.optional().catch(undefined),
  page: z.coerce.number().int().min(1).max(100_000).catch(1),
  done: z.string().max(20).catch(''),
  session: idText.optional().catch(undefined),
});
const NewQuery = z.object({
  group_id: idText.optional().catch(undefined),
  date: day,
  name: z.string().trim().max(255).catch(''),
  minutes: z.coerce.number().int().min(1).max(1440).optional().catch(undefined),
});

const PER_PAGE = 50;

/** Pages: the plan, day by day. The roll call itself is a page of presence. */
@Controller('sessions')
export class SessionsPages {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
    private readonly reply: Reply,
  ) {}

  @Can('roster.view')
  @Get()
  async list(@Req() request: AuthRequest, @Me() me: SignedInUser) {
    const { timeZone } = me.organization;
    const today = dayOf(clock.now(), timeZone);
    const query = ListQuery.parse(request.query);
    const date = query.date ?? today;
    const viewer = { own: ownGroupsOf(me), userId: me.id, timeZone };
    const paging = { page: query.page, per_page: PER_PAGE };
    const { lines, total } = await sessionsBetween(this.em, viewer, boundsOf(date, timeZone), query, paging);
    const group = query.group === undefined ? null : await this.em.findOne(Group, { id: query.group });
    const data = {
      lines,
      meta: { ...paging, total },
      query,
      date,
      today,
      previous: addDays(date, -1),
      next: addDays(date, 1),
      group: group && { id: group.id, name: group.name },
      notice: await this.noticeOf(query),
    };
    return this.reply.render(isFragment(request) ? 'sessions/_list.njk' : 'sessions/list.njk', data, request);
  }

  @Can('session.create')
  @Get('new')
  async new(@Req() request: AuthRequest, @Me() me: SignedInUser) {
    const query = NewQuery.parse(request.query);
    const { timeZone, domainType } = me.organization;
    const [template] = DOMAIN_PACKS[domainType].session_templates;
    const minutes = query.minutes ?? template!.minutes;
    const values = {
      ...query,
      name: query.name || template!.name,
      ...blankForm(clock.now(), timeZone, { date: query.date, minutes }),
    };
    return this.form('sessions/new.njk', request, me, { values });
  }

  @Can('session.create')
  @Post('new')
  async schedule(@Req() request: AuthRequest, @Res() response: Response, @Me() me: SignedInUser) {
    const done = await attempt(() => {
      const plan = plannedSession(parse(SessionForm, request.body ?? {}), me.organization.timeZone);
      return this.bus.execute<ScheduleSession, number>(new ScheduleSession(plan, ownGroupsOf(me)));
    });
    if (!done.refusals) {
      const session = await this.em.findOneOrFail(Session, { id: done.value });
      return response.redirect(303, listAddress(session, me, 'scheduled'));
    }
    const data = { values: request.body ?? {}, refusals: atFormFields(done.refusals) };
    response
      .status(done.status)
      .type('html')
      .send(await this.form('sessions/new.njk', request, me, data));
  }

  @Can('session.manage')
  @Targets({ id: Session })
  @Get(':id/edit')
  async edit(@Target('id') session: Session, @Req() request: AuthRequest, @Me() me: SignedInUser) {
    return this.form('sessions/edit.njk', request, me, { session, values: formOf(session, me.organization.timeZone) });
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
    const { timeZone } = me.organization;
    const done = await attempt(async () => {
      const plan = plannedSession(parse(SessionForm, request.body ?? {}), timeZone);
      await this.bus.execute(new ChangeSession(session.id, plan));
      return plan;
    });
    if (!done.refusals)
      return response.redirect(
        303,
        listAddress({ id: session.id, scheduledStartAt: done.value.scheduled_start_at }, me, 'changed'),
      );
    const data = { session, values: request.body ?? {}, refusals: atFormFields(done.refusals) };
    response
      .status(done.status)
      .type('html')
      .send(await this.form('sessions/edit.njk', request, me, data));
  }

  @Can('session.manage')
  @Targets({ id: Session })
  @Post(':id/cancel')
  async cancel(
    @Target('id') session: Session,
    @Req() request: AuthRequest,
    @Res() response: Response,
    @Me() me: SignedInUser,
  ) {
    await this.act(new CancelSession(session.id), request, response, listAddress(session, me, 'cancelled'));
  }

  @Can('session.manage')
  @Targets({ id: Session })
  @Post(':id/revive')
  async revive(
    @Target('id') session: Session,
    @Req() request: AuthRequest,
    @Res() response: Response,
    @Me() me: SignedInUser,
  ) {
    await this.act(new ReviveSession(session.id), request, response, listAddress(session, me, 'revived'));
  }

  @Can('session.start')
  @Targets({ id: Session })
  @Post(':id/start')
  async start(@Target('id') session: Session, @Req() request: AuthRequest, @Res() response: Response) {
    await this.act(new StartSession(session.id, {}), request, response, `/sessions/${session.id}`);
  }

  @Can('session.end')
  @Targets({ id: Session })
  @Post(':id/end')
  async end(@Target('id') session: Session, @Req() request: AuthRequest, @Res() response: Response) {
    await this.act(new EndSession(session.id, {}), request, response, `/sessions/${session.id}`);
  }

  /** Done, and back to where the button was (`back` in the form). */
  private async act(command: ICommand, request: AuthRequest, response: Response, fallback: string): Promise<void> {
    await this.bus.execute(command);
    response.redirect(303, ownPath((request.body as { back?: unknown } | undefined)?.back, fallback));
  }

  private async form(view: string, request: AuthRequest, me: SignedInUser, data: Record<string, unknown>) {
    const values = data.values as { group_id?: unknown };
    const chosen = idText.safeParse(values.group_id).data;
    const options = await groupOptions(this.em, ownGroupsOf(me), chosen);
    const more = {
      group_options: options,
      too_many: options.length >= MOST_OPTIONS,
      templates: DOMAIN_PACKS[me.organization.domainType].session_templates,
    };
    return this.reply.render(view, { ...data, ...more }, request);
  }

  private async noticeOf(query: z.output<typeof ListQuery>) {
    const text = NOTICES[query.done];
    const session = text && query.session ? await this.em.findOne(Session, { id: query.session }) : null;
    if (!text || !session) return null;
    const undo = query.done === 'cancelled' ? { action: `/sessions/${session.id}/revive`, fields: {} } : undefined;
    return { kind: 'done' as const, text, params: { name: session.name }, undo };
  }
}

/** The list of the session's day, telling what was done. */
function listAddress(session: Pick<Session, 'id' | 'scheduledStartAt'>, me: SignedInUser, done: string): string {
  return `/sessions?date=${dayOf(session.scheduledStartAt, me.organization.timeZone)}&done=${done}&session=${session.id}`;
}

const NOTICES: Record<string, string> = {
  scheduled: '{name} is scheduled.',
  changed: '{name}: the changes are saved.',
  cancelled: '{name} is cancelled. What was recorded stays.',
  revived: '{name} takes place after all.',
};
