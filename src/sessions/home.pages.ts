import { Controller, Get, Req } from '@nestjs/common';
import { EntityManager } from '@mikro-orm/core';
import { Me, reachOf, type AuthRequest, type SignedInUser } from '../auth/index.js';
import { ownGroupsOf, panelsOf } from '../participants/index.js';
import { clock } from '../platform/clock.js';
import { SignedIn } from '../platform/http/access.js';
import { Reply } from '../platform/http/reply.js';
import { today } from './today.query.js';

/** The first page: what is now, what comes next, and what was not looked at yet. */
@Controller()
export class HomePages {
  constructor(
    private readonly em: EntityManager,
    private readonly reply: Reply,
  ) {}

  @SignedIn()
  @Get()
  async home(@Req() request: AuthRequest, @Me() me: SignedInUser) {
    const { timeZone, settings } = me.organization;
    const reach = reachOf(me.role, 'roster.view', settings);
    // Whoever sees only himself has a page about himself.
    if (reach === null || reach === 'own') {
      const own = me.participantId === null ? {} : await panelsOf(this.em, me.participantId, me);
      return this.reply.render('home/own.njk', { name: me.name, ...own }, request);
    }
    const viewer = { own: ownGroupsOf(me), userId: me.id, timeZone };
    return this.reply.render('home/today.njk', { today: await today(this.em, viewer, clock.now()) }, request);
  }
}
