import { Body, Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { ApiTags } from '@nestjs/swagger';
import { type Request, type Response } from 'express';
import { z } from 'zod';
import { Me, type SignedInUser } from '../auth/index.js';
import { Can, Public, SignedIn } from '../platform/http/access.js';
import { Answers, AnswersBody } from '../platform/http/answers.js';
import { deviceHashOf, keepDevice } from '../platform/http/device-cookie.js';
import { deviceLabel } from '../platform/http/device-label.js';
import { ChecksTextItself } from '../platform/http/body.js';
import { uuid } from '../platform/http/parse.js';
import { loginRequired, Problem } from '../platform/http/problem.js';
import { sha256 } from '../platform/text.js';
import { WithdrawCandidate } from '../presence/index.js';
import { changesSince } from './changes-since.query.js';
import { isRevoked } from './is-revoked.js';
import { parseEnvelope } from './envelope.js';
import { GreetDevice } from './greet-device.js';
import { ReceiveBatch } from './receive-batch.js';
import { type Changes, type Handshake, type SyncAnswer } from './wire.js';
import { ChangesOut, HandshakeOut, SyncAnswerOut } from './wire-answers.js';

const Withdrawal = z.strictObject({ op_id: uuid }).meta({ id: 'Withdrawal' });
const since = z.object({ cursor: z.string().max(40).optional() });

/** REST of devices: the sync protocol, docs/sync.md. Its bodies have no `data` envelope. */
@ApiTags('sync')
@Controller('api')
export class SyncApi {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
  ) {}

  /**
   * Who is signed in here, and which client this browser is. Sets the device cookie. 401 as everywhere, but it says of a
   * revoked device that it is one, so that it forgets the names that it keeps.
   */
  @Public()
  @AnswersBody(HandshakeOut)
  @Get('sync/handshake')
  async handshake(
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
    @Me() me: SignedInUser | undefined,
  ): Promise<Handshake> {
    if (!me) {
      if (!(await isRevoked(this.em, deviceHashOf(request)))) throw loginRequired();
      throw new Problem(401, loginRequired().refusals, { data: { revoked: true } });
    }
    const device = {
      hash: keepDevice(request, response),
      label: deviceLabel(request.headers['user-agent'] ?? ''),
      loginHash: sha256(request.sessionID),
    };
    return this.bus.execute<GreetDevice, Handshake>(new GreetDevice(device, me));
  }

  // Whoever has lost the right to mark may still hand in what he marked while he had it: it is parked.
  @SignedIn()
  @AnswersBody(SyncAnswerOut)
  @Post(['sync', 'presence/sync'])
  @HttpCode(200)
  @ChecksTextItself()
  async sync(@Body() body: unknown, @Me() me: SignedInUser): Promise<SyncAnswer> {
    return this.bus.execute<ReceiveBatch, SyncAnswer>(new ReceiveBatch(parseEnvelope(body), me));
  }

  @Can('roster.view')
  @AnswersBody(ChangesOut)
  @Get('sync/changes')
  async changes(@Query({ schema: since }) query: z.output<typeof since>, @Me() me: SignedInUser): Promise<Changes> {
    return changesSince(this.em, me, query.cursor);
  }

  /** The author takes his own candidate back. */
  @SignedIn()
  @Answers(z.object({ success: z.literal(true) }))
  @Post('sync/withdraw')
  @HttpCode(200)
  async withdraw(@Body({ schema: Withdrawal }) { op_id }: z.output<typeof Withdrawal>, @Me() me: SignedInUser) {
    await this.bus.execute(new WithdrawCandidate(op_id, me));
    return { data: { success: true } };
  }
}
