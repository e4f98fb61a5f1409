import { Controller, Get, Post, Query, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type Response } from 'express';
import { z } from 'zod';
import { Me, type AuthRequest, type SignedInUser } from '../auth/index.js';
import { clock } from '../platform/clock.js';
import { Can, Targets } from '../platform/http/access.js';
import { attempt } from '../platform/http/form.js';
import { id as idText, parse } from '../platform/http/parse.js';
import { Problem, type Refusal } from '../platform/http/problem.js';
import { Reply } from '../platform/http/reply.js';
import { isFragment } from '../platform/http/request.js';
import { Target } from '../platform/http/target.guard.js';
import { dayOf, DOMAIN_PACKS } from '../tenancy/index.js';
import { AddMembers, type Joined } from './add-members.js';
import { ChangeGroup } from './change-group.js';
import { CreateGroup } from './create-group.js';
import { DeactivateGroup, ReactivateGroup } from './deactivate-group.js';
import { EndMembership } from './end-membership.js';
import { findGroups, groupById } from './find-groups.query.js';
import { findMembers } from './find-members.query.js';
import { findParticipants, participantById } from './find-participants.query.js';
import { groupOptions } from './group-options.query.js';
import { GroupChange, NewGroup } from './group-input.js';
import { groupTree } from './group-tree.query.js';
import { Group } from './group.entity.js';
import { ownGroupsOf } from './own-groups.js';
import { groupsOfParticipants } from './participant-groups.query.js';
import { Participant } from './participant.entity.js';

const page = z.coerce.number().int().min(1).max(100_000).catch(1);
const ListQuery = z.object({
  q: z.string().trim().max(200).catch(''),
  show: z.enum(['active', 'all']).catch('active'),
  page,
});
const ShowQuery = z.object({
  q: z.string().trim().max(200).catch(''),
  page,
  done: z.string().max(20).catch(''),
  count: z.coerce.number().int().min(0).catch(0),
  person: idText.optional().catch(undefined),
});
/** A form sends one id as text and several as a list. */
const MembersForm = z.object({
  participant_ids: z.preprocess(
    (value) => [value].flat().filter(Boolean),
    z.array(idText).min(1, 'Choose somebody first.'),
  ),
});

const PER_PAGE = 100;
/** More than this a search for people to add does not show: a narrower search does. */
const FOUND = 20;
const CHILDREN = 200;
const FIELDS = ['name', 'parent_id', 'group_type', 'external_id'] as const;

/** Pages: groups as a tree, and who belongs to them. */
@Controller('groups')
export class GroupsPages {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
    private readonly reply: Reply,
  ) {}

  @Can('roster.view')
  @Get()
  async list(@Req() request: AuthRequest, @Me() me: SignedInUser) {
    const query = ListQuery.parse(request.query);
    const paging = { page: query.page, per_page: PER_PAGE };
    const { rows, total } = await groupTree(
      this.em,
      { q: query.q, inactive: query.show === 'all' },
      paging,
      scopeOf(me),
    );
    const data = { groups: rows, meta: { ...paging, total }, query, types: typesOf(me) };
    return this.reply.render(isFragment(request) ? 'groups/_list.njk' : 'groups/list.njk', data, request);
  }

  @Can('group.manage')
  @Get('new')
  async new(@Req() request: AuthRequest, @Me() me: SignedInUser, @Query('parent_id') parent: unknown) {
    const parent_id = idText.safeParse(parent).data;
    return this.form('groups/new.njk', request, me, { values: { parent_id } });
  }

  @Can('group.manage')
  @Post('new')
  async create(@Req() request: AuthRequest, @Res() response: Response, @Me() me: SignedInUser) {
    const done = await attempt(() =>
      this.bus.execute<CreateGroup, number>(new CreateGroup(parse(NewGroup, typed(request)))),
    );
    if (!done.refusals) return response.redirect(303, `/groups/${done.value}?done=created`);
    const data = { values: request.body, refusals: done.refusals };
    response
      .status(done.status)
      .type('html')
      .send(await this.form('groups/new.njk', request, me, data));
  }

  @Can('roster.view')
  @Targets({ id: Group })
  @Get(':id')
  async show(@Target('id') group: Group, @Req() request: AuthRequest, @Me() me: SignedInUser) {
    return this.showPage(group, request, me);
  }

  @Can('group.manage')
  @Targets({ id: Group })
  @Get(':id/edit')
  async edit(@Target('id') { id }: Group, @Req() request: AuthRequest, @Me() me: SignedInUser) {
    const group = await groupById(this.em, id, scopeOf(me).today);
    return this.form('groups/edit.njk', request, me, { group, values: group });
  }

  @Can('group.manage')
  @Targets({ id: Group })
  @Post(':id/edit')
  async change(
    @Target('id') { id }: Group,
    @Req() request: AuthRequest,
    @Res() response: Response,
    @Me() me: SignedInUser,
  ) {
    const done = await attempt(() => this.bus.execute(new ChangeGroup(id, parse(GroupChange, typed(request)))));
    if (!done.refusals) return response.redirect(303, `/groups/${id}?done=changed`);
    const group = await groupById(this.em, id, scopeOf(me).today);
    const data = { group, values: request.body, refusals: done.refusals };
    response
      .status(done.status)
      .type('html')
      .send(await this.form('groups/edit.njk', request, me, data));
  }

  @Can('group.manage')
  @Targets({ id: Group })
  @Post(':id/deactivate')
  async deactivate(@Target('id') { id }: Group, @Res() response: Response) {
    await this.bus.execute(new DeactivateGroup(id));
    response.redirect(303, `/groups/${id}?done=deactivated`);
  }

  @Can('group.manage')
  @Targets({ id: Group })
  @Post(':id/reactivate')
  async reactivate(@Target('id') { id }: Group, @Res() response: Response) {
    await this.bus.execute(new ReactivateGroup(id));
    response.redirect(303, `/groups/${id}?done=reactivated`);
  }

  @Can('group.manage')
  @Targets({ id: Group })
  @Post(':id/members')
  async addMembers(
    @Target('id') group: Group,
    @Req() request: AuthRequest,
    @Res() response: Response,
    @Me() me: SignedInUser,
  ) {
    const done = await attempt(() =>
      this.bus.execute<AddMembers, Joined>(new AddMembers(group.id, parse(MembersForm, request.body ?? {}))),
    );
    if (!done.refusals) return response.redirect(303, `/groups/${group.id}?done=added&count=${done.value.added}`);
    response
      .status(done.status)
      .type('html')
      .send(await this.showPage(group, request, me, done.refusals));
  }

  @Can('group.manage')
  @Targets({ id: Group, participant_id: Participant })
  @Post(':id/members/:participant_id/end')
  async endMembership(
    @Target('id') { id }: Group,
    @Target('participant_id') participant: Participant,
    @Res() response: Response,
  ) {
    const ended = await this.bus.execute(new EndMembership(id, participant.id)).catch((error: unknown) => {
      // Pressed twice, or by two people: he is no member any more, which is what was wanted.
      if (error instanceof Problem && error.status === 404) return null;
      throw error;
    });
    response.redirect(303, `/groups/${id}${ended ? `?done=left&person=${participant.id}` : ''}`);
  }

  private async showPage(group: Group, request: AuthRequest, me: SignedInUser, refused: Refusal[] | null = null) {
    const scope = scopeOf(me);
    const query = ShowQuery.parse(request.query);
    const paging = { page: query.page, per_page: PER_PAGE };
    const json = await groupById(this.em, group.id, scope.today);
    const members = await findMembers(this.em, group.id, { kind: 'unended', day: scope.today }, paging, 'name');
    const filter = { parent_id: group.id, is_active: true };
    const children = await findGroups(this.em, filter, { page: 1, per_page: CHILDREN }, scope, 'name');
    const data = {
      group: json,
      types: typesOf(me),
      parents: await this.parentsOf(group),
      children: children.data,
      more_children: children.meta.total - children.data.length,
      members: members.data.map((each) => ({
        ...each,
        leaves_today: each.left_on === scope.today,
        joins: each.joined_on !== null && each.joined_on > scope.today,
      })),
      meta: members.meta,
      query,
      found: query.q ? await this.peopleToAdd(group, query.q, scope) : null,
      // It is about nobody's field: the form that was sent is a list of people.
      refusals: refused && refused.slice(0, 1).map(({ code, message, params }) => ({ code, message, params })),
      notice: refused ? null : await this.noticeOf(query, json),
    };
    return this.reply.render('groups/show.njk', data, request);
  }

  /** Active people who fit the search and are no members yet. */
  private async peopleToAdd(group: Group, q: string, scope: ReturnType<typeof scopeOf>) {
    const filter = { q, is_active: true, not_in_group: group.id };
    const { data, meta } = await findParticipants(this.em, filter, { page: 1, per_page: FOUND }, scope, 'name');
    const ids = data.map((each) => each.id);
    const groups = await groupsOfParticipants(this.em, ids, scope);
    const people = data.map((each) => ({ ...each, groups: groups.get(each.id) ?? [] }));
    return { people, more: meta.total - people.length };
  }

  /** From the root down, for the breadcrumb; a tree is shallow. */
  private async parentsOf(group: Group): Promise<{ id: number; name: string }[]> {
    const parents: { id: number; name: string }[] = [];
    for (let next = group.parent; next && parents.length < 12;) {
      const parent: Group | null = await this.em.findOne(Group, { id: next });
      if (!parent) break;
      parents.unshift({ id: parent.id, name: parent.name });
      next = parent.parent;
    }
    return parents;
  }

  private async form(view: string, request: AuthRequest, me: SignedInUser, data: Record<string, unknown>) {
    const values = data.values as { parent_id?: unknown };
    const parents = await groupOptions(this.em, null, idText.safeParse(values.parent_id).data);
    const self = (data.group as { id: number } | undefined)?.id;
    const group_options = parents.filter(([id]) => id !== self);
    return this.reply.render(view, { ...data, group_options, types: typesOf(me) }, request);
  }

  private async noticeOf(query: z.output<typeof ShowQuery>, group: { id: number; name: string }) {
    const text = NOTICES[query.done];
    if (!text) return null;
    const params: Record<string, string | number> = { name: group.name, count: query.count };
    if (query.done === 'deactivated')
      return { kind: 'done' as const, text, params, undo: { action: `/groups/${group.id}/reactivate`, fields: {} } };
    if (query.done !== 'left') return { kind: 'done' as const, text, params };
    const found = query.person && (await this.em.findOne(Participant, { id: query.person }));
    if (!found) return null;
    const person = await participantById(this.em, found.id);
    params.person = `${person.first_name} ${person.last_name}`.trim();
    const undo = { action: `/groups/${group.id}/members`, fields: { participant_ids: String(person.id) } };
    return { kind: 'done' as const, text, params, undo };
  }
}

const scopeOf = (me: SignedInUser) => ({
  own: ownGroupsOf(me),
  today: dayOf(clock.now(), me.organization.timeZone),
});

const typesOf = (me: SignedInUser) => DOMAIN_PACKS[me.organization.domainType].group_types;

function typed(request: AuthRequest): Record<string, unknown> {
  const body = (request.body ?? {}) as Record<string, unknown>;
  return Object.fromEntries(FIELDS.filter((name) => name in body).map((name) => [name, body[name]]));
}

const NOTICES: Record<string, string> = {
  created: '{name} is created. Add people to it now.',
  changed: '{name}: the changes are saved.',
  deactivated: '{name} is not active any more. Its registers stay.',
  reactivated: '{name} is active again.',
  added: 'New in {name}: {count}.',
  left: '{person} leaves {name} today: still on the register of today, not on later ones.',
};
