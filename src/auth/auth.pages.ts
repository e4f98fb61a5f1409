import { Body, Controller, Get, Post, Query, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { type Request, type Response } from 'express';
import { Public, SignedIn as AnyoneSignedIn } from '../platform/http/access.js';
import { ownPath } from '../platform/http/form.js';
import { refusalsOf } from '../platform/http/parse.js';
import { notFound, Problem, type Refusal } from '../platform/http/problem.js';
import { Reply } from '../platform/http/reply.js';
import { type AppRequest } from '../platform/http/request.js';
import { DOMAIN_PACKS } from '../tenancy/index.js';
import { keepSignedIn, signInRequest, signOutRequest } from './keep-signed-in.js';
import { SESSION_COOKIE } from './login-middleware.js';
import { FirstOrganization, SetUp } from './set-up.js';
import { SetupAddress } from './setup-address.js';
import { type User } from './user.entity.js';

/** Pages: first run, sign in, sign out. */
@Controller()
export class AuthPages {
  constructor(
    private readonly bus: CommandBus,
    private readonly reply: Reply,
    private readonly setupAddress: SetupAddress,
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
      await signInRequest(request as Request, response);
      response.redirect(303, ownPath(body.next, '/'));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const organizations = (error.more.data?.data as { organizations?: unknown[] } | undefined)?.organizations ?? [];
      for (const [name, value] of Object.entries(error.more.headers ?? {})) response.setHeader(name, value);
      response.status(error.status).send(this.loginForm(request, body, error.refusals, organizations));
    }
  }

  @AnyoneSignedIn()
  @Post('logout')
  async logout(@Req() request: Request, @Res() response: Response) {
    await signOutRequest(request, response, SESSION_COOKIE);
    response.redirect(303, '/login');
  }

  @Public()
  @Get('setup')
  setupPage(@Req() request: AppRequest, @Res() response: Response, @Query('token') token?: string) {
    if (!this.setupAddress.fits(token)) throw notFound();
    response.send(this.setupForm(request, { token, domain: 'education' }));
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
      time_zones: ['UTC', ...Intl.supportedValuesOf('timeZone')],
    };
    return this.reply.render('auth/setup.njk', data, request);
  }
}
