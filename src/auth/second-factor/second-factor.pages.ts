import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type Response } from 'express';
import { renderSVG } from 'uqr';
import { z } from 'zod';
import { BeforeSecondFactor, SignedIn } from '../../platform/http/access.js';
import { attempt } from '../../platform/http/form.js';
import { parse } from '../../platform/http/parse.js';
import { type Refusal } from '../../platform/http/problem.js';
import { Reply } from '../../platform/http/reply.js';
import { Me, type AuthRequest } from '../access.guard.js';
import { type SignedInUser } from '../signed-in.js';
import { User } from '../user.entity.js';
import { recoveryCodesLeft } from './recovery-codes.js';
import { needsSecondFactor } from './required.js';
import { BeginSecondFactor, ConfirmSecondFactor, DisableSecondFactor, RenewRecoveryCodes } from './second-factor.js';
import { addressOf } from './totp.js';

const Code = z.object({ code: z.string().trim().min(1).max(20) });
const Password = z.object({ current_password: z.string().min(1).max(200) });

/** Pages: one's own second factor. The way in for those of whom it is demanded. */
@Controller('account/second-factor')
export class SecondFactorPages {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
    private readonly reply: Reply,
  ) {}

  @SignedIn({ inPerson: true })
  @BeforeSecondFactor()
  @Get()
  page(@Req() request: AuthRequest, @Me() me: SignedInUser) {
    return this.draw(request, me);
  }

  @SignedIn({ inPerson: true })
  @BeforeSecondFactor()
  @Post()
  async begin(@Req() request: AuthRequest, @Res() response: Response, @Me() me: SignedInUser) {
    const done = await attempt(() => this.bus.execute(new BeginSecondFactor(me)));
    if (!done.refusals) return response.redirect(303, '/account/second-factor');
    response.status(done.status).send(await this.draw(request, me, done.refusals));
  }

  /** The recovery codes are on this answer and nowhere else. */
  @SignedIn({ inPerson: true })
  @BeforeSecondFactor()
  @Post('confirm')
  async confirm(@Req() request: AuthRequest, @Res() response: Response, @Me() me: SignedInUser) {
    const done = await attempt(() =>
      this.bus.execute<ConfirmSecondFactor, string[]>(
        new ConfirmSecondFactor(me, parse(Code, request.body ?? {}).code),
      ),
    );
    if (done.refusals) response.status(done.status).send(await this.draw(request, me, done.refusals));
    else response.status(200).send(this.codes(request, done.value));
  }

  @SignedIn({ inPerson: true })
  @Post('codes')
  async renew(@Req() request: AuthRequest, @Res() response: Response, @Me() me: SignedInUser) {
    const done = await attempt(() =>
      this.bus.execute<RenewRecoveryCodes, string[]>(
        new RenewRecoveryCodes(me, parse(Password, request.body ?? {}).current_password),
      ),
    );
    if (done.refusals) response.status(done.status).send(await this.draw(request, me, done.refusals, 'codes'));
    else response.status(200).send(this.codes(request, done.value));
  }

  @SignedIn({ inPerson: true })
  @Post('disable')
  async disable(@Req() request: AuthRequest, @Res() response: Response, @Me() me: SignedInUser) {
    const done = await attempt(() =>
      this.bus.execute(new DisableSecondFactor(me, parse(Password, request.body ?? {}).current_password)),
    );
    if (!done.refusals) return response.redirect(303, '/account?done=second-factor-off');
    response.status(done.status).send(await this.draw(request, me, done.refusals, 'disable'));
  }

  /** @param refused which of the two forms that ask for the password was refused */
  private async draw(request: AuthRequest, me: SignedInUser, refusals: Refusal[] = [], refused = ''): Promise<string> {
    const user = await this.em.findOneOrFail(User, { id: me.id }, { refresh: true });
    const pending = !user.totpEnabledAt && user.totpSecret ? user.totpSecret : null;
    const address = pending && addressOf(pending, me.organization.name, me.email);
    const data = {
      enabled: Boolean(user.totpEnabledAt),
      demanded: needsSecondFactor(me),
      codes_left: await recoveryCodesLeft(this.em, me.id),
      secret: pending?.replace(/.{4}(?=.)/g, '$& '),
      address,
      picture: address && renderSVG(address, { border: 3, pixelSize: 5 }),
      values: {},
      refusals,
      refused,
    };
    return this.reply.render('account/second-factor.njk', data, request);
  }

  private codes(request: AuthRequest, codes: string[]): string {
    return this.reply.render('account/recovery-codes.njk', { codes }, request);
  }
}
