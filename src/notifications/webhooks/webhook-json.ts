import { type WebhookDelivery } from './webhook-delivery.entity.js';
import { type Webhook } from './webhook.entity.js';

/** A webhook as programs see it: never with its key. */
export const webhookJson = (webhook: Webhook) => ({
  id: webhook.id,
  name: webhook.name,
  url: webhook.url,
  facts: webhook.facts,
  is_active: webhook.isActive,
  created_at: webhook.createdAt.toISOString(),
  updated_at: webhook.updatedAt.toISOString(),
});

/** One fact on its way to one address, as programs see it. */
export const deliveryJson = (delivery: WebhookDelivery) => ({
  id: delivery.id,
  webhook_id: delivery.webhook,
  event_id: delivery.eventId,
  fact: delivery.fact,
  record_id: delivery.recordId,
  status: delivery.status,
  attempts: delivery.attempts,
  next_attempt_at: delivery.status === 'waiting' ? (delivery.nextAttemptAt?.toISOString() ?? null) : null,
  last_attempt_at: delivery.lastAttemptAt?.toISOString() ?? null,
  response_status: delivery.responseStatus ?? null,
  error: delivery.error ?? null,
  delivered_at: delivery.deliveredAt?.toISOString() ?? null,
  payload: JSON.parse(delivery.payload) as unknown,
  created_at: delivery.createdAt.toISOString(),
});
