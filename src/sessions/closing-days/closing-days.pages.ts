import { Controller, Get, Inject, Post, Req, Res, UploadedFile, UseInterceptors } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { FileInterceptor } from '@nestjs/platform-express';
import { type Response } from 'express';
import { z } from 'zod';
import { Me, type AuthRequest, type SignedInUser } from '../../auth/index.js';
import { groupOptions, MOST_OPTIONS } from '../../participants/index.js';
import { clock } from '../../platform/clock.js';
import { type Config } from '../../platform/config.js';
import { uploadsFolder } from '../../platform/files.js';
import { Can, Targets } from '../../platform/http/access.js';
import { attempt } from '../../platform/http/form.js';
import { id as idText, parse } from '../../platform/http/parse.js';
import { invalid } from '../../platform/http/problem.js';
import { Reply } from '../../platform/http/reply.js';
import { Target } from '../../platform/http/target.guard.js';
import { besideTyped, type ChangedField, versionOf, versionText } from '../../platform/ledger/edited-meanwhile.js';
import { entryOf } from '../../platform/text.js';
import { dayOf } from '../../tenancy/index.js';
import { ClosingDay } from '../closing-day.entity.js';
import { calendarRefused } from '../timetable/calendar-refused.js';
import { readUpload } from '../timetable/kept-file.js';
import { sessionLines } from '../session-lines.query.js';
import { ClosingDayForm } from './closing-day-input.js';
import { onTheseDays, sessionsOf, UNTOUCHED } from './closing-day-sessions.js';
import { closingDayLines } from './find-closing-days.query.js';
import { type ImportedHolidays, ImportHolidays } from './import-holidays.js';
import {
  ChangeClosingDay,
  type ClosingOutcome,
  CreateClosingDay,
  RemoveClosingDay,
  ReviveClosed,
} from './keep-closing-day.js';

const count = z.coerce.number().int().min(0).catch(0);
const ListQuery = z.object({
  past: z.enum(['yes']).optional().catch(undefined),
  page: z.coerce.number().int().min(1).max(100_000).catch(1),
  done: z.string().max(20).catch(''),
  count,
});
const ShowQuery = z.object({ done: z.string().max(20).catch(''), count, left: count });

const PER_PAGE = 100;
/** So many of the sessions that would be cancelled are shown. */
const SHOWN = 20;

const NOTICES: Record<string, string> = {
  saved: 'The changes are saved.',
  removed: 'The closing day is removed.',
  imported: '{count} closing days were added from the file.',
};
const GroupForm = ClosingDayForm.pick({ group_id: true });

/** Pages: holidays and closing days. What falls on one is shown first, and cancelled when somebody says so. */
@Controller('settings/closing-days')
export class ClosingDaysPages {
  private readonly folder: string;

  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
    private readonly reply: Reply,
    @Inject('config') config: Config,
  ) {
    this.folder = uploadsFolder(config);
  }

  @Can('session.manage')
  @Get()
  async list(@Req() request: AuthRequest, @Me() me: SignedInUser) {
    return this.listPage(request, me, {});
  }

  @Can('session.manage')
  @Post()
  async create(@Req() request: AuthRequest, @Res() response: Response, @Me() me: SignedInUser) {
    const done = await attempt(() =>
      this.bus.execute<CreateClosingDay, { id: number }>(
        new CreateClosingDay(parse(ClosingDayForm, request.body ?? {}), me.organization.timeZone),
      ),
    );
    if (!done.refusals) return response.redirect(303, `/settings/closing-days/${done.value.id}?done=created`);
    const page = await this.listPage(request, me, { values: request.body ?? {}, refusals: done.refusals });
    return response.status(done.status).type('html').send(page);
  }

  /** The whole days of an iCalendar file, for example the holidays of a country. */
  @Can('session.manage')
  @Post('import')
  @UseInterceptors(FileInterceptor('file'))
  async import(
    @Req() request: AuthRequest,
    @Res() response: Response,
    @Me() me: SignedInUser,
    @UploadedFile() file?: { filename: string; size: number },
  ) {
    const done = await calendarRefused(async () => {
      const text = file ? await readUpload(this.folder, file.filename) : '';
      if (!text) throw invalid('file', 'Choose a file.', 'required');
      const { group_id } = parse(GroupForm, request.body ?? {});
      const act = new ImportHolidays(text, group_id, me.organization.timeZone);
      return this.bus.execute<ImportHolidays, ImportedHolidays>(act);
    });
    if (!done.refusals)
      return response.redirect(303, `/settings/closing-days?done=imported&count=${done.value.created}`);
    const page = await this.listPage(request, me, {
      values: request.body ?? {},
      refusals: done.refusals,
      uploading: true,
    });
    return response.status(done.status).type('html').send(page);
  }

  @Can('session.manage')
  @Targets({ id: ClosingDay })
  @Get(':id')
  async show(@Target('id') closing: ClosingDay, @Req() request: AuthRequest, @Me() me: SignedInUser) {
    return this.showPage(closing, request, me, {});
  }

  @Can('session.manage')
  @Targets({ id: ClosingDay })
  @Post(':id')
  async change(
    @Target('id') closing: ClosingDay,
    @Req() request: AuthRequest,
    @Res() response: Response,
    @Me() me: SignedInUser,
  ) {
    const version = versionText.parse(request.body?.version);
    const done = await attempt(() => {
      const { to_on, ...form } = parse(ClosingDayForm, request.body ?? {});
      const input = { ...form, to_on: to_on ?? form.from_on };
      return this.bus.execute(new ChangeClosingDay(closing.id, input, me.organization.timeZone, { version }));
    });
    if (!done.refusals) return response.redirect(303, `/settings/closing-days/${closing.id}?done=saved`);
    const page = await this.showPage(closing, request, me, {
      refusals: done.refusals,
      version: done.data?.version ?? version,
      ...(await this.meanwhile(closing, request.body ?? {}, done.data)),
    });
    return response.status(done.status).type('html').send(page);
  }

  @Can('session.manage')
  @Targets({ id: ClosingDay })
  @Post(':id/cancel-sessions')
  async cancelSessions(@Target('id') { id }: ClosingDay, @Res() response: Response, @Me() me: SignedInUser) {
    const act = new ChangeClosingDay(id, { cancel_sessions: true }, me.organization.timeZone);
    const { cancelled, left_alone } = await this.bus.execute<ChangeClosingDay, ClosingOutcome>(act);
    response.redirect(303, `/settings/closing-days/${id}?done=cancelled&count=${cancelled}&left=${left_alone}`);
  }

  @Can('session.manage')
  @Targets({ id: ClosingDay })
  @Post(':id/revive-sessions')
  async reviveSessions(
    @Target('id') { id }: ClosingDay,
    @Req() request: AuthRequest,
    @Res() response: Response,
    @Me() me: SignedInUser,
  ) {
    if (request.body?.which === 'all') {
      const count = await this.bus.execute<ReviveClosed, number>(new ReviveClosed(id, me.organization.timeZone));
      return response.redirect(303, `/settings/closing-days/${id}?done=revived&count=${count}`);
    }
    const act = new ChangeClosingDay(id, { revive_sessions: true }, me.organization.timeZone);
    const { revived } = await this.bus.execute<ChangeClosingDay, ClosingOutcome>(act);
    response.redirect(303, `/settings/closing-days/${id}?done=revived&count=${revived}`);
  }

  @Can('session.manage')
  @Targets({ id: ClosingDay })
  @Post(':id/remove')
  async remove(
    @Target('id') closing: ClosingDay,
    @Req() request: AuthRequest,
    @Res() response: Response,
    @Me() me: SignedInUser,
  ) {
    const revive = request.body?.revive === 'yes';
    const version = versionText.parse(request.body?.version);
    const act = new RemoveClosingDay(closing.id, revive, me.organization.timeZone, { version });
    const done = await attempt(() => this.bus.execute<RemoveClosingDay, ClosingOutcome>(act));
    if (!done.refusals)
      return response.redirect(303, `/settings/closing-days?done=removed&count=${done.value.revived}`);
    const page = await this.showPage(closing, request, me, {
      refusals: done.refusals,
      ...(await this.meanwhile(closing, valuesOf(closing), done.data)),
    });
    return response.status(done.status).type('html').send(page);
  }

  /** What somebody else changed since the form was drawn, beside what was typed; a group is told by its name. */
  private async meanwhile(
    closing: ClosingDay,
    typed: Record<string, unknown>,
    data: Record<string, unknown> | undefined,
  ) {
    await this.em.refresh(closing);
    const shown = besideTyped(typed, (data?.changed as ChangedField[] | undefined) ?? [], valuesOf(closing));
    const names = new Map(await groupOptions(this.em, null, closing.group));
    const meanwhile = shown.meanwhile.map((each) =>
      each.field === 'group_id' && each.now ? { ...each, now: names.get(each.now as number) ?? each.now } : each,
    );
    return { values: shown.values, meanwhile };
  }

  private async listPage(request: AuthRequest, me: SignedInUser, form: Record<string, unknown>) {
    const query = ListQuery.parse(request.query);
    const paging = { page: query.page, per_page: PER_PAGE };
    const today = dayOf(clock.now(), me.organization.timeZone);
    const { lines, total } = await closingDayLines(this.em, today, query.past === 'yes', paging);
    const data = { lines, meta: { ...paging, total }, query, ...(await this.options(form.values)), ...form };
    const text = entryOf(NOTICES, query.done);
    return this.reply.render(
      'sessions/closing-days.njk',
      { ...data, notice: text ? { kind: 'done', text, params: { count: query.count } } : null },
      request,
    );
  }

  private async showPage(
    closing: ClosingDay,
    request: AuthRequest,
    me: SignedInUser,
    form: { values?: unknown; refusals?: unknown; version?: unknown; meanwhile?: unknown },
  ) {
    const { timeZone } = me.organization;
    const version = await versionOf(this.em, 'closing_days', closing.id);
    const counts = await sessionsOf(this.em, closing, timeZone);
    const days = onTheseDays(closing, timeZone);
    const viewer = { own: null, userId: me.id, timeZone };
    const where = `${UNTOUCHED} and ${days.sql}`;
    const lines = counts.standing ? await sessionLines(this.em, viewer, where, days.parameters, { take: SHOWN }) : [];
    const own = valuesOf(closing);
    const query = ShowQuery.parse(request.query);
    const text = entryOf(NOTICES, query.done);
    const data = {
      closing,
      counts,
      lines,
      query,
      values: own,
      version,
      ...(await this.options(form.values ?? own)),
      notice: text ? { kind: 'done', text } : null,
      ...form,
    };
    return this.reply.render('sessions/closing-day.njk', data, request);
  }

  private async options(values: unknown) {
    const chosen = idText.safeParse((values as { group_id?: unknown } | undefined)?.group_id).data;
    const group_options = await groupOptions(this.em, null, chosen);
    return { group_options, too_many: group_options.length >= MOST_OPTIONS };
  }
}

const valuesOf = (closing: ClosingDay) => ({
  name: closing.name,
  from_on: closing.fromOn,
  to_on: closing.toOn,
  group_id: closing.group ?? null,
});
