import { Body, Controller, Delete, Get, Inject, Post, Query, Req } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { ApiTags } from '@nestjs/swagger';
import { type Request } from 'express';
import { z } from 'zod';
import { type Config } from '../../platform/config.js';
import { SignedIn, Targets } from '../../platform/http/access.js';
import { Answers, AnswersPage } from '../../platform/http/answers.js';
import { EndedOut, LoginSessionOut, NewTokenOut, TokenOut } from '../users/user-answers.js';
import { pagingFields } from '../../platform/http/paging.js';
import { notFound } from '../../platform/http/problem.js';
import { Target } from '../../platform/http/target.guard.js';
import { sha256 } from '../../platform/text.js';
import { Me } from '../access.guard.js';
import { ApiToken } from '../api-token.entity.js';
import { LoginSession } from '../login-session.entity.js';
import { type SignedInUser } from '../signed-in.js';
import { CreateToken, NewToken, RevokeToken, type CreatedToken } from './api-tokens.js';
import { EndLoginSession, EndOtherLoginSessions } from './end-own-sign-ins.js';
import { findLoginSessions } from './find-login-sessions.query.js';
import { findTokens, tokenJson } from './find-tokens.query.js';

const paging = z.object(pagingFields);

/** REST: one's own account. For the person himself; no token may come in here. */
@ApiTags('account')
@Controller('api/account')
export class AccountApi {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
    @Inject('config') private readonly config: Config,
  ) {}

  @SignedIn({ inPerson: true })
  @AnswersPage(TokenOut)
  @Get('tokens')
  async tokens(@Query({ schema: paging }) query: z.output<typeof paging>, @Me() me: SignedInUser) {
    return findTokens(this.em, me.id, query);
  }

  @SignedIn({ inPerson: true })
  @Answers(NewTokenOut, 201)
  @Post('tokens')
  async createToken(@Body({ schema: NewToken }) input: NewToken, @Me() me: SignedInUser) {
    const { id, token } = await this.bus.execute<CreateToken, CreatedToken>(new CreateToken(me, input));
    return { data: { ...tokenJson(await this.em.findOneOrFail(ApiToken, { id })), token } };
  }

  @SignedIn({ inPerson: true })
  @Targets({ id: ApiToken })
  @Answers(TokenOut)
  @Delete('tokens/:id')
  async revokeToken(@Target('id') token: ApiToken, @Me() me: SignedInUser) {
    if (token.user !== me.id) throw notFound();
    await this.bus.execute(new RevokeToken(token.id));
    return { data: tokenJson(await this.em.findOneOrFail(ApiToken, { id: token.id }, { refresh: true })) };
  }

  /** Where one is signed in, the browser seen last first. */
  @SignedIn({ inPerson: true })
  @AnswersPage(LoginSessionOut)
  @Get('login-sessions')
  async loginSessions(@Req() request: Request, @Me() me: SignedInUser) {
    const own = sha256(request.sessionID);
    const data = await findLoginSessions(this.em, me.id, own, this.config.sessionIdleMinutes);
    return { data, meta: { page: 1, per_page: data.length, total: data.length, next: null } };
  }

  /** Signs out everywhere but here. */
  @SignedIn({ inPerson: true })
  @Answers(EndedOut)
  @Delete('login-sessions')
  async endOthers(@Req() request: Request, @Me() me: SignedInUser) {
    const own = sha256(request.sessionID);
    return {
      data: { ended: await this.bus.execute<EndOtherLoginSessions, number>(new EndOtherLoginSessions(me, own)) },
    };
  }

  @SignedIn({ inPerson: true })
  @Targets({ id: LoginSession })
  @Answers(EndedOut)
  @Delete('login-sessions/:id')
  async endOne(@Target('id') session: LoginSession, @Me() me: SignedInUser) {
    if (session.user !== me.id) throw notFound();
    await this.bus.execute(new EndLoginSession(me, session.id));
    return { data: { ended: 1 } };
  }
}
