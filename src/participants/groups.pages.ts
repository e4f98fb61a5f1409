import { Controller, Get, Post, Query, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type Response } from 'express';
import { z } from 'zod';
import { Me, reachOf, type AuthRequest, type SignedInUser, User } from '../auth/index.js';
import { clock } from '../platform/clock.js';
import { Can, Targets } from '../platform/http/access.js';
import { attempt } from '../platform/http/form.js';
import { dateText, id as idText, parse } from '../platform/http/parse.js';
import { Problem, type Refusal } from '../platform/http/problem.js';
import { Reply } from '../platform/http/reply.js';
import { isFragment } from '../platform/http/request.js';
import { Target } from '../platform/http/target.guard.js';
import { addDays, dayOf, DOMAIN_PACKS, settingsOf } from '../tenancy/index.js';
import { AddMembers, type Joined, membershipDay, NewMembers } from './add-members.js';
import { AssignUser, UnassignUser } from './assign-users.js';
import { usersToAssign } from './bound-users.query.js';
import { ChangeGroup } from './change-group.js';
import { CreateGroup } from './create-group.js';
import { DeactivateGroup, ReactivateGroup } from './deactivate-group.js';
import { besideTyped, type ChangedField, versionOf, versionText } from '../platform/ledger/edited-meanwhile.js';
import { entryOf } from '../platform/text.js';
import { EndMembership } from './end-membership.js';
import { findGroups, groupById, type GroupJson } from './find-groups.query.js';
import { findMembers } from './find-members.query.js';
import { findParticipants, participantById } from './find-participants.query.js';
import { assignedUsers, membershipsOf, peopleBelow } from './group-people.query.js';
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
  show: z.enum(['active', 'inactive', 'all']).catch('active'),
  page,
});
const ShowQuery = z.object({
  q: z.string().trim().max(200).catch(''),
  page,
  done: z.string().max(20).catch(''),
  count: z.coerce.number().int().min(0).catch(0),
  person: idText.optional().catch(undefined),
  user: idText.optional().catch(undefined),
  /** The days of a membership that was ended, for its undo. */
  from: dateText.or(z.literal('')).catch(''),
  to: dateText.or(z.literal('')).catch(''),
});
/** An empty day is no limit. */
const noLimit = z.preprocess((value) => (value === '' ? null : value), membershipDay);
/** A form sends one id as text and several as a list. */
const MembersForm = z.object({
  participant_ids: z.preprocess(
    (value) => [value].flat().filter(Boolean),
    z.array(idText).min(1, 'Choose somebody first.'),
  ),
  from: noLimit,
  to: noLimit,
});
const UserForm = z.object({ user_id: idText });

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
    const { rows, total } = await groupTree(this.em, { q: query.q, show: query.show }, paging, scopeOf(me));
    const below = await peopleBelow(
      this.em,
      rows.map(({ id }) => id),
      scopeOf(me).today,
    );
    const groups = rows.map((row) => ({ ...row, people_below: below.get(row.id) ?? 0 }));
    const data = { groups, meta: { ...paging, total }, query, types: typesOf(me) };
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
    // First the version: what is changed between the two is told, and not passed over.
    const version = await versionOf(this.em, 'groups', id);
    const group = await groupById(this.em, id, scopeOf(me).today);
    return this.form('groups/edit.njk', request, me, { group, values: group, version });
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
    const version = versionText.parse(request.body?.version);
    const done = await attempt(() =>
      this.bus.execute(new ChangeGroup(id, parse(GroupChange, typed(request)), { version })),
    );
    if (!done.refusals) return response.redirect(303, `/groups/${id}?done=changed`);
    const group = await groupById(this.em, id, scopeOf(me).today);
    const data = {
      group,
      refusals: done.refusals,
      version: done.data?.version ?? version,
      ...(await this.meanwhile(request, done.data, group)),
    };
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
      this.bus.execute<AddMembers, Joined>(
        new AddMembers(group.id, parse(NewMembers, parse(MembersForm, request.body ?? {}))),
      ),
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
    @Me() me: SignedInUser,
  ) {
    const { today } = scopeOf(me);
    const days = (await membershipsOf(this.em, id, participant.id)).findLast(
      ({ left_on }) => left_on === null || left_on > today,
    );
    const ended = await this.bus.execute(new EndMembership(id, participant.id)).catch((error: unknown) => {
      // Pressed twice, or by two people: he is no member any more, which is what was wanted.
      if (error instanceof Problem && error.status === 404) return null;
      throw error;
    });
    const was = { from: days?.joined_on ?? '', to: days?.left_on ?? '' };
    const told = `?done=left&person=${participant.id}&${new URLSearchParams(was)}`;
    response.redirect(303, `/groups/${id}${ended ? told : ''}`);
  }

  @Can('user.manage')
  @Targets({ id: Group })
  @Post(':id/users')
  async assign(
    @Target('id') group: Group,
    @Req() request: AuthRequest,
    @Res() response: Response,
    @Me() me: SignedInUser,
  ) {
    const done = await attempt(async () => {
      const { user_id } = parse(UserForm, request.body ?? {});
      await this.bus.execute(new AssignUser(group.id, user_id));
      return user_id;
    });
    if (!done.refusals) return response.redirect(303, `/groups/${group.id}?done=assigned&user=${done.value}`);
    response
      .status(done.status)
      .type('html')
      .send(await this.showPage(group, request, me, done.refusals));
  }

  @Can('user.manage')
  @Targets({ id: Group, user_id: User })
  @Post(':id/users/:user_id/remove')
  async unassign(@Target('id') { id }: Group, @Target('user_id') user: User, @Res() response: Response) {
    await this.bus.execute(new UnassignUser(id, user.id));
    response.redirect(303, `/groups/${id}?done=unassigned&user=${user.id}`);
  }

  private async showPage(group: Group, request: AuthRequest, me: SignedInUser, refused: Refusal[] | null = null) {
    const scope = scopeOf(me);
    const query = ShowQuery.parse(request.query);
    const paging = { page: query.page, per_page: PER_PAGE };
    const json = await groupById(this.em, group.id, scope.today);
    const members = await findMembers(this.em, group.id, { kind: 'unended', day: scope.today }, paging, 'name');
    const filter = { parent_id: group.id, is_active: true };
    const children = await findGroups(this.em, filter, { page: 1, per_page: CHILDREN }, scope, 'name');
    const below = await peopleBelow(this.em, [group.id, ...children.data.map(({ id }) => id)], scope.today);
    const data = {
      group: { ...json, people_below: below.get(group.id) ?? null },
      assigned: await assignedUsers(this.em, group.id),
      user_options: mayAssign(me) ? await usersToAssign(this.em, group.id) : null,
      assigned_only: settingsOf(me.organization).frontline_groups === 'assigned',
      types: typesOf(me),
      parents: await this.parentsOf(group),
      children: children.data.map((each) => ({ ...each, people_below: below.get(each.id) ?? 0 })),
      more_children: children.meta.total - children.data.length,
      members: members.data.map((each) => ({
        ...each,
        leaves_today: each.left_on === scope.today,
        joins: each.joined_on !== null && each.joined_on > scope.today,
      })),
      meta: members.meta,
      query,
      year: { from: addDays(scope.today, -364), to: scope.today },
      found: query.q ? await this.peopleToAdd(group, query.q, scope) : null,
      // It is about nobody's field: the form that was sent is a list of people.
      refusals: refused && refused.slice(0, 1).map(({ code, message, params }) => ({ code, message, params })),
      typed: refused ? request.body : {},
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

  /** A group above is told by its name. */
  private async meanwhile(request: AuthRequest, data: Record<string, unknown> | undefined, group: GroupJson) {
    const shown = besideTyped(request.body, (data?.changed as ChangedField[] | undefined) ?? [], group);
    const above = group.parent_id && (await this.em.findOne(Group, { id: group.parent_id }));
    const meanwhile = shown.meanwhile.map((each) => {
      return each.field === 'parent_id' ? { ...each, now: above ? above.name : null } : each;
    });
    return { values: shown.values, meanwhile };
  }

  private async form(view: string, request: AuthRequest, me: SignedInUser, data: Record<string, unknown>) {
    const values = data.values as { parent_id?: unknown } | undefined;
    const parents = await groupOptions(this.em, null, idText.safeParse(values?.parent_id).data);
    const self = (data.group as { id: number } | undefined)?.id;
    const group_options = parents.filter(([id]) => id !== self);
    return this.reply.render(view, { ...data, group_options, types: typesOf(me) }, request);
  }

  private async noticeOf(query: z.output<typeof ShowQuery>, group: { id: number; name: string }) {
    const text = entryOf(NOTICES, query.done);
    if (!text) return null;
    const params: Record<string, string | number> = { name: group.name, count: query.count };
    if (query.done === 'deactivated')
      return { kind: 'done' as const, text, params, undo: { action: `/groups/${group.id}/reactivate`, fields: {} } };
    if (query.done === 'assigned' || query.done === 'unassigned') return this.assignmentNotice(query, group);
    if (query.done !== 'left' && query.done !== 'days') return { kind: 'done' as const, text, params };
    const found = query.person && (await this.em.findOne(Participant, { id: query.person }));
    if (!found) return null;
    const person = await participantById(this.em, found.id);
    params.person = `${person.first_name} ${person.last_name}`.trim();
    if (query.done === 'days') return { kind: 'done' as const, text, params };
    const undo = {
      action: `/groups/${group.id}/members`,
      fields: { participant_ids: String(person.id), from: query.from, to: query.to },
    };
    return { kind: 'done' as const, text, params, undo };
  }

  private async assignmentNotice(query: z.output<typeof ShowQuery>, group: { id: number; name: string }) {
    const user = query.user && (await this.em.findOne(User, { id: query.user }));
    if (!user) return null;
    const params = { name: group.name, person: user.name };
    const undo =
      query.done === 'unassigned'
        ? { action: `/groups/${group.id}/users`, fields: { user_id: String(user.id) } }
        : { action: `/groups/${group.id}/users/${user.id}/remove`, fields: {} };
    return { kind: 'done' as const, text: NOTICES[query.done]!, params, undo };
  }
}

const mayAssign = (me: SignedInUser) => reachOf(me.role, 'user.manage', me.organization.settings) !== null;

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
  assigned: '{person} works with {name} now.',
  unassigned: '{person} does not work with {name} any more.',
  days: '{person}: the days in {name} are saved.',
  left: '{person} leaves {name} today: still on the register of today, not on later ones.',
};
