import { Controller, Get, Req } from '@nestjs/common';
import { Public } from '../platform/http/access.js';
import { Reply } from '../platform/http/reply.js';
import { type AppRequest } from '../platform/http/request.js';

/**
 * What the service worker shows when the server cannot be reached: taken when the worker is installed, kept by it, and
 * filled in on the device (static/js/worker/offline-page.ts). Nobody's data is in it.
 */
@Controller()
export class OfflinePages {
  constructor(private readonly reply: Reply) {}

  @Public()
  @Get('offline')
  offline(@Req() request: AppRequest) {
    return this.reply.render('offline/offline.njk', {}, request);
  }
}
