import { Controller, Get, Post, Query, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type Response } from 'express';
import { z } from 'zod';
import { Me, reachOf, type AuthRequest, type SignedInUser } from '../auth/index.js';
import { clock } from '../platform/clock.js';
import { Can, Targets } from '../platform/http/access.js';
import { attempt } from '../platform/http/form.js';
import { type PageMeta } from '../platform/http/paging.js';
import { id as idText, parse } from '../platform/http/parse.js';
import { Reply } from '../platform/http/reply.js';
import { isFragment } from '../platform/http/request.js';
import { Target } from '../platform/http/target.guard.js';
import { dayOf } from '../tenancy/index.js';
import { usersOf } from './bound-users.query.js';
import { ChangeParticipant } from './change-participant.js';
import { DeactivateParticipant, ReactivateParticipant } from './deactivate-participant.js';
import { besideTyped, type ChangedField, versionOf, versionText } from '../platform/ledger/edited-meanwhile.js';
import { entryOf } from '../platform/text.js';
import { EnrolParticipant } from './enrol-participant.js';
import { findParticipants, participantById } from './find-participants.query.js';
import { groupOptions } from './group-options.query.js';
import { refuseUnknownGroup } from './group-input.js';
import { ownGroupsOf } from './own-groups.js';
import { groupsOfParticipants } from './participant-groups.query.js';
import { NewParticipant, ParticipantChange } from './participant-input.js';
import { refuseMerged } from './merged-page.js';
import { placeText, readPlace } from './participant-order.js';
import { changesOf } from './participant-changes.query.js';
import { panelsOf } from './participant-panels.js';
import { Participant } from './participant.entity.js';

/** What a page's address may say; what cannot be read counts as absent. */
const ListQuery = z.object({
  q: z.string().trim().max(200).catch(''),
  active: z.enum(['yes', 'no', 'all']).catch('yes'),
  group: z
    .union([z.literal('none'), idText])
    .optional()
    .catch(undefined),
  sort: z.enum(['name', 'identifier', 'newest']).catch('name'),
  page: z.coerce.number().int().min(1).max(100_000).catch(1),
  /** The row that the page begins after, or ends before: pages do not shift while others write. */
  after: z.string().max(2000).optional().catch(undefined),
  before: z.string().max(2000).optional().catch(undefined),
});
type ListQuery = z.output<typeof ListQuery>;

const ShowQuery = z.object({ changes: z.coerce.number().int().min(1).max(1000).catch(1) });

const PER_PAGE = 50;
/** Changes of a person on one page. */
const CHANGES = 10;
/** Without a row to begin after, rows are counted; nobody counts further than this. */
const MOST_COUNTED_PAGES = 200;
const FIELDS = ['first_name', 'last_name', 'identifier', 'external_id', 'date_of_birth', 'email', 'phone'] as const;
const IS_ACTIVE = { yes: true, no: false, all: undefined };

/** Pages: the people whose presence is recorded. */
@Controller('participants')
export class ParticipantsPages {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
    private readonly reply: Reply,
  ) {}

  @Can('roster.view')
  @Get()
  async list(@Req() request: AuthRequest, @Me() me: SignedInUser) {
    const query = ListQuery.parse(request.query);
    const scope = scopeOf(me);
    const filter = {
      q: query.q,
      is_active: IS_ACTIVE[query.active],
      group_id: query.group === 'none' ? undefined : query.group,
      in_no_group: query.group === 'none',
    };
    const [after, before] = [readPlace(query.after), readPlace(query.before)];
    const page = after || before ? query.page : Math.min(query.page, MOST_COUNTED_PAGES);
    const paging = { page, per_page: PER_PAGE, after, before };
    const { data: people, meta, ends } = await findParticipants(this.em, filter, paging, scope, query.sort);
    const groups = await groupsOfParticipants(
      this.em,
      people.map((each) => each.id),
      scope,
    );
    const shown = {
      people: people.map((each) => ({ ...each, groups: groups.get(each.id) ?? [] })),
      meta,
      query,
      pages: pagesBeside(ends, meta, { ...query, page }),
    };
    if (isFragment(request)) return this.reply.render('participants/_list.njk', shown, request);
    const chosen = query.group === 'none' ? undefined : query.group;
    const options = await groupOptions(this.em, scope.own, chosen);
    const anybody =
      meta.total > 0 || (await findParticipants(this.em, {}, { page: 1, per_page: 1 }, scope)).meta.total > 0;
    return this.reply.render('participants/list.njk', { ...shown, group_options: options, anybody }, request);
  }

  @Can('participant.manage')
  @Get('new')
  async new(@Req() request: AuthRequest, @Query('group_id') group: unknown) {
    return this.reply.render('participants/new.njk', { values: {}, ...(await this.groupToJoin(group)) }, request);
  }

  @Can('participant.manage')
  @Post('new')
  async enrol(@Req() request: AuthRequest, @Res() response: Response) {
    const { group } = await this.groupToJoin(request.body?.group_id);
    const done = await attempt(() =>
      this.bus.execute<EnrolParticipant, number>(
        new EnrolParticipant(parse(NewParticipant, typed(request)), group?.id),
      ),
    );
    if (done.refusals) {
      const data = { values: request.body, refusals: done.refusals, group };
      response
        .status(done.status)
        .type('html')
        .send(this.reply.render('participants/new.njk', data, request));
      return;
    }
    response.redirect(
      303,
      group ? `/groups/${group.id}?done=added&count=1` : `/participants/${done.value}?done=enrolled`,
    );
  }

  @Can('roster.view')
  @Targets({ id: Participant })
  @Get(':id')
  async show(
    @Target('id') record: Participant,
    @Req() request: AuthRequest,
    @Me() me: SignedInUser,
    @Query() query: Record<string, unknown>,
  ) {
    refuseMerged(record, '');
    const { id } = record;
    const person = await participantById(this.em, id);
    const groups = (await groupsOfParticipants(this.em, [id], scopeOf(me), { ended: true })).get(id) ?? [];
    const created_on = new Date(person.created_at);
    const paging = { page: ShowQuery.parse(query).changes, per_page: CHANGES };
    const changes = await changesOf(this.em, id, paging);
    const panels = await panelsOf(this.em, id, me);
    const users = reachOf(me.role, 'user.manage', me.organization.settings) ? await usersOf(this.em, id) : null;
    const data = { person, users, groups, created_on, changes, ...panels, notice: noticeOf(query.done, person) };
    return this.reply.render('participants/show.njk', data, request);
  }

  @Can('participant.manage')
  @Targets({ id: Participant })
  @Get(':id/edit')
  async edit(@Target('id') record: Participant, @Req() request: AuthRequest) {
    refuseMerged(record, '/edit');
    // First the version: what is changed between the two is told, and not passed over.
    const version = await versionOf(this.em, 'participants', record.id);
    const person = await participantById(this.em, record.id);
    return this.reply.render('participants/edit.njk', { person, values: person, version }, request);
  }

  @Can('participant.manage')
  @Targets({ id: Participant })
  @Post(':id/edit')
  async change(@Target('id') { id }: Participant, @Req() request: AuthRequest, @Res() response: Response) {
    const version = versionText.parse(request.body?.version);
    const done = await attempt(() =>
      this.bus.execute(new ChangeParticipant(id, parse(ParticipantChange, typed(request)), { version })),
    );
    if (!done.refusals) return response.redirect(303, `/participants/${id}?done=changed`);
    const person = await participantById(this.em, id);
    const data = {
      person,
      refusals: done.refusals,
      version: done.data?.version ?? version,
      ...besideTyped(request.body, (done.data?.changed as ChangedField[] | undefined) ?? [], person),
    };
    response
      .status(done.status)
      .type('html')
      .send(this.reply.render('participants/edit.njk', data, request));
  }

  @Can('participant.manage')
  @Targets({ id: Participant })
  @Post(':id/deactivate')
  async deactivate(@Target('id') { id }: Participant, @Res() response: Response) {
    await this.bus.execute(new DeactivateParticipant(id));
    response.redirect(303, `/participants/${id}?done=deactivated`);
  }

  @Can('participant.manage')
  @Targets({ id: Participant })
  @Post(':id/reactivate')
  async reactivate(@Target('id') { id }: Participant, @Res() response: Response) {
    await this.bus.execute(new ReactivateParticipant(id));
    response.redirect(303, `/participants/${id}?done=reactivated`);
  }

  /** The group that a new participant joins at once, when the form was opened from its page. */
  private async groupToJoin(given: unknown): Promise<{ group: { id: number; name: string } | null }> {
    const group = idText.safeParse(given);
    if (!group.success) return { group: null };
    const { id, name } = await refuseUnknownGroup(this.em, group.data, 'group_id');
    return { group: { id, name } };
  }
}

const scopeOf = (me: SignedInUser) => ({
  own: ownGroupsOf(me),
  today: dayOf(clock.now(), me.organization.timeZone),
});

/** What the links to the pages beside say; a page begins where the one before ended, whatever was written meanwhile. */
function pagesBeside(
  { first, last }: Awaited<ReturnType<typeof findParticipants>>['ends'],
  meta: PageMeta,
  { q, active, group, sort, page, before }: ListQuery,
) {
  const same = { q, active: active === 'yes' ? '' : active, group, sort: sort === 'name' ? '' : sort };
  const goesOn = before ? true : meta.next !== null;
  const goesBack = before ? meta.next !== null : page > 1;
  return {
    // Back at the beginning the list is asked for anew, so that nothing before it is missed.
    back: first && goesBack && (page <= 2 ? same : { ...same, page: page - 1, before: placeText(first) }),
    more: last && goesOn && { ...same, page: page + 1, after: placeText(last) },
  };
}

/** The fields of the form that were sent, and nothing else of the body. */
function typed(request: AuthRequest): Record<string, unknown> {
  const body = (request.body ?? {}) as Record<string, unknown>;
  return Object.fromEntries(FIELDS.filter((name) => name in body).map((name) => [name, body[name]]));
}

const NOTICES: Record<string, string> = {
  enrolled: '{name} is enrolled.',
  changed: '{name}: the changes are saved.',
  deactivated: '{name} is no longer expected on registers. What was recorded stays.',
  reactivated: '{name} is expected on registers again.',
  merged: 'Both records are one now: {name}. The history of both is here.',
  photo: '{name}: the photo is saved.',
  'no-photo': '{name}: the photo is removed.',
};

function noticeOf(done: unknown, person: { id: number; first_name: string; last_name: string }) {
  const text = entryOf(NOTICES, done);
  if (!text) return null;
  const params = { name: `${person.first_name} ${person.last_name}`.trim() };
  const undo = done === 'deactivated' ? { action: `/participants/${person.id}/reactivate`, fields: {} } : undefined;
  return { kind: 'done' as const, text, params, undo };
}
