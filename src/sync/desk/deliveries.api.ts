import { Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Me, type SignedInUser } from '../../auth/index.js';
import { Can, Targets } from '../../platform/http/access.js';
import { Answers, AnswersBody, AnswersPage } from '../../platform/http/answers.js';
import { pagingFields } from '../../platform/http/paging.js';
import { told, uuid } from '../../platform/http/parse.js';
import { rangeFields, rangeOf } from '../../platform/http/range.js';
import { Target } from '../../platform/http/target.guard.js';
import { boundsOf } from '../../tenancy/index.js';
import { RetryDelivery } from '../parked/retry-delivery.js';
import { SyncHistory } from '../sync-history.entity.js';
import { type OpResult } from '../wire.js';
import {
  deliveredJson,
  deliveriesOf,
  deliveryById,
  deliveryJson,
  DELIVERY_STATUSES,
  operationsOf,
} from './deliveries.query.js';
import { DeliveryOut, RetriedOut, WholeDeliveryOut } from './desk-answers.js';

const filters = z.object({
  ...pagingFields,
  ...rangeFields,
  device_id: uuid.optional(),
  status: z.enum(DELIVERY_STATUSES, { error: told('Choose receiving, done or incomplete.') }).optional(),
});

/** REST: what devices brought, delivery by delivery. Times compare with the time of arrival. */
@ApiTags('sync')
@Controller('api/admin/sync-history')
export class DeliveriesApi {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
  ) {}

  @Can('conflict.resolve')
  @AnswersPage(DeliveryOut)
  @Get()
  async list(@Query({ schema: filters }) query: z.output<typeof filters>, @Me() me: SignedInUser) {
    const range = rangeOf(query, (day) => boundsOf(day, me.organization.timeZone));
    const { data, meta } = await deliveriesOf(this.em, { ...query, ...range }, query);
    return { data: data.map(deliveryJson), meta };
  }

  @Can('conflict.resolve')
  @Targets({ id: SyncHistory })
  @Answers(WholeDeliveryOut)
  @Get(':id')
  async one(@Target('id') history: SyncHistory) {
    return { data: await this.json(history.id) };
  }

  /** Judges the parked operations of this delivery again. */
  @Can('conflict.resolve')
  @Targets({ id: SyncHistory })
  @AnswersBody(RetriedOut)
  @HttpCode(200)
  @Post(':id/retry')
  async retry(@Target('id') history: SyncHistory) {
    const results = await this.bus.execute<RetryDelivery, OpResult[]>(new RetryDelivery(history.id));
    return { data: await this.json(history.id), results };
  }

  private async json(id: number) {
    const delivery = await deliveryById(this.em, id);
    const operations = await operationsOf(this.em, id);
    return { ...deliveryJson(delivery!), results: operations.map(deliveredJson) };
  }
}
