import { Body, Controller, Delete, Get, HttpCode, Post, Put, Query } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Can, Targets } from '../../platform/http/access.js';
import { IfMatch, Tagged } from '../../platform/http/etag.js';
import { Answers, AnswersPage } from '../../platform/http/answers.js';
import { DeliveryOut, WebhookOut, WebhookWithSecretOut } from './webhook-answers.js';
import { pagingFields } from '../../platform/http/paging.js';
import { Target } from '../../platform/http/target.guard.js';
import { findDeliveries } from './find-deliveries.query.js';
import { ChangeWebhook, CreateWebhook } from './keep-webhook.js';
import { ResendDelivery, SendTest } from './resend-delivery.js';
import { WebhookDelivery } from './webhook-delivery.entity.js';
import { NewWebhook, WebhookChange } from './webhook-input.js';
import { deliveryJson, webhookJson } from './webhook-json.js';
import { Webhook } from './webhook.entity.js';

const filters = z.object({
  ...pagingFields,
  status: z.enum(['waiting', 'delivered', 'failed'], { error: 'Choose waiting, delivered or failed.' }).optional(),
});

/** REST: addresses of other programs that are told what happens here. */
@ApiTags('webhooks')
@Controller('api/admin')
export class WebhooksApi {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
  ) {}

  @Can('organization.configure')
  @Answers(z.array(WebhookOut))
  @Get('webhooks')
  async list() {
    const webhooks = await this.em.find(Webhook, {}, { orderBy: { id: 'asc' }, limit: 500 });
    return { data: webhooks.map(webhookJson) };
  }

  /** The answer alone carries the secret: the key of the signatures. */
  @Can('organization.configure')
  @Answers(WebhookWithSecretOut, 201)
  @Post('webhooks')
  async create(@Body({ schema: NewWebhook }) input: NewWebhook) {
    const { id, secret } = await this.bus.execute<CreateWebhook, { id: number; secret: string }>(
      new CreateWebhook(input),
    );
    return { data: { ...(await this.one(id)), secret } };
  }

  @Can('organization.configure')
  @Tagged()
  @Targets({ id: Webhook })
  @Answers(WebhookOut)
  @Get('webhooks/:id')
  get(@Target('id') webhook: Webhook) {
    return { data: webhookJson(webhook) };
  }

  /** With rotate_secret the answer carries the new secret. */
  @Can('organization.configure')
  @Targets({ id: Webhook })
  @Answers(WebhookWithSecretOut)
  @Put('webhooks/:id')
  async change(
    @Target('id') { id }: Webhook,
    @Body({ schema: WebhookChange }) input: WebhookChange,
    @IfMatch() expected: string | null,
  ) {
    const secret = await this.bus.execute<ChangeWebhook, string | null>(new ChangeWebhook(id, input, expected));
    return { data: { ...(await this.one(id)), ...(secret ? { secret } : {}) } };
  }

  /** It is told nothing any more; what it was told stays in its log. */
  @Can('organization.configure')
  @Targets({ id: Webhook })
  @Answers(WebhookOut)
  @Delete('webhooks/:id')
  async deactivate(@Target('id') { id }: Webhook, @IfMatch() expected: string | null) {
    await this.bus.execute(new ChangeWebhook(id, { is_active: false }, expected));
    return { data: await this.one(id) };
  }

  @Can('organization.configure')
  @Targets({ id: Webhook })
  @Answers(DeliveryOut, 202)
  @Post('webhooks/:id/test')
  @HttpCode(202)
  async test(@Target('id') { id }: Webhook) {
    const delivery = await this.bus.execute<SendTest, number>(new SendTest(id));
    return { data: deliveryJson(await this.em.findOneOrFail(WebhookDelivery, { id: delivery })) };
  }

  @Can('organization.configure')
  @Targets({ id: Webhook })
  @AnswersPage(DeliveryOut)
  @Get('webhooks/:id/deliveries')
  async deliveries(@Target('id') { id }: Webhook, @Query({ schema: filters }) query: z.output<typeof filters>) {
    return findDeliveries(this.em, { webhook: id, status: query.status }, query);
  }

  @Can('organization.configure')
  @Targets({ id: WebhookDelivery })
  @Answers(DeliveryOut, 202)
  @Post('webhook-deliveries/:id/resend')
  @HttpCode(202)
  async resend(@Target('id') { id }: WebhookDelivery) {
    await this.bus.execute(new ResendDelivery(id));
    return { data: deliveryJson(await this.em.findOneOrFail(WebhookDelivery, { id }, { refresh: true })) };
  }

  private async one(id: number) {
    return webhookJson(await this.em.findOneOrFail(Webhook, { id }, { refresh: true }));
  }
}
