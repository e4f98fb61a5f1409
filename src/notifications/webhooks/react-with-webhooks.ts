import { randomUUID } from 'node:crypto';
import { type EntityManager } from '@mikro-orm/core';
import { clock } from '../../platform/clock.js';
import { whenFact, type Reaction } from '../../platform/ledger/outbox.js';
import { WebhookDelivery } from './webhook-delivery.entity.js';
import { Webhook, WEBHOOK_FACTS } from './webhook.entity.js';

const LEAVING = new Set<string>(WEBHOOK_FACTS);

/** A fact that an active webhook asked for becomes one delivery for each of them. */
export function registerWebhooks(): void {
  whenFact(isAskedFor, deliverToAll);
}

const askingFor = async (tx: EntityManager, fact: string): Promise<Webhook[]> =>
  LEAVING.has(fact)
    ? (await tx.find(Webhook, { isActive: true })).filter((webhook) => webhook.facts.includes(fact as never))
    : [];

const isAskedFor = async (tx: EntityManager, fact: string) => (await askingFor(tx, fact)).length > 0;

const deliverToAll: Reaction = async (tx, fact) => {
  const event = randomUUID();
  // When it happened, not when it is sent: `data` is the record as it was then.
  const payload = JSON.stringify({
    type: fact.fact,
    timestamp: fact.createdAt.toISOString(),
    data: JSON.parse(fact.payload) as unknown,
  });
  for (const webhook of await askingFor(tx, fact.fact))
    tx.create(WebhookDelivery, {
      webhook: webhook.id,
      eventId: event,
      fact: fact.fact,
      recordId: fact.recordId,
      payload,
      status: 'waiting',
      attempts: 0,
      nextAttemptAt: clock.now(),
    });
};
