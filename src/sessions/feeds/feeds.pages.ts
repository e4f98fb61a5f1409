import { Controller, Get, Inject, Post, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type Response } from 'express';
import { Me, type AuthRequest, type SignedInUser } from '../../auth/index.js';
import { groupOptions, ownGroupsOf } from '../../participants/index.js';
import { type Config } from '../../platform/config.js';
import { Can, Targets } from '../../platform/http/access.js';
import { attempt } from '../../platform/http/form.js';
import { parse } from '../../platform/http/parse.js';
import { notFound } from '../../platform/http/problem.js';
import { Reply } from '../../platform/http/reply.js';
import { Target } from '../../platform/http/target.guard.js';
import { CalendarFeed } from '../calendar-feed.entity.js';
import { feedAddress } from './feed-address.js';
import { CreateFeed, type MadeFeed, NewFeed, RevokeFeed } from './keep-feed.js';
import { ownFeeds } from './own-feeds.query.js';

/** Pages: the private addresses of one's own calendar. */
@Controller('sessions/feeds')
export class FeedsPages {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
    private readonly reply: Reply,
    @Inject('config') private readonly config: Config,
  ) {}

  @Can('roster.view')
  @Get()
  async list(@Req() request: AuthRequest, @Me() me: SignedInUser) {
    const notice = request.query.done === 'revoked' ? { kind: 'done', text: 'The address leads nowhere now.' } : null;
    return this.page(request, me, { notice });
  }

  /** Answers the page itself, because the address is told this once. */
  @Can('roster.view')
  @Post()
  async create(@Req() request: AuthRequest, @Res() response: Response, @Me() me: SignedInUser) {
    const { group_id } = (request.body ?? {}) as { group_id?: unknown };
    const done = await attempt(() =>
      this.bus.execute<CreateFeed, MadeFeed>(new CreateFeed(parse(NewFeed, { group_id }), ownGroupsOf(me))),
    );
    const data = done.refusals
      ? { values: request.body, refusals: done.refusals }
      : { made: done.value.id, address: feedAddress(done.value.token, request, this.config) };
    const page = await this.page(request, me, data);
    response
      .status(done.refusals ? done.status : 200)
      .type('html')
      .send(page);
  }

  @Can('roster.view')
  @Targets({ id: CalendarFeed })
  @Post(':id/revoke')
  async revoke(@Target('id') feed: CalendarFeed, @Res() response: Response, @Me() me: SignedInUser) {
    if (feed.user !== me.id) throw notFound();
    await this.bus.execute(new RevokeFeed(feed.id));
    response.redirect(303, '/sessions/feeds?done=revoked');
  }

  private async page(request: AuthRequest, me: SignedInUser, data: Record<string, unknown>) {
    const group_options = await groupOptions(this.em, ownGroupsOf(me));
    const feeds = await ownFeeds(this.em, me.id);
    return this.reply.render('sessions/feeds.njk', { feeds, group_options, ...data }, request);
  }
}
