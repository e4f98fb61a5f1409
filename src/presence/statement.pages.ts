import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { EntityManager } from '@mikro-orm/core';
import { type Response } from 'express';
import { z } from 'zod';
import { Me, MyReach, type AuthRequest, type Reach, type SignedInUser } from '../auth/index.js';
import { ownGroupsOf, Participant, refuseMerged } from '../participants/index.js';
import { Can, Targets } from '../platform/http/access.js';
import { pagingFields } from '../platform/http/paging.js';
import { notFound } from '../platform/http/problem.js';
import { Reply } from '../platform/http/reply.js';
import { Target } from '../platform/http/target.guard.js';
import { latenessRule } from './lateness.js';
import { marksByCategory, rateOf, statementOf } from './statement.query.js';

const Page = z.object({ page: pagingFields.page });
const LINES = 50;

/** The marks of one person on a page: for whoever may see his groups, and for himself. */
@Controller('participants/:id/presence')
export class StatementPages {
  constructor(
    private readonly em: EntityManager,
    private readonly reply: Reply,
  ) {}

  @Can('presence.history', { own: true })
  @Targets({ id: Participant })
  @Get()
  async statement(
    @Target('id') participant: Participant,
    @Query({ schema: Page }) { page }: z.output<typeof Page>,
    @Me() me: SignedInUser,
    @MyReach() reach: Reach,
    @Req() request: AuthRequest,
    @Res() response: Response,
  ) {
    if (reach === 'own' && (participant.mergedInto ?? participant.id) !== me.participantId) throw notFound();
    refuseMerged(participant, '/presence');
    const own = ownGroupsOf(me);
    const lines = await statementOf(
      this.em,
      participant.id,
      own,
      (page - 1) * LINES,
      LINES + 1,
      await latenessRule(this.em, me.organization),
    );
    const { marks, disputed } = await marksByCategory(this.em, participant.id, own);
    const rate = rateOf(marks);
    const data = {
      participant: { id: participant.id, name: participant.name, identifier: participant.identifier },
      lines: lines.slice(0, LINES),
      marks,
      disputed,
      rate: rate === null ? null : Math.round(rate * 1000) / 10,
      page,
      has_more: lines.length > LINES,
      is_own: reach === 'own',
    };
    response.type('html').send(this.reply.render('presence/statement.njk', data, request));
  }
}
