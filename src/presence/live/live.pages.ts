import { Controller, type MessageEvent, Get, Query, Req, Res, Sse } from '@nestjs/common';
import { EntityManager } from '@mikro-orm/core';
import { type Response } from 'express';
import { interval, map, merge, type Observable, takeUntil, timer } from 'rxjs';
import { z } from 'zod';
import { Me, type AuthRequest, type SignedInUser } from '../../auth/index.js';
import { inOwnGroups, ownGroupsOf, ownGroupsParameters } from '../../participants/index.js';
import { Can, Targets } from '../../platform/http/access.js';
import { read } from '../../platform/database/read.js';
import { isFragment } from '../../platform/http/request.js';
import { Target } from '../../platform/http/target.guard.js';
import { Session } from '../../sessions/index.js';
import { RollCallPage } from '../roll-call-page.js';
import { LiveRegisters } from './live-registers.js';

/** Registers that one browser may have open at once. */
const MOST_SESSIONS = 20;
/** A stream ends after this, and the browser opens the next: whoever was signed out since is not told any more. ms */
const LIFE_MS = 5 * 60_000;
/** A line without meaning now and then, so that nothing between takes the silence for an end. ms */
const PING_MS = 20_000;

/** `1,2,3`; what cannot be read counts as nobody. */
const ids = z
  .string()
  .max(8_000)
  .regex(/^\d{1,15}(,\d{1,15})*$/)
  .transform((value) => value.split(',').map(Number))
  .catch([]);
const LiveQuery = z.object({ sessions: ids });
const RowsQuery = z.object({ people: ids.optional() });

/** What others mark appears on an open roll call. */
@Controller()
export class LivePages {
  constructor(
    private readonly em: EntityManager,
    private readonly page: RollCallPage,
    private readonly registers: LiveRegisters,
  ) {}

  /** Server-sent events `register`, each {session, people: [participant]}; nobody named means the session itself. */
  @Can('roster.view')
  @Sse('api/live')
  async live(@Query() query: unknown, @Me() me: SignedInUser): Promise<Observable<MessageEvent>> {
    const { sessions } = LiveQuery.parse(query ?? {});
    const seen = await this.visible(sessions.slice(0, MOST_SESSIONS), me);
    let number = 0;
    // Each message has an id of ours: a number that Nest makes up would count for the next stream, too.
    const told = this.registers
      .changes(me.organization.id, seen)
      .pipe(map((change): MessageEvent => ({ id: String(++number), type: 'register', data: change, retry: 1000 })));
    const pings = merge(timer(0), interval(PING_MS)).pipe(map(() => ({ comment: 'ping' }) as unknown as MessageEvent));
    return merge(told, pings).pipe(takeUntil(timer(LIFE_MS)));
  }

  /** Rows of a register as they are now, with the tally and the head: a fragment that the page lays into its place. */
  @Can('roster.view')
  @Targets({ id: Session })
  @Get('sessions/:id/rows')
  async rows(
    @Target('id') session: Session,
    @Me() me: SignedInUser,
    @Req() request: AuthRequest,
    @Res() response: Response,
  ) {
    // Nobody reads a fragment by itself.
    if (!isFragment(request)) return response.redirect(303, `/sessions/${session.id}`);
    const { people } = RowsQuery.parse(request.query);
    response.type('html').send(await this.page.freshRows(session, me, request, people));
  }

  /** @returns those of the sessions that he may see; others are passed over, as if they were not there */
  private async visible(sessions: number[], me: SignedInUser): Promise<number[]> {
    if (sessions.length === 0) return [];
    const own = ownGroupsOf(me);
    const rows = await read<{ id: number }>(
      this.em,
      `select s.id from sessions s
        where s.organization_id = :organization and s.id in (:sessions) and ${inOwnGroups(own, 's.group_id')}`,
      { sessions, ...ownGroupsParameters(own) },
    );
    return rows.map((row) => Number(row.id));
  }
}
