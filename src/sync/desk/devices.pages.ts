import { Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type Response } from 'express';
import { z } from 'zod';
import { type AuthRequest } from '../../auth/index.js';
import { Can, Targets } from '../../platform/http/access.js';
import { Reply } from '../../platform/http/reply.js';
import { Target } from '../../platform/http/target.guard.js';
import { SyncClient } from '../sync-client.entity.js';
import { devicesOf } from './devices.query.js';
import { RevokeDevice } from './revoke-device.js';

const ListQuery = z.object({
  page: z.coerce.number().int().min(1).max(100_000).catch(1),
  done: z.string().max(20).catch(''),
});

const PER_PAGE = 50;

/** Pages: which devices there are, what is known to be on them still, and how to take one out of use. */
@Controller('devices')
export class DevicesPages {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
    private readonly reply: Reply,
  ) {}

  @Can('user.manage')
  @Get()
  async list(@Query() input: unknown, @Req() request: AuthRequest) {
    const { page, done } = ListQuery.parse(input);
    const { data, meta } = await devicesOf(this.em, { page, per_page: PER_PAGE }, 'seen');
    const text =
      'The device is revoked: nobody is signed in there any more. What it still holds can be brought after the next sign-in.';
    const notice = done === 'revoked' ? { kind: 'done', text } : null;
    return this.reply.render('sync/devices.njk', { devices: data, meta, notice }, request);
  }

  @Can('user.manage')
  @Targets({ id: SyncClient })
  @Post(':id/revoke')
  @HttpCode(303)
  async revoke(@Target('id') client: SyncClient, @Res() response: Response) {
    await this.bus.execute(new RevokeDevice(client.id));
    response.redirect(303, '/devices?done=revoked');
  }
}
