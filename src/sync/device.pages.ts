import { Controller, Get, Req } from '@nestjs/common';
import { EntityManager } from '@mikro-orm/core';
import { type AuthRequest } from '../auth/index.js';
import { SignedIn } from '../platform/http/access.js';
import { Reply } from '../platform/http/reply.js';
import { statesOf } from '../presence/index.js';

/** What waits on this device: the server draws a page without content, the device fills it. */
@Controller()
export class DevicePages {
  constructor(
    private readonly em: EntityManager,
    private readonly reply: Reply,
  ) {}

  @SignedIn()
  @Get('waiting')
  async waiting(@Req() request: AuthRequest) {
    const states = (await statesOf(this.em)).map(({ code, label }) => ({ code, label }));
    return this.reply.render('sync/waiting.njk', { states }, request);
  }
}
