import { randomBytes } from 'node:crypto';
import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { Inject } from '@nestjs/common';
import { EntityManager } from '@mikro-orm/core';
import { type Config } from '../../platform/config.js';
import { findLocked } from '../../platform/database/locked.js';
import { transact } from '../../platform/database/transaction.js';
import { refuseChanged } from '../../platform/http/etag.js';
import { invalid } from '../../platform/http/problem.js';
import { refusePrivateAddress } from './addresses.js';
import { webhookJson } from './webhook-json.js';
import { type NewWebhook, type WebhookChange } from './webhook-input.js';
import { Webhook } from './webhook.entity.js';

/** Addresses of one organization. */
const MOST = 20;

const SAME =
  'There is a webhook of this name for this address already. If its key is lost, make a new one on its page.';

/** An address is told of facts from now on. @returns its id, and the key of its signatures, which is told only now */
export class CreateWebhook implements ICommand {
  constructor(readonly input: NewWebhook) {}
}

/** @returns the new key if one was asked for, else null @throws Problem 412, 422 */
export class ChangeWebhook implements ICommand {
  constructor(
    readonly id: number,
    readonly input: WebhookChange,
    readonly expected: string | null = null,
  ) {}
}

/** 32 random bytes, as the Standard Webhooks write them. @see https://www.standardwebhooks.com */
const newSecret = () => `whsec_${randomBytes(32).toString('base64')}`;

@CommandHandler(CreateWebhook)
export class CreateWebhookHandler implements ICommandHandler<CreateWebhook, { id: number; secret: string }> {
  constructor(
    private readonly em: EntityManager,
    @Inject('config') private readonly config: Config,
  ) {}

  async execute({ input }: CreateWebhook): Promise<{ id: number; secret: string }> {
    await refusePrivateAddress(input.url, this.config);
    return transact(this.em, 'webhook.created', async (tx) => {
      if ((await tx.count(Webhook, { isActive: true })) >= MOST)
        throw invalid('url', 'At most {max} webhooks can be active. Switch one off first.', 'invalid', { max: MOST });
      // A form that is sent again must not make a second one, with another key than the one that was just copied.
      if ((await tx.count(Webhook, { isActive: true, url: input.url, name: input.name })) > 0)
        throw invalid('name', SAME, 'taken');
      const webhook = tx.create(Webhook, { ...input, secret: newSecret(), isActive: true });
      await tx.flush();
      return { id: webhook.id, secret: webhook.secret };
    });
  }
}

@CommandHandler(ChangeWebhook)
export class ChangeWebhookHandler implements ICommandHandler<ChangeWebhook, string | null> {
  constructor(
    private readonly em: EntityManager,
    @Inject('config') private readonly config: Config,
  ) {}

  async execute({ id, input, expected }: ChangeWebhook): Promise<string | null> {
    if (input.url !== undefined) await refusePrivateAddress(input.url, this.config);
    return transact(this.em, 'webhook.changed', async (tx) => {
      const webhook = await findLocked(tx, Webhook, id);
      refuseChanged(expected, webhookJson(webhook));
      if (input.name !== undefined) webhook.name = input.name;
      if (input.url !== undefined) webhook.url = input.url;
      if (input.facts !== undefined) webhook.facts = input.facts;
      if (input.is_active !== undefined) webhook.isActive = input.is_active;
      if (input.rotate_secret) webhook.secret = newSecret();
      await tx.flush();
      return input.rotate_secret ? webhook.secret : null;
    });
  }
}
