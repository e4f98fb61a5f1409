import { Body, Controller, Delete, Get, Inject, Post, Req } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { ApiTags } from '@nestjs/swagger';
import { Me, type AuthRequest, type SignedInUser } from '../../auth/index.js';
import { ownGroupsOf } from '../../participants/index.js';
import { type Config } from '../../platform/config.js';
import { Can, Targets } from '../../platform/http/access.js';
import { Answers, AnswersPage } from '../../platform/http/answers.js';
import { FeedOut, NewFeedOut } from '../session-answers.js';
import { notFound } from '../../platform/http/problem.js';
import { Target } from '../../platform/http/target.guard.js';
import { CalendarFeed } from '../calendar-feed.entity.js';
import { feedAddress } from './feed-address.js';
import { CreateFeed, type MadeFeed, NewFeed, RevokeFeed } from './keep-feed.js';
import { ownFeeds } from './own-feeds.query.js';

const feedJson = (feed: { id: number; group_id: number | null; created_at: Date; last_used_at: Date | null }) => ({
  id: feed.id,
  group_id: feed.group_id,
  last_used_at: feed.last_used_at?.toISOString() ?? null,
  created_at: feed.created_at.toISOString(),
});

/** REST: the private addresses of one's own calendar. `address` is told once, when it is made. */
@ApiTags('sessions')
@Controller('api/calendar-feeds')
export class FeedsApi {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
    @Inject('config') private readonly config: Config,
  ) {}

  @Can('roster.view')
  @AnswersPage(FeedOut)
  @Get()
  async list(@Me() me: SignedInUser) {
    const data = (await ownFeeds(this.em, me.id)).map(feedJson);
    return { data, meta: { page: 1, per_page: 100, total: data.length, next: null } };
  }

  @Can('roster.view')
  @Answers(NewFeedOut, 201)
  @Post()
  async create(@Body({ schema: NewFeed }) input: NewFeed, @Req() request: AuthRequest, @Me() me: SignedInUser) {
    const made = await this.bus.execute<CreateFeed, MadeFeed>(new CreateFeed(input, ownGroupsOf(me)));
    const feed = (await ownFeeds(this.em, me.id)).find((each) => each.id === made.id)!;
    return { data: { ...feedJson(feed), address: feedAddress(made.token, request, this.config) } };
  }

  @Can('roster.view')
  @Targets({ id: CalendarFeed })
  @Answers(FeedOut)
  @Delete(':id')
  async revoke(@Target('id') feed: CalendarFeed, @Me() me: SignedInUser) {
    if (feed.user !== me.id) throw notFound();
    await this.bus.execute(new RevokeFeed(feed.id));
    const { id, createdAt, lastUsedAt } = feed;
    return {
      data: feedJson({ id, group_id: feed.group ?? null, created_at: createdAt, last_used_at: lastUsedAt ?? null }),
    };
  }
}
