import { Controller, Get, Post, Query, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type Response } from 'express';
import { z } from 'zod';
import { Me, type AuthRequest, type SignedInUser } from '../auth/index.js';
import { clock } from '../platform/clock.js';
import { Can, Targets } from '../platform/http/access.js';
import { attempt } from '../platform/http/form.js';
import { id as idText, parse } from '../platform/http/parse.js';
import { type Refusal } from '../platform/http/problem.js';
import { Reply } from '../platform/http/reply.js';
import { Target } from '../platform/http/target.guard.js';
import { dayOf } from '../tenancy/index.js';
import { findParticipants, participantById } from './find-participants.query.js';
import { MergeInto, MergeParticipants } from './merge-participants.js';
import { previewMerge } from './merge-preview.query.js';
import { refuseMerged } from './merged-page.js';
import { ownGroupsOf } from './own-groups.js';
import { groupsOfParticipants } from './participant-groups.query.js';
import { Participant } from './participant.entity.js';

const MergeQuery = z.object({
  q: z.string().trim().max(200).catch(''),
  into: idText.optional().catch(undefined),
});

/** More than this a search for the other record does not show: a narrower search does. */
const FOUND = 20;

/** Pages: two records of one person become one. First the other one is looked for, then everything is shown, then asked. */
@Controller('participants')
export class MergePages {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
    private readonly reply: Reply,
  ) {}

  @Can('participant.manage')
  @Targets({ id: Participant })
  @Get(':id/merge')
  async show(
    @Target('id') record: Participant,
    @Req() request: AuthRequest,
    @Me() me: SignedInUser,
    @Query() query: unknown,
  ) {
    refuseMerged(record, '');
    return this.page(record, request, me, MergeQuery.parse(query));
  }

  @Can('participant.manage')
  @Targets({ id: Participant })
  @Post(':id/merge')
  async merge(
    @Target('id') record: Participant,
    @Req() request: AuthRequest,
    @Res() response: Response,
    @Me() me: SignedInUser,
  ) {
    const done = await attempt(async () => {
      const { into_id } = parse(MergeInto, { into_id: request.body?.into_id });
      await this.bus.execute(new MergeParticipants(record.id, into_id));
      return into_id;
    });
    if (!done.refusals) return response.redirect(303, `/participants/${done.value}?done=merged`);
    refuseMerged(await this.em.refreshOrFail(record), '');
    const query = MergeQuery.parse({ into: request.body?.into_id });
    response
      .status(done.status)
      .type('html')
      .send(await this.page(record, request, me, query, done.refusals));
  }

  private async page(
    record: Participant,
    request: AuthRequest,
    me: SignedInUser,
    query: z.output<typeof MergeQuery>,
    refusals: Refusal[] | null = null,
  ) {
    const scope = { own: ownGroupsOf(me), today: dayOf(clock.now(), me.organization.timeZone) };
    const person = await participantById(this.em, record.id);
    const known = query.into !== undefined && query.into !== record.id;
    const into = known && (await this.em.findOne(Participant, { id: query.into, mergedInto: null }));
    const survivor = into ? await participantById(this.em, into.id) : null;
    // Without a search, whoever has the same name is most likely the same person.
    const q = query.q || `${person.first_name} ${person.last_name}`;
    const found = await findParticipants(this.em, { q, is_active: true }, { page: 1, per_page: FOUND }, scope, 'name');
    const others = found.data.filter(({ id }) => id !== person.id);
    const groups = await groupsOfParticipants(
      this.em,
      others.map(({ id }) => id),
      scope,
    );
    const data = {
      person,
      survivor,
      preview: survivor && (await previewMerge(this.em, person, survivor)),
      others: others.map((each) => ({ ...each, groups: groups.get(each.id) ?? [] })),
      more: found.meta.next !== null,
      query,
      // It is about nobody's field: the form only names the other record.
      refusals: refusals && refusals.map(({ code, message, params }) => ({ code, message, params })),
    };
    return this.reply.render('participants/merge.njk', data, request);
  }
}
