import { Controller, Get, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type Response } from 'express';
import { z } from 'zod';
import { Me, type AuthRequest, type SignedInUser } from '../../auth/index.js';
import { Can, Targets } from '../../platform/http/access.js';
import { uuid } from '../../platform/http/parse.js';
import { Reply } from '../../platform/http/reply.js';
import { Target } from '../../platform/http/target.guard.js';
import { statesOf } from '../../presence/index.js';
import { boundsOf } from '../../tenancy/index.js';
import { RetryDelivery } from '../parked/retry-delivery.js';
import { SyncHistory } from '../sync-history.entity.js';
import { type OpResult } from '../wire.js';
import {
  broughtBy,
  deliveriesOf,
  deliveryById,
  DELIVERY_STATUSES,
  LOOKED_AT,
  operationsOf,
} from './deliveries.query.js';

const day = z.iso
  .date()
  .refine((value) => value >= '1900-01-02' && value < '2199-12-30')
  .optional()
  .catch(undefined);

const ListQuery = z.object({
  page: z.coerce.number().int().min(1).max(100_000).catch(1),
  status: z.enum(DELIVERY_STATUSES).optional().catch(undefined),
  device: uuid.optional().catch(undefined),
  show: z.enum(['all']).optional().catch(undefined),
  from: day,
  to: day,
});
const OneQuery = z.object({
  done: z.string().max(20).catch(''),
  count: z.coerce.number().int().min(0).max(1_000_000).catch(0),
});

const PER_PAGE = 50;

/** Pages: what devices brought, delivery by delivery. */
@Controller('sync-history')
export class DeliveriesPages {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
    private readonly reply: Reply,
  ) {}

  @Can('conflict.resolve')
  @Get()
  async list(@Query() input: unknown, @Req() request: AuthRequest, @Me() me: SignedInUser) {
    const query = ListQuery.parse(input);
    const bounds = (at: string) => boundsOf(at, me.organization.timeZone);
    const filter = {
      status: query.status,
      device_id: query.device,
      from: query.from ? bounds(query.from).from : undefined,
      to: query.to ? bounds(query.to).to : undefined,
      notable: query.show !== 'all',
    };
    const { data, meta, looked } = await deliveriesOf(
      this.em,
      filter,
      { page: query.page, per_page: PER_PAGE },
      'newest',
    );
    return this.reply.render(
      'sync/history.njk',
      {
        deliveries: data,
        brought: Object.fromEntries(
          await broughtBy(
            this.em,
            data.map(({ id }) => id),
          ),
        ),
        meta,
        query,
        statuses: DELIVERY_STATUSES,
        looked_at: filter.notable && looked >= LOOKED_AT ? LOOKED_AT : null,
      },
      request,
    );
  }

  @Can('conflict.resolve')
  @Targets({ id: SyncHistory })
  @Get(':id')
  async one(@Target('id') history: SyncHistory, @Query() input: unknown, @Req() request: AuthRequest) {
    const { done, count } = OneQuery.parse(input);
    const delivery = await deliveryById(this.em, history.id);
    const states = await statesOf(this.em);
    const data = {
      delivery,
      brought: (await broughtBy(this.em, [history.id])).get(history.id),
      operations: await operationsOf(this.em, history.id),
      states: Object.fromEntries(states.map((state) => [state.code, state])),
      notice:
        done === 'retried'
          ? {
              kind: 'done',
              text:
                count > 0
                  ? 'Tried again: {count} no longer wait.'
                  : 'Nothing changed: what waits here still waits for the same thing.',
              params: { count },
            }
          : null,
    };
    return this.reply.render('sync/delivery.njk', data, request);
  }

  @Can('conflict.resolve')
  @Targets({ id: SyncHistory })
  @Post(':id/retry')
  @HttpCode(303)
  async retry(@Target('id') history: SyncHistory, @Res() response: Response) {
    const changed = await this.bus.execute<RetryDelivery, OpResult[]>(new RetryDelivery(history.id));
    response.redirect(303, `/sync-history/${history.id}?done=retried&count=${changed.length}`);
  }
}
