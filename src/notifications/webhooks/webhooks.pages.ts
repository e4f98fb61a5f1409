import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type Response } from 'express';
import { z } from 'zod';
import { type AuthRequest } from '../../auth/index.js';
import { Can, Targets } from '../../platform/http/access.js';
import { attempt } from '../../platform/http/form.js';
import { parse } from '../../platform/http/parse.js';
import { type Refusal } from '../../platform/http/problem.js';
import { Reply } from '../../platform/http/reply.js';
import { Target } from '../../platform/http/target.guard.js';
import { entryOf } from '../../platform/text.js';
import { findDeliveries, troubleOf } from './find-deliveries.query.js';
import { ChangeWebhook, CreateWebhook } from './keep-webhook.js';
import { ResendDelivery, SendTest } from './resend-delivery.js';
import { WebhookDelivery } from './webhook-delivery.entity.js';
import { NewWebhook, WebhookChange } from './webhook-input.js';
import { webhookJson } from './webhook-json.js';
import { Webhook, WEBHOOK_FACTS } from './webhook.entity.js';

type Form = Record<string, unknown>;
const PER_PAGE = 50;
const ShowQuery = z.object({
  page: z.coerce.number().int().min(1).max(10_000).catch(1),
  status: z.enum(['waiting', 'delivered', 'failed']).optional().catch(undefined),
});

/** What each fact means, in words. */
const MEANINGS: Record<(typeof WEBHOOK_FACTS)[number], { meaning: string }> = {
  'presence.recorded': { meaning: 'Somebody was marked' },
  'presence.corrected': { meaning: 'A mark was corrected, decided or taken back' },
  'session.ended': { meaning: 'One of the {sessions} has ended' },
};

/** Pages: addresses of other programs that are told what happens here. */
@Controller('settings/webhooks')
export class WebhooksPages {
  constructor(
    private readonly bus: CommandBus,
    private readonly em: EntityManager,
    private readonly reply: Reply,
  ) {}

  @Can('organization.configure')
  @Get()
  async list(@Req() request: AuthRequest) {
    const webhooks = await this.em.find(Webhook, {}, { orderBy: { isActive: 'desc', id: 'asc' }, limit: 200 });
    const trouble = await troubleOf(this.em);
    const data = { webhooks: webhooks.map((each) => ({ ...webhookJson(each), ...trouble.get(each.id) })) };
    return this.reply.render('settings/webhooks.njk', data, request);
  }

  @Can('organization.configure')
  @Get('new')
  new(@Req() request: AuthRequest) {
    return this.form(request, { facts: [...WEBHOOK_FACTS] });
  }

  @Can('organization.configure')
  @Post('new')
  async create(@Req() request: AuthRequest, @Res() response: Response) {
    const input = typed(request.body);
    const done = await attempt(() =>
      this.bus.execute<CreateWebhook, { id: number; secret: string }>(new CreateWebhook(parse(NewWebhook, input))),
    );
    if (done.refusals) return this.answer(response, done.status, this.form(request, input, done.refusals));
    const webhook = await this.em.findOneOrFail(Webhook, { id: done.value.id });
    return this.answer(response, 200, this.show(webhook, request, { secret: done.value.secret }));
  }

  @Can('organization.configure')
  @Targets({ id: Webhook })
  @Get(':id')
  one(@Target('id') webhook: Webhook, @Req() request: AuthRequest) {
    return this.show(webhook, request);
  }

  @Can('organization.configure')
  @Targets({ id: Webhook })
  @Post(':id')
  async change(@Target('id') webhook: Webhook, @Req() request: AuthRequest, @Res() response: Response) {
    const input = typed(request.body);
    const done = await attempt(() => this.bus.execute(new ChangeWebhook(webhook.id, parse(WebhookChange, input))));
    if (!done.refusals) return response.redirect(303, `/settings/webhooks/${webhook.id}?done=changed`);
    return this.answer(response, done.status, this.show(webhook, request, { values: input, refusals: done.refusals }));
  }

  @Can('organization.configure')
  @Targets({ id: Webhook })
  @Post(':id/secret')
  async rotate(@Target('id') webhook: Webhook, @Req() request: AuthRequest, @Res() response: Response) {
    const secret = await this.bus.execute<ChangeWebhook, string>(
      new ChangeWebhook(webhook.id, { rotate_secret: true }),
    );
    return this.answer(response, 200, this.show(webhook, request, { secret }));
  }

  @Can('organization.configure')
  @Targets({ id: Webhook })
  @Post(':id/deactivate')
  async deactivate(@Target('id') { id }: Webhook, @Res() response: Response) {
    await this.bus.execute(new ChangeWebhook(id, { is_active: false }));
    response.redirect(303, `/settings/webhooks/${id}?done=deactivated`);
  }

  @Can('organization.configure')
  @Targets({ id: Webhook })
  @Post(':id/reactivate')
  async reactivate(@Target('id') { id }: Webhook, @Res() response: Response) {
    await this.bus.execute(new ChangeWebhook(id, { is_active: true }));
    response.redirect(303, `/settings/webhooks/${id}?done=reactivated`);
  }

  @Can('organization.configure')
  @Targets({ id: Webhook })
  @Post(':id/test')
  async test(@Target('id') { id }: Webhook, @Res() response: Response) {
    await this.bus.execute(new SendTest(id));
    response.redirect(303, `/settings/webhooks/${id}?done=tested`);
  }

  @Can('organization.configure')
  @Targets({ id: WebhookDelivery })
  @Post('deliveries/:id/resend')
  async resend(@Target('id') { id, webhook }: WebhookDelivery, @Res() response: Response) {
    await this.bus.execute(new ResendDelivery(id));
    response.redirect(303, `/settings/webhooks/${webhook}?done=resent`);
  }

  private form(request: AuthRequest, values: Form, refusals: Refusal[] = []) {
    return this.reply.render('settings/webhook-new.njk', { values, refusals, facts: factsOf() }, request);
  }

  private async show(
    found: Webhook,
    request: AuthRequest,
    more: { secret?: string; values?: Form; refusals?: Refusal[] } = {},
  ) {
    const webhook = webhookJson(await this.em.findOneOrFail(Webhook, { id: found.id }, { refresh: true }));
    const query = ShowQuery.parse(request.query);
    const paging = { page: query.page, per_page: PER_PAGE };
    const { data: deliveries, meta } = await findDeliveries(
      this.em,
      { webhook: webhook.id, status: query.status },
      paging,
    );
    const data = {
      webhook,
      deliveries: deliveries.map((each) => ({
        ...each,
        at: new Date(each.created_at),
        next_at: each.next_attempt_at && new Date(each.next_attempt_at),
        body: JSON.stringify(each.payload, null, 2),
      })),
      meta,
      query,
      facts: factsOf(),
      values: more.values ?? webhook,
      refusals: more.refusals ?? [],
      secret: more.secret ?? null,
      notice: more.refusals ? null : noticeOf(request, webhook),
    };
    return this.reply.render('settings/webhook.njk', data, request);
  }

  private async answer(response: Response, status: number, page: string | Promise<string>) {
    response
      .status(status)
      .type('html')
      .send(await page);
  }
}

const factsOf = () => WEBHOOK_FACTS.map((fact) => ({ fact, ...MEANINGS[fact] }));

/** A form sends one fact as text, several as a list, and none not at all. */
function typed(body: unknown): Form {
  const { name, url, facts } = (body ?? {}) as Form;
  return { name, url, facts: [facts ?? []].flat() };
}

const NOTICES: Record<string, string> = {
  changed: '{name}: the changes are saved.',
  deactivated: '{name} is told nothing any more. What waits is sent when it is switched on again.',
  reactivated: '{name} is told again.',
  tested: 'A test is on its way. Its answer stands below in a moment.',
  resent: 'It is sent again. The answer stands below in a moment.',
};

function noticeOf(request: AuthRequest, { id, name }: { id: number; name: string }) {
  const done = String(request.query.done ?? '');
  const text = entryOf(NOTICES, done);
  if (!text) return null;
  const undo = done === 'deactivated' ? { action: `/settings/webhooks/${id}/reactivate`, fields: {} } : undefined;
  return { kind: 'done' as const, text, params: { name }, ...(undo ? { undo } : {}) };
}
