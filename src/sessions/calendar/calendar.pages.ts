import { Controller, Get, Req } from '@nestjs/common';
import { EntityManager } from '@mikro-orm/core';
import { z } from 'zod';
import { Me, type AuthRequest, type SignedInUser } from '../../auth/index.js';
import { Group, groupOptions, ownGroupsOf } from '../../participants/index.js';
import { clock } from '../../platform/clock.js';
import { Can } from '../../platform/http/access.js';
import { id as idText } from '../../platform/http/parse.js';
import { Reply } from '../../platform/http/reply.js';
import { isFragment } from '../../platform/http/request.js';
import { addDays, boundsOf, dayOf } from '../../tenancy/index.js';
import { sessionsBetween } from '../session-lines.query.js';
import { calendarOf, locationsBetween, weekOf } from './calendar.query.js';
import { DoneQuery, noticeOf } from './notices.js';

/** What the page's address may say; what cannot be read counts as absent. */
const CalendarQuery = z.object({
  view: z.enum(['list', 'day', 'week']).catch('list'),
  date: z.iso
    .date()
    .refine((value) => value >= '1900-01-10' && value < '2199-12-20')
    .optional()
    .catch(undefined),
  q: z.string().trim().max(200).catch(''),
  group: idText.optional().catch(undefined),
  location: z.string().trim().min(1).max(255).optional().catch(undefined),
  page: z.coerce.number().int().min(1).max(100_000).catch(1),
  ...DoneQuery,
});

const PER_PAGE = 50;

/** The plan: a day as a list, a day or a week as a grid. */
@Controller('sessions')
export class CalendarPages {
  constructor(
    private readonly em: EntityManager,
    private readonly reply: Reply,
  ) {}

  @Can('roster.view')
  @Get()
  async calendar(@Req() request: AuthRequest, @Me() me: SignedInUser) {
    const { timeZone, locale } = me.organization;
    const now = clock.now();
    const today = dayOf(now, timeZone);
    const query = CalendarQuery.parse(request.query);
    const { view, date = today } = query;
    const viewer = { own: ownGroupsOf(me), userId: me.id, timeZone };
    const step = view === 'week' ? 7 : 1;
    const head = { query, view, date, today, previous: addDays(date, -step), next: addDays(date, step) };
    if (view === 'list' && isFragment(request))
      return this.reply.render('sessions/_list.njk', { ...head, ...(await this.list(viewer, date, query)) }, request);
    const first = view === 'week' ? weekOf(date, locale) : date;
    const bounds = { from: boundsOf(first, timeZone).from, to: boundsOf(addDays(first, step - 1), timeZone).to };
    const group = query.group === undefined ? null : await this.em.findOne(Group, { id: query.group });
    const data = {
      ...head,
      first,
      last: addDays(first, step - 1),
      group: group && { id: group.id, name: group.name },
      group_options: await groupOptions(this.em, viewer.own, query.group),
      locations: await locationsBetween(this.em, viewer, bounds),
      notice: await noticeOf(this.em, query),
    };
    if (view === 'list')
      return this.reply.render('sessions/list.njk', { ...data, ...(await this.list(viewer, date, query)) }, request);
    const calendar = await calendarOf(this.em, viewer, view, date, { ...query, locale, now });
    return this.reply.render('sessions/calendar.njk', { ...data, calendar }, request);
  }

  private async list(
    viewer: Parameters<typeof sessionsBetween>[1],
    date: string,
    query: z.output<typeof CalendarQuery>,
  ) {
    const paging = { page: query.page, per_page: PER_PAGE };
    const { lines, total } = await sessionsBetween(this.em, viewer, boundsOf(date, viewer.timeZone), query, paging);
    return { lines, meta: { ...paging, total } };
  }
}
