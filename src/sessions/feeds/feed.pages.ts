import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import { EntityManager, MikroORM } from '@mikro-orm/core';
import { type Response } from 'express';
import { ownGroupsOf } from '../../participants/index.js';
import { clock } from '../../platform/clock.js';
import { type Config } from '../../platform/config.js';
import { inOrganization } from '../../platform/database/in-organization.js';
import { findLocked } from '../../platform/database/locked.js';
import { type Orm } from '../../platform/database/orm.js';
import { transact } from '../../platform/database/transaction.js';
import { Public, Targets } from '../../platform/http/access.js';
import { notFound } from '../../platform/http/problem.js';
import { type AppRequest } from '../../platform/http/request.js';
import { sha256 } from '../../platform/text.js';
import { CalendarFeed } from '../calendar-feed.entity.js';
import { calendarText } from './calendar-text.js';
import { addressOf } from './feed-address.js';
import { feedByToken, type OpenFeed } from './feed-by-token.js';
import { feedEvents } from './feed-events.query.js';

/** When a feed was last read is noted at most so often. */
const NOTED_MS = 3_600_000;

/** What a calendar program reads: whoever knows the address is let in, and sees what its user may see now. */
@Controller('calendar')
export class FeedPages {
  constructor(
    private readonly em: EntityManager,
    @Inject(MikroORM) private readonly orm: Orm,
    @Inject('config') private readonly config: Config,
  ) {}

  @Public()
  @Targets({ token: null })
  @Get(':token.ics')
  async read(@Param('token') token: string, @Req() request: AppRequest, @Res() response: Response) {
    const feed = await feedByToken(this.em, token);
    if (!feed) throw notFound();
    const { user } = feed;
    const who = {
      organizationId: user.organization.id,
      userId: user.id,
      source: 'api',
      requestId: request.requestId,
    } as const;
    const events = await inOrganization(this.orm, who, async (em) => {
      await noteUse(em, feed);
      return feedEvents(em, ownGroupsOf(user), feed.group, clock.now());
    });
    const text = calendarText(events, { name: user.organization.name, address: addressOf(request, this.config) });
    response.setHeader('Cache-Control', 'private, no-cache');
    const etag = `"${sha256(text).slice(0, 32)}"`;
    response.setHeader('ETag', etag);
    // Asked even where the request says no-cache: that is about caches on the way.
    if (request.headers['if-none-match']?.includes(etag)) return response.status(304).end();
    response.setHeader('Content-Disposition', 'inline; filename="calendar.ics"');
    return response.type('text/calendar').send(text);
  }
}

async function noteUse(em: EntityManager, feed: OpenFeed): Promise<void> {
  const now = clock.now();
  if (feed.lastUsedAt && now.getTime() - feed.lastUsedAt.getTime() < NOTED_MS) return;
  await transact(em, 'calendar_feed.read', async (tx) => {
    (await findLocked(tx, CalendarFeed, feed.id)).lastUsedAt = now;
    await tx.flush();
  });
}
