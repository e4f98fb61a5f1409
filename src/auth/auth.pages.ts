import { Body, Controller, Get, Post, Query, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { type Request, type Response } from 'express';
import { z } from 'zod';
import { BeforeSecondFactor, Public, SignedIn as AnyoneSignedIn } from '../platform/http/access.js';
import { ownPath } from '../platform/http/form.js';
import { parse, refusalsOf } from '../platform/http/parse.js';
import { notFound, Problem, type Refusal } from '../platform/http/problem.js';
import { Reply } from '../platform/http/reply.js';
import { type AppRequest } from '../platform/http/request.js';
import { DOMAIN_PACKS, languageChoices } from '../tenancy/index.js';
import { pageContext } from './page-context.js';
import { keepSignedIn, signInRequest, signOutRequest } from './keep-signed-in.js';
import { SESSION_COOKIE } from './login-middleware.js';
import { SecondStepTicket } from './second-factor/ticket.js';
import { FirstOrganization, SetUp } from './set-up.js';
import { SetupAddress } from './setup-address.js';
import { ConfirmSignIn, type SignedIn } from './sign-in.js';
import { type User } from './user.entity.js';

const Code = z.object({ code: z.string().trim().min(1).max(50) });

/** Pages: first run, sign in, sign out. */
@Controller()
export class AuthPages {
  constructor(
    private readonly bus: CommandBus,
    private readonly reply: Reply,
    private readonly setupAddress: SetupAddress,
    private readonly ticket: SecondStepTicket,
  ) {}

  @Public()
  @Get('login')
  loginPage(@Req() request: AppRequest, @Res() response: Response, @Query('next') next?: string) {
    if (request.user) return response.redirect(303, ownPath(next, '/'));
    return response.send(this.loginForm(request, { next }));
  }

  @Public()
  @Post('login')
  async login(@Req() request: AppRequest, @Res() response: Response) {
    const body = (request.body ?? {}) as Record<string, string>;
    try {
      const who = await signInRequest(request as Request, response);
      if (!who.codeDue) return response.redirect(303, ownPath(body.next, '/'));
      this.ticket.give(who, request, response);
      response.redirect(303, codePage(body.next));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const organizations = (error.more.data?.data as { organizations?: unknown[] } | undefined)?.organizations ?? [];
      refuse(response, error).send(this.loginForm(request, body, error.refusals, organizations));
    }
  }

  /** The second step, for whoever has proven his password in this browser. */
  @Public()
  @Get('login/code')
  codePage(@Req() request: AppRequest, @Res() response: Response, @Query('next') next?: string) {
    if (request.user) return response.redirect(303, ownPath(next, '/'));
    if (!this.ticket.read(request)) return response.redirect(303, loginPage(next));
    return response.send(this.reply.render('auth/code.njk', { values: { next } }, request));
  }

  @Public()
  @Post('login/code')
  async confirm(@Req() request: AppRequest, @Res() response: Response) {
    const body = (request.body ?? {}) as Record<string, string>;
    const who = this.ticket.read(request);
    if (!who) return response.redirect(303, loginPage(body.next));
    try {
      const { code } = parse(Code, body);
      await this.bus.execute<ConfirmSignIn, SignedIn>(new ConfirmSignIn(who, code, request.ip ?? ''));
      await keepSignedIn(request as Request, who);
      this.ticket.take(response);
      response.redirect(303, ownPath(body.next, '/'));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const data = { values: { next: body.next }, refusals: error.refusals };
      refuse(response, error).send(this.reply.render('auth/code.njk', data, request));
    }
  }

  @AnyoneSignedIn()
  @BeforeSecondFactor()
  @Post('logout')
  async logout(@Req() request: Request, @Res() response: Response) {
    await signOutRequest(request, response, SESSION_COOKIE);
    response.redirect(303, '/login');
  }

  @Public()
  @Get('setup')
  setupPage(@Req() request: AppRequest, @Res() response: Response, @Query('token') token?: string) {
    if (!this.setupAddress.fits(token)) throw notFound();
    response.send(this.setupForm(request, { token, domain: 'education', locale: pageContext(request).locale }));
  }

  @Public()
  @Post('setup')
  async setup(@Req() request: AppRequest, @Res() response: Response, @Body() body: Record<string, string>) {
    if (!this.setupAddress.fits(body?.token)) throw notFound();
    const parsed = FirstOrganization.safeParse(body);
    if (!parsed.success) {
      response.status(422).send(this.setupForm(request, body, refusalsOf(parsed.error.issues)));
      return;
    }
    const user = await this.bus.execute<SetUp, User>(new SetUp(parsed.data));
    this.setupAddress.close();
    await keepSignedIn(request as Request, { userId: user.id, organizationId: user.organization });
    response.redirect(303, '/');
  }

  private loginForm(
    request: AppRequest,
    body: Record<string, unknown>,
    refusals: Refusal[] = [],
    organizations: unknown[] = [],
  ) {
    const { password: _never, ...values } = body;
    return this.reply.render('auth/login.njk', { values, refusals, organizations }, request);
  }

  private setupForm(request: AppRequest, body: Record<string, unknown>, refusals: Refusal[] = []) {
    const { password: _never, ...values } = body;
    const domains = Object.values(DOMAIN_PACKS).map(({ domain, label, terms, states }) => ({
      value: domain,
      label,
      terms,
      states: states.map((state) => state.label),
    }));
    const data = {
      values,
      refusals,
      domains,
      languages: languageChoices(),
      time_zones: ['UTC', ...Intl.supportedValuesOf('timeZone')],
    };
    return this.reply.render('auth/setup.njk', data, request);
  }
}

/** Where somebody who is on his way to a page of ours goes first. */
const withNext = (path: string, next: unknown) =>
  ownPath(next, '') ? `${path}?next=${encodeURIComponent(String(next))}` : path;
const loginPage = (next: unknown) => withNext('/login', next);
const codePage = (next: unknown) => withNext('/login/code', next);

/** The answer of a form that was refused: its status and headers; the page is sent after it. */
function refuse(response: Response, problem: Problem): Response {
  for (const [name, value] of Object.entries(problem.more.headers ?? {})) response.setHeader(name, value);
  return response.status(problem.status).type('html');
}
