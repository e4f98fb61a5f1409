import { randomUUID } from 'node:crypto';
import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { clock } from '../../platform/clock.js';
import { findLocked } from '../../platform/database/locked.js';
import { transact } from '../../platform/database/transaction.js';
import { WebhookDelivery } from './webhook-delivery.entity.js';
import { Webhook } from './webhook.entity.js';

/** A delivery is sent again, now, whatever became of it: with the same event id, by which the receiver knows it. */
export class ResendDelivery implements ICommand {
  constructor(readonly id: number) {}
}

/** A message without meaning goes to the address, so that somebody can see whether it arrives. @returns the delivery's id */
export class SendTest implements ICommand {
  constructor(readonly webhook: number) {}
}

@CommandHandler(ResendDelivery)
export class ResendDeliveryHandler implements ICommandHandler<ResendDelivery, void> {
  constructor(private readonly em: EntityManager) {}

  async execute({ id }: ResendDelivery): Promise<void> {
    await transact(this.em, 'webhook.resent', async (tx) => {
      const delivery = await findLocked(tx, WebhookDelivery, id);
      delivery.status = 'waiting';
      delivery.attempts = 0;
      delivery.nextAttemptAt = clock.now();
      await tx.flush();
    });
  }
}

@CommandHandler(SendTest)
export class SendTestHandler implements ICommandHandler<SendTest, number> {
  constructor(private readonly em: EntityManager) {}

  async execute({ webhook: id }: SendTest): Promise<number> {
    return transact(this.em, 'webhook.tested', async (tx) => {
      const webhook = await findLocked(tx, Webhook, id);
      const now = clock.now();
      const data = { webhook_id: webhook.id, name: webhook.name };
      const delivery = tx.create(WebhookDelivery, {
        webhook: webhook.id,
        eventId: randomUUID(),
        fact: 'webhook.test',
        recordId: webhook.id,
        payload: JSON.stringify({ type: 'webhook.test', timestamp: now.toISOString(), data }),
        status: 'waiting',
        attempts: 0,
        nextAttemptAt: now,
      });
      await tx.flush();
      return delivery.id;
    });
  }
}
