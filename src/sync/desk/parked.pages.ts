import { Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type Response } from 'express';
import { z } from 'zod';
import { Me, type AuthRequest, type SignedInUser } from '../../auth/index.js';
import { Can } from '../../platform/http/access.js';
import { attempt } from '../../platform/http/form.js';
import { id as idText, uuid } from '../../platform/http/parse.js';
import { Problem, type Refusal } from '../../platform/http/problem.js';
import { Reply } from '../../platform/http/reply.js';
import { entryOf } from '../../platform/text.js';
import { statesOf } from '../../presence/index.js';
import { attentionOf } from './attention.js';
import { parkedDecisionOf, tickedIn, typed } from './desk-form.js';
import { movedTo, parkedOf, PARKED_STATUSES, type Parked } from './parked.query.js';
import { settleParked } from './settle-parked.js';

const ListQuery = z.object({
  page: z.coerce.number().int().min(1).max(100_000).catch(1),
  status: z.enum(PARKED_STATUSES).catch('waiting'),
  device: uuid.optional().catch(undefined),
  author: idText.optional().catch(undefined),
  done: z.string().max(20).catch(''),
  count: z.coerce.number().int().min(0).max(1_000_000).catch(0),
});
type ListQuery = z.output<typeof ListQuery>;

const PER_PAGE = 100;

/** Pages: marks that arrived and could not be applied. A person lets them count, or not. */
@Controller('parked')
export class ParkedPages {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
    private readonly reply: Reply,
  ) {}

  @Can('conflict.resolve')
  @Get()
  async list(@Query() query: unknown, @Req() request: AuthRequest, @Me() me: SignedInUser) {
    return this.listPage(request, me, ListQuery.parse(query));
  }

  /** Adopts or discards what was ticked, one after the other: what cannot be is told, the others are done. */
  @Can('conflict.resolve')
  @Post()
  @HttpCode(200)
  async settle(@Req() request: AuthRequest, @Res() response: Response, @Me() me: SignedInUser) {
    const query = ListQuery.parse(request.query);
    const failed = new Map<string, Refusal>();
    const done = await attempt(async () => {
      const { ops, act, reason } = parkedDecisionOf(request.body);
      for (const opId of ops)
        try {
          await settleParked(this.bus, this.em, { opId, act, reason }, me);
        } catch (error) {
          if (!(error instanceof Problem)) throw error;
          failed.set(opId, error.refusals[0]!);
        }
      return { act, count: ops.length - failed.size };
    });
    const refused = { values: typed(request.body), ticked: [...tickedIn(request.body, 'ops')] };
    if (done.refusals) {
      const page = await this.listPage(request, me, query, { ...refused, refusals: done.refusals });
      response.status(done.status).type('html').send(page);
      return;
    }
    const { act, count } = done.value;
    const told = `done=${act === 'adopt' ? 'adopted' : 'discarded'}&count=${count}`;
    if (failed.size === 0) return response.redirect(303, `/parked?${told}`);
    const notice = {
      kind: 'problem' as const,
      text: '{count} settled, {left} could not be: the reason stands with each.',
      params: { count, left: failed.size },
    };
    const page = await this.listPage(request, me, query, { ...refused, failed: Object.fromEntries(failed), notice });
    response.status(409).type('html').send(page);
  }

  private async listPage(
    request: AuthRequest,
    me: SignedInUser,
    query: ListQuery,
    more: Record<string, unknown> = {},
  ): Promise<string> {
    const filter = { status: query.status, device_id: query.device, author_id: query.author };
    const { data, meta } = await parkedOf(this.em, filter, { page: query.page, per_page: PER_PAGE });
    const there = await movedTo(this.em, data, me.organization.timeZone);
    const states = await statesOf(this.em);
    const text = entryOf(NOTICES, query.done);
    return this.reply.render(
      'sync/parked.njk',
      {
        groups: groupsOf(data, query.author !== undefined),
        there: Object.fromEntries(there),
        meta,
        query,
        statuses: PARKED_STATUSES,
        waiting: request.counts ?? (await attentionOf(this.em)),
        states: Object.fromEntries(states.map((state) => [state.code, state])),
        notice: text ? { kind: 'done', text, params: { count: query.count } } : null,
        ...more,
      },
      request,
    );
  }
}

const NOTICES: Record<string, string> = {
  adopted: '{count} taken in.',
  discarded: '{count} discarded. They are kept with the reason.',
};

/**
 * What one author left of one session for the same reason belongs together, and can be decided in one go; where only one
 * author is asked for, all that he left for the same reason.
 */
function groupsOf(parked: Parked[], oneAuthor: boolean) {
  const groups = new Map<string, { key: string; first: Parked; items: Parked[] }>();
  for (const each of parked) {
    const key = `${each.author.id} ${oneAuthor ? '' : (each.session?.id ?? 0)} ${each.code ?? ''}`;
    const group = groups.get(key) ?? { key, first: each, items: [] };
    group.items.push(each);
    groups.set(key, group);
  }
  return [...groups.values()];
}
