import { Controller, Get, Inject, Post, Query, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type Response } from 'express';
import { clock } from '../../platform/clock.js';
import { type Config } from '../../platform/config.js';
import { SignedIn, Targets } from '../../platform/http/access.js';
import { browserNames } from '../../platform/http/device-label.js';
import { attempt, type Attempt } from '../../platform/http/form.js';
import { parse } from '../../platform/http/parse.js';
import { invalid, notFound, type Refusal } from '../../platform/http/problem.js';
import { Reply } from '../../platform/http/reply.js';
import { Target } from '../../platform/http/target.guard.js';
import { entryOf, sha256 } from '../../platform/text.js';
import { languageChoices } from '../../tenancy/index.js';
import { Me, type AuthRequest } from '../access.guard.js';
import { ApiToken } from '../api-token.entity.js';
import { LoginSession } from '../login-session.entity.js';
import { permissionsOf } from '../permissions.js';
import { type SignedInUser } from '../signed-in.js';
import { User } from '../user.entity.js';
import { CreateToken, NewToken, RevokeToken, type CreatedToken } from './api-tokens.js';
import { ChangeOwnPassword, ChangeOwnProfile, NewPassword, OwnProfile } from './change-own.js';
import { EndLoginSession, EndOtherLoginSessions } from './end-own-sign-ins.js';
import { findLoginSessions } from './find-login-sessions.query.js';
import { livingTokens } from './find-tokens.query.js';

/** How long a token may live, in days, as the page offers it. */
const LIVES = [30, 90, 180, 365];

const NOTICES: Record<string, string> = {
  profile: 'Your changes are saved.',
  password: 'Your password is changed. Everywhere else you are signed out.',
  ended: 'That browser is signed out.',
  others: 'Everywhere else you are signed out.',
  revoked: 'The token is revoked. Programs that use it get nothing any more.',
  'second-factor-off': 'The second factor is off. From now on your password is enough.',
};

/** Pages: one's own account. */
@Controller('account')
export class AccountPages {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
    private readonly reply: Reply,
    @Inject('config') private readonly config: Config,
  ) {}

  @SignedIn({ inPerson: true })
  @Get()
  page(@Req() request: AuthRequest, @Me() me: SignedInUser, @Query('done') done?: unknown) {
    return this.draw(request, me, { notice: noticeOf(done) });
  }

  @SignedIn({ inPerson: true })
  @Post()
  async profile(@Req() request: AuthRequest, @Res() response: Response, @Me() me: SignedInUser) {
    const { first_name, last_name, locale } = (request.body ?? {}) as Record<string, unknown>;
    const values = { first_name, last_name, locale };
    const done = await attempt(() => this.bus.execute(new ChangeOwnProfile(me, parse(OwnProfile, values))));
    await this.answer(request, response, me, done, { values, refused: 'profile' });
  }

  @SignedIn({ inPerson: true })
  @Post('password')
  async password(@Req() request: AuthRequest, @Res() response: Response, @Me() me: SignedInUser) {
    const done = await attempt(() =>
      this.bus.execute(new ChangeOwnPassword(me, parse(NewPassword, request.body ?? {}), loginHashOf(request))),
    );
    await this.answer(request, response, me, done, { refused: 'password' });
  }

  @SignedIn({ inPerson: true })
  @Post('login-sessions/end-others')
  async endOthers(@Req() request: AuthRequest, @Res() response: Response, @Me() me: SignedInUser) {
    await this.bus.execute(new EndOtherLoginSessions(me, loginHashOf(request)));
    response.redirect(303, '/account?done=others');
  }

  @SignedIn({ inPerson: true })
  @Targets({ id: LoginSession })
  @Post('login-sessions/:id/end')
  async end(@Target('id') session: LoginSession, @Res() response: Response, @Me() me: SignedInUser) {
    if (session.user !== me.id) throw notFound();
    await this.bus.execute(new EndLoginSession(me, session.id));
    response.redirect(303, '/account?done=ended');
  }

  @SignedIn({ inPerson: true })
  @Get('tokens')
  tokens(@Req() request: AuthRequest, @Me() me: SignedInUser, @Query('done') done?: unknown) {
    return this.drawTokens(request, me, { values: { days: '90' }, notice: noticeOf(done) });
  }

  /** The text of the token is on this answer and nowhere else. */
  @SignedIn({ inPerson: true })
  @Post('tokens')
  async createToken(@Req() request: AuthRequest, @Res() response: Response, @Me() me: SignedInUser) {
    const { name, days, scopes } = (request.body ?? {}) as Record<string, unknown>;
    const values = { name, days, scopes: [scopes ?? []].flat() };
    const done = await attempt(() => {
      const life = LIVES.find((each) => String(each) === days);
      if (!life) throw invalid('days', 'Choose how long it lives.');
      const expires_at = new Date(clock.now().getTime() + life * 86_400_000).toISOString();
      const input = parse(NewToken, { name: name ?? '', scopes: values.scopes, expires_at });
      return this.bus.execute<CreateToken, CreatedToken>(new CreateToken(me, input));
    });
    if (done.refusals) {
      const page = await this.drawTokens(request, me, { values, refusals: done.refusals });
      response.status(done.status).send(page);
      return;
    }
    response.status(200).send(await this.drawTokens(request, me, { values: { days: '90' }, made: done.value }));
  }

  @SignedIn({ inPerson: true })
  @Targets({ id: ApiToken })
  @Post('tokens/:id/revoke')
  async revokeToken(@Target('id') token: ApiToken, @Res() response: Response, @Me() me: SignedInUser) {
    if (token.user !== me.id) throw notFound();
    await this.bus.execute(new RevokeToken(token.id));
    response.redirect(303, '/account/tokens?done=revoked');
  }

  private async answer(
    request: AuthRequest,
    response: Response,
    me: SignedInUser,
    done: Attempt<unknown>,
    refused: { refused: string; values?: Record<string, unknown> },
  ): Promise<void> {
    if (!done.refusals) return response.redirect(303, `/account?done=${refused.refused}`);
    response.status(done.status).send(await this.draw(request, me, { ...refused, refusals: done.refusals }));
  }

  private async draw(request: AuthRequest, me: SignedInUser, more: Shown): Promise<string> {
    const user = await this.em.findOneOrFail(User, { id: me.id });
    const sessions = await findLoginSessions(this.em, me.id, loginHashOf(request), this.config.sessionIdleMinutes);
    const data = {
      values: { first_name: user.firstName, last_name: user.lastName, locale: me.locale ?? '' },
      languages: languageChoices(me.locale),
      second_factor: me.secondFactor,
      login_sessions: sessions.map((each) => ({
        ...each,
        ...browserNames(each.device_label),
        last_seen_at: new Date(each.last_seen_at),
      })),
      tokens: (await livingTokens(this.em, me.id, clock.now())).length,
      ...more,
    };
    return this.reply.render('account/show.njk', data, request);
  }

  private async drawTokens(request: AuthRequest, me: SignedInUser, more: Shown & { made?: CreatedToken }) {
    const data = {
      tokens: await livingTokens(this.em, me.id, clock.now()),
      scopes: permissionsOf(me.role, me.organization.settings),
      lives: LIVES,
      ...more,
    };
    return this.reply.render('account/tokens.njk', data, request);
  }
}

/** What a page shows beside what it always shows. */
interface Shown {
  values?: Record<string, unknown>;
  refusals?: Refusal[];
  /** Which form of the page was refused. */
  refused?: string;
  notice?: { kind: 'done'; text: string } | null;
}

const loginHashOf = (request: AuthRequest): string => sha256(request.sessionID);

function noticeOf(done: unknown) {
  const text = entryOf(NOTICES, done);
  return text ? { kind: 'done' as const, text } : null;
}
