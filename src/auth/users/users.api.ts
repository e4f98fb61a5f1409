import { Body, Controller, Delete, Get, HttpCode, Post, Put, Query, Req } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { ApiTags } from '@nestjs/swagger';
import { type Request } from 'express';
import { z } from 'zod';
import { Can, Targets } from '../../platform/http/access.js';
import { Answers, AnswersPage } from '../../platform/http/answers.js';
import { InvitedUserOut, LinkOut, UserOut } from './user-answers.js';
import { IfMatch, refuseChanged, Tagged } from '../../platform/http/etag.js';
import { pagingFields } from '../../platform/http/paging.js';
import { Target } from '../../platform/http/target.guard.js';
import { Me } from '../access.guard.js';
import { BringLink } from '../links/bring-link.js';
import { type Purpose, type UserLink } from '../links/user-link.js';
import { ROLES } from '../permissions.js';
import { type SignedInUser } from '../signed-in.js';
import { User } from '../user.entity.js';
import { ChangeUser } from './change-user.js';
import { findUsers, userById } from './find-users.query.js';
import { InviteUser, type Invited } from './invite-user.js';
import { MakeUserLink } from './make-user-link.js';
import { ResetSecondFactor } from './reset-second-factor.js';
import { UserChange, UserInvitation } from './user-input.js';

const filters = z.object({
  ...pagingFields,
  q: z.string().max(200).optional(),
  role: z.enum(ROLES, { error: `Choose ${ROLES.join(', ')}.` }).optional(),
  status: z.enum(['invited', 'active', 'disabled'], { error: 'Choose invited, active or disabled.' }).optional(),
});

/** REST: the people who sign in. */
@ApiTags('admin')
@Controller('api/admin/users')
export class UsersApi {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
    private readonly bring: BringLink,
  ) {}

  @Can('user.manage')
  @AnswersPage(UserOut)
  @Get()
  async list(@Query({ schema: filters }) query: z.output<typeof filters>) {
    return findUsers(this.em, query, query);
  }

  /** Without a password this is an invitation: its link is told here and nowhere else. */
  @Can('user.manage')
  @Answers(InvitedUserOut, 201)
  @Post()
  async invite(
    @Body({ schema: UserInvitation }) input: UserInvitation,
    @Req() request: Request,
    @Me() me: SignedInUser,
  ) {
    const { id, link } = await this.bus.execute<InviteUser, Invited>(new InviteUser(input));
    const user = await userById(this.em, id);
    if (!link) return { data: user };
    const { url, mail_sent } = await this.bring.to(user, link, me, request);
    return { data: { ...user, invitation_url: url, mail_sent } };
  }

  @Can('user.manage')
  @Targets({ id: User })
  @Tagged()
  @Answers(UserOut)
  @Get(':id')
  async one(@Target('id') { id }: User) {
    return { data: await userById(this.em, id) };
  }

  @Can('user.manage')
  @Targets({ id: User })
  @Tagged()
  @Answers(UserOut)
  @Put(':id')
  async change(
    @Target('id') { id }: User,
    @Body({ schema: UserChange }) input: UserChange,
    @IfMatch() expected: string,
  ) {
    await this.bus.execute(new ChangeUser(id, input, (now) => refuseChanged(expected, now)));
    return { data: await userById(this.em, id) };
  }

  /** Nobody is removed, because what he recorded stays: he is disabled, and signed out everywhere at once. */
  @Can('user.manage')
  @Targets({ id: User })
  @Tagged()
  @Answers(UserOut)
  @Delete(':id')
  async disable(@Target('id') { id }: User, @IfMatch() expected: string) {
    const unchanged = (now: unknown) => refuseChanged(expected, now);
    await this.bus.execute(new ChangeUser(id, { status: 'disabled' }, unchanged));
    return { data: await userById(this.em, id) };
  }

  /** The invitation once more; the link before it is dead. */
  @Can('user.manage')
  @Targets({ id: User })
  @Answers(LinkOut)
  @Post(':id/invitation')
  @HttpCode(200)
  invitation(@Target('id') { id }: User, @Req() request: Request, @Me() me: SignedInUser) {
    return this.link(id, 'invitation', request, me);
  }

  /** A link with which the user chooses a new password. */
  @Can('user.manage')
  @Targets({ id: User })
  @Answers(LinkOut)
  @Post(':id/password-reset')
  @HttpCode(200)
  passwordReset(@Target('id') { id }: User, @Req() request: Request, @Me() me: SignedInUser) {
    return this.link(id, 'password_reset', request, me);
  }

  /** For somebody who lost his authenticator and his recovery codes. */
  @Can('user.manage')
  @Targets({ id: User })
  @Answers(UserOut)
  @Delete(':id/second-factor')
  async resetSecondFactor(@Target('id') { id }: User, @Me() me: SignedInUser) {
    await this.bus.execute(new ResetSecondFactor(id, me));
    return { data: await userById(this.em, id) };
  }

  private async link(id: number, purpose: Purpose, request: Request, me: SignedInUser) {
    const link = await this.bus.execute<MakeUserLink, UserLink>(new MakeUserLink(id, purpose));
    return { data: await this.bring.to(await userById(this.em, id), link, me, request) };
  }
}
