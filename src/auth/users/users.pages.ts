import { Controller, Get, Post, Query, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type Request, type Response } from 'express';
import { z } from 'zod';
import { Can, Targets } from '../../platform/http/access.js';
import { etagOf } from '../../platform/http/etag.js';
import { attempt, type Attempt } from '../../platform/http/form.js';
import { id as idText, parse } from '../../platform/http/parse.js';
import { Problem, type Refusal } from '../../platform/http/problem.js';
import { Reply } from '../../platform/http/reply.js';
import { isFragment } from '../../platform/http/request.js';
import { Target } from '../../platform/http/target.guard.js';
import { entryOf } from '../../platform/text.js';
import { settingsOf } from '../../tenancy/index.js';
import { Me, type AuthRequest } from '../access.guard.js';
import { BringLink, type BroughtLink } from '../links/bring-link.js';
import { type Purpose, type UserLink } from '../links/user-link.js';
import { ROLES } from '../permissions.js';
import { type SignedInUser } from '../signed-in.js';
import { User } from '../user.entity.js';
import { ChangeUser } from './change-user.js';
import { activeAdministrators, findUsers, userById, type UserJson } from './find-users.query.js';
import { InviteUser, type Invited } from './invite-user.js';
import { MakeUserLink } from './make-user-link.js';
import { ResetSecondFactor } from './reset-second-factor.js';
import { userBonds } from './user-bonds.js';
import { UserChange, UserInvitation } from './user-input.js';

/** What the list's address may say; what cannot be read counts as absent. */
const ListQuery = z.object({
  q: z.string().trim().max(200).catch(''),
  role: z.enum(ROLES).optional().catch(undefined),
  status: z.enum(['invited', 'active', 'disabled']).optional().catch(undefined),
  page: z.coerce.number().int().min(1).max(100_000).catch(1),
});

const PER_PAGE = 50;

const NOTICES: Record<string, string> = {
  created: '{name} can sign in now.',
  changed: '{name}: the changes are saved.',
  disabled: '{name} is signed out everywhere and cannot sign in any more. What was recorded stays.',
  enabled: '{name} can sign in again.',
  'invited-again': '{name} is invited again: send the invitation.',
  'second-factor-reset': '{name} signs in without a code until a second factor is set up again.',
};

/** Pages: the people who sign in. */
@Controller('settings/users')
export class UsersPages {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
    private readonly reply: Reply,
    private readonly bring: BringLink,
  ) {}

  @Can('user.manage')
  @Get()
  async list(@Req() request: AuthRequest) {
    const query = ListQuery.parse(request.query);
    const found = await findUsers(this.em, query, { page: query.page, per_page: PER_PAGE }, 'name');
    const users = found.data.map((each) => ({
      ...each,
      last_login_at: each.last_login_at && new Date(each.last_login_at),
    }));
    const shown = { users, meta: found.meta, query };
    if (isFragment(request)) return this.reply.render('users/_list.njk', shown, request);
    const administrators = await activeAdministrators(this.em);
    return this.reply.render('users/list.njk', { ...shown, roles: ROLES, administrators }, request);
  }

  @Can('user.manage')
  @Get('new')
  async new(@Req() request: AuthRequest, @Me() me: SignedInUser, @Query('participant_id') participant?: unknown) {
    return this.drawNew(request, me, await this.blank(participant));
  }

  @Can('user.manage')
  @Post('new')
  async invite(@Req() request: AuthRequest, @Res() response: Response, @Me() me: SignedInUser) {
    const values = typed(request);
    const done = await attempt(() =>
      this.bus.execute<InviteUser, Invited>(new InviteUser(parse(UserInvitation, inputOf(values)))),
    );
    if (done.refusals) {
      response.status(done.status).send(await this.drawNew(request, me, values, done.refusals));
      return;
    }
    const user = await userById(this.em, done.value.id);
    if (!done.value.link) return response.redirect(303, `/settings/users/${user.id}?done=created`);
    const brought = await this.bring.to(user, done.value.link, me, request as unknown as Request);
    response.status(200).send(this.drawLink(request, user, 'invitation', brought));
  }

  @Can('user.manage')
  @Targets({ id: User })
  @Get(':id')
  async show(
    @Target('id') { id }: User,
    @Req() request: AuthRequest,
    @Me() me: SignedInUser,
    @Query('done') done?: unknown,
  ) {
    const user = await userById(this.em, id);
    return this.draw(request, me, user, { values: user, version: versionOf(user), done });
  }

  @Can('user.manage')
  @Targets({ id: User })
  @Post(':id')
  async change(
    @Target('id') { id }: User,
    @Req() request: AuthRequest,
    @Res() response: Response,
    @Me() me: SignedInUser,
  ) {
    const values = typed(request);
    const version = String((request.body as { version?: unknown } | undefined)?.version ?? '');
    const unchanged = (now: UserJson) => {
      if (version !== versionOf(now)) throw changedMeanwhile();
    };
    const done = await attempt(() =>
      this.bus.execute(new ChangeUser(id, parse(UserChange, inputOf(values)), unchanged)),
    );
    await this.answer(request, response, me, id, done, 'changed', values);
  }

  @Can('user.manage')
  @Targets({ id: User })
  @Get(':id/disable')
  async askDisable(@Target('id') { id }: User, @Req() request: AuthRequest) {
    return this.reply.render('users/disable.njk', { user: await userById(this.em, id) }, request);
  }

  @Can('user.manage')
  @Targets({ id: User })
  @Post(':id/disable')
  async disable(
    @Target('id') { id }: User,
    @Req() request: AuthRequest,
    @Res() response: Response,
    @Me() me: SignedInUser,
  ) {
    const done = await attempt(() => this.bus.execute(new ChangeUser(id, { status: 'disabled' })));
    await this.answer(request, response, me, id, done, 'disabled');
  }

  @Can('user.manage')
  @Targets({ id: User })
  @Post(':id/enable')
  async enable(
    @Target('id') { id }: User,
    @Req() request: AuthRequest,
    @Res() response: Response,
    @Me() me: SignedInUser,
  ) {
    const done = await attempt(() => this.bus.execute(new ChangeUser(id, { status: 'active' })));
    const { status } = await userById(this.em, id);
    await this.answer(request, response, me, id, done, status === 'invited' ? 'invited-again' : 'enabled');
  }

  @Can('user.manage')
  @Targets({ id: User })
  @Post(':id/invitation')
  invitation(
    @Target('id') { id }: User,
    @Req() request: AuthRequest,
    @Res() response: Response,
    @Me() me: SignedInUser,
  ) {
    return this.link(id, 'invitation', request, response, me);
  }

  @Can('user.manage')
  @Targets({ id: User })
  @Post(':id/password-reset')
  passwordReset(
    @Target('id') { id }: User,
    @Req() request: AuthRequest,
    @Res() response: Response,
    @Me() me: SignedInUser,
  ) {
    return this.link(id, 'password_reset', request, response, me);
  }

  @Can('user.manage')
  @Targets({ id: User })
  @Post(':id/reset-second-factor')
  async resetSecondFactor(
    @Target('id') { id }: User,
    @Req() request: AuthRequest,
    @Res() response: Response,
    @Me() me: SignedInUser,
  ) {
    const done = await attempt(() => this.bus.execute(new ResetSecondFactor(id, me)));
    await this.answer(request, response, me, id, done, 'second-factor-reset');
  }

  /** The link is on this answer and nowhere else. */
  private async link(id: number, purpose: Purpose, request: AuthRequest, response: Response, me: SignedInUser) {
    const done = await attempt(() => this.bus.execute<MakeUserLink, UserLink>(new MakeUserLink(id, purpose)));
    if (done.refusals) return this.answer(request, response, me, id, done, '');
    const user = await userById(this.em, id);
    const brought = await this.bring.to(user, done.value, me, request as unknown as Request);
    response.status(200).send(this.drawLink(request, user, purpose, brought));
  }

  private async answer(
    request: AuthRequest,
    response: Response,
    me: SignedInUser,
    id: number,
    done: Attempt<unknown>,
    told: string,
    values?: Record<string, unknown>,
  ): Promise<void> {
    if (!done.refusals) return response.redirect(303, `/settings/users/${id}?done=${told}`);
    const user = await userById(this.em, id);
    const shown = { values: values ?? user, version: versionOf(user), refusals: done.refusals };
    response.status(done.status).send(await this.draw(request, me, user, shown));
  }

  private async draw(
    request: AuthRequest,
    me: SignedInUser,
    user: UserJson,
    { done, ...more }: { values: object; version: string; refusals?: Refusal[]; done?: unknown },
  ): Promise<string> {
    const name = nameOf(user);
    const text = entryOf(NOTICES, done);
    const undo = done === 'disabled' ? { action: `/settings/users/${user.id}/enable`, fields: {} } : undefined;
    const choices = await this.choices(me, user.group_ids);
    const chosen = new Set((more.values as { group_ids?: unknown[] }).group_ids?.map(Number));
    const isChosen = chosen.size === user.group_ids.length && user.group_ids.every((each) => chosen.has(each));
    const data = {
      ...more,
      ...choices,
      // Where others are chosen than are saved: the names of those that are.
      groups_now: isChosen
        ? null
        : choices.group_options.flatMap(([id, name]) => (user.group_ids.includes(id) ? [name] : [])),
      user,
      own: user.id === me.id,
      last_login_at: user.last_login_at && new Date(user.last_login_at),
      participant: user.participant_id && (await userBonds().participantOf(this.em, user.participant_id))?.name,
      administrators: await activeAdministrators(this.em),
      notice: text ? { kind: 'done' as const, text, params: { name }, undo } : null,
    };
    return this.reply.render('users/show.njk', data, request);
  }

  /** The form as it is opened; from the page of a participant it is filled in for him. */
  private async blank(participant: unknown): Promise<Record<string, unknown>> {
    const id = idText.safeParse(participant);
    const person = id.success ? await userBonds().participantOf(this.em, id.data) : null;
    if (person === null) return { role: 'frontline', group_ids: [] };
    const { first_name, last_name, email } = person;
    return { role: 'external', participant_id: id.data, first_name, last_name, email: email ?? '', group_ids: [] };
  }

  private async drawNew(
    request: AuthRequest,
    me: SignedInUser,
    values: Record<string, unknown>,
    refusals: Refusal[] = [],
  ): Promise<string> {
    const id = idText.safeParse(values.participant_id);
    const person = id.success ? await userBonds().participantOf(this.em, id.data) : null;
    const data = { values, refusals, participant: person?.name, ...(await this.choices(me, [])) };
    return this.reply.render('users/new.njk', data, request);
  }

  private drawLink(request: AuthRequest, user: UserJson, purpose: Purpose, link: BroughtLink): string {
    const data = { user, purpose, link: { ...link, expires_at: new Date(link.expires_at) } };
    return this.reply.render('users/link.njk', data, request);
  }

  private async choices(me: SignedInUser, groups: number[]) {
    return {
      roles: ROLES,
      group_options: await userBonds().groupOptions(this.em, groups),
      assigned_only: settingsOf(me.organization).frontline_groups === 'assigned',
    };
  }
}

const FIELDS = ['email', 'first_name', 'last_name', 'role', 'participant_id'] as const;

/** The fields of the form that were sent, and nothing else of the body. */
function typed(request: AuthRequest): Record<string, unknown> {
  const body = (request.body ?? {}) as Record<string, unknown>;
  const values = Object.fromEntries(FIELDS.filter((name) => name in body).map((name) => [name, body[name]]));
  // Of a list of boxes that are all empty, nothing is sent.
  return { ...values, group_ids: [body.group_ids ?? []].flat() };
}

/** What the form means: who is no external user is nobody of the participants, whatever stands in that field. */
function inputOf(values: Record<string, unknown>): Record<string, unknown> {
  const participant = values.role === 'external' && values.participant_id !== '' ? values.participant_id : null;
  return { ...values, participant_id: participant };
}

const nameOf = (user: UserJson): string => `${user.first_name} ${user.last_name}`.trim();

/** The version of what the form changes: that somebody signs in meanwhile is no change. */
const versionOf = ({ email, first_name, last_name, role, participant_id, group_ids }: UserJson): string =>
  etagOf({ email, first_name, last_name, role, participant_id, group_ids });

const changedMeanwhile = () =>
  new Problem(409, {
    code: 'changed_meanwhile',
    message: 'Somebody else changed this user meanwhile. What you typed is still here: look at it, and save again.',
  });
