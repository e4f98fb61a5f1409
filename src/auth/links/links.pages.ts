import { Controller, Get, Param, Post, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type Request, type Response } from 'express';
import { z } from 'zod';
import { Public, Targets } from '../../platform/http/access.js';
import { attempt } from '../../platform/http/form.js';
import { parse } from '../../platform/http/parse.js';
import { Problem, type Refusal } from '../../platform/http/problem.js';
import { Reply } from '../../platform/http/reply.js';
import { type AppRequest } from '../../platform/http/request.js';
import { emailText, passwordText } from '../create-user.js';
import { keepSignedIn } from '../keep-signed-in.js';
import { SecondStepTicket } from '../second-factor/ticket.js';
import { type SignedIn } from '../sign-in.js';
import { AskPasswordReset } from './ask-password-reset.js';
import { SendLink } from './send-link.js';
import { findLink, UseLink, type LivingLink } from './use-link.js';
import { type Purpose } from './user-link.js';

const ChosenPassword = z.object({ password: passwordText });
const Forgotten = z.object({ email: emailText });

/** Pages of people who are not signed in yet: the links that they were sent, and the way to a new one. */
@Controller()
export class LinksPages {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
    private readonly reply: Reply,
    private readonly send: SendLink,
    private readonly ticket: SecondStepTicket,
  ) {}

  @Public()
  @Targets({ token: null })
  @Get('invitation/:token')
  async invitation(@Param('token') token: string, @Req() request: AppRequest, @Res() response: Response) {
    return this.show('invitation', token, request, response);
  }

  @Public()
  @Targets({ token: null })
  @Post('invitation/:token')
  async accept(@Param('token') token: string, @Req() request: AppRequest, @Res() response: Response) {
    return this.use('invitation', token, request, response);
  }

  @Public()
  @Targets({ token: null })
  @Get('password-reset/:token')
  async passwordReset(@Param('token') token: string, @Req() request: AppRequest, @Res() response: Response) {
    return this.show('password_reset', token, request, response);
  }

  @Public()
  @Targets({ token: null })
  @Post('password-reset/:token')
  async reset(@Param('token') token: string, @Req() request: AppRequest, @Res() response: Response) {
    return this.use('password_reset', token, request, response);
  }

  @Public()
  @Get('forgot')
  forgotPage(@Req() request: AppRequest) {
    return this.reply.render('auth/forgot.njk', { can_mail: this.send.canMailStrangers, values: {} }, request);
  }

  /** Says the same whether the address is known or not. */
  @Public()
  @Post('forgot')
  async forgot(@Req() request: AppRequest, @Res() response: Response) {
    const { body } = request;
    const data = { can_mail: this.send.canMailStrangers, values: body ?? {} };
    try {
      const { email } = parse(Forgotten, body ?? {});
      await this.bus.execute(new AskPasswordReset(email, request.ip ?? ''));
      response.status(200).send(this.reply.render('auth/forgot.njk', { ...data, asked: data.can_mail }, request));
    } catch (error) {
      if (!(error instanceof Problem) || ![422, 429].includes(error.status)) throw error;
      for (const [name, value] of Object.entries(error.more.headers ?? {})) response.setHeader(name, value);
      const page = this.reply.render('auth/forgot.njk', { ...data, refusals: error.refusals }, request);
      response.status(error.status).send(page);
    }
  }

  private async show(purpose: Purpose, token: string, request: AppRequest, response: Response): Promise<void> {
    const link = await findLink(this.em, purpose, token);
    if (!link) this.gone(request, response);
    else response.send(this.form(purpose, link, request));
  }

  private async use(purpose: Purpose, token: string, request: AppRequest, response: Response): Promise<void> {
    const link = await findLink(this.em, purpose, token);
    if (!link) return this.gone(request, response);
    const done = await attempt(() => {
      const { password } = parse(ChosenPassword, request.body ?? {});
      return this.bus.execute<UseLink, SignedIn>(new UseLink(purpose, token, password));
    });
    if (done.refusals) {
      response.status(done.status).send(this.form(purpose, link, request, done.refusals));
      return;
    }
    if (done.value.codeDue) {
      this.ticket.give(done.value, request, response);
      return response.redirect(303, '/login/code');
    }
    await keepSignedIn(request as Request, done.value);
    response.redirect(303, '/');
  }

  private form(purpose: Purpose, link: LivingLink, request: AppRequest, refusals: Refusal[] = []): string {
    return this.reply.render('auth/choose-password.njk', { purpose, link, values: {}, refusals }, request);
  }

  private gone(request: AppRequest, response: Response): void {
    response.status(404).send(this.reply.render('auth/link-gone.njk', {}, request));
  }
}
