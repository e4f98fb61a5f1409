import { z } from 'zod';
import { idOut, instantOut } from '../../platform/http/answers.js';
import { WEBHOOK_FACTS } from './webhook.entity.js';

/** What the doors of webhooks answer, as programs see it. */
export const WebhookOut = z
  .object({
    id: idOut,
    name: z.string(),
    url: z.string(),
    facts: z.array(z.enum(WEBHOOK_FACTS)),
    is_active: z.boolean(),
    created_at: instantOut,
    updated_at: instantOut,
  })
  .meta({ id: 'Webhook' });

/** The one answer that carries the key: after creating, and after changing it. */
export const WebhookWithSecretOut = WebhookOut.extend({ secret: z.string().optional() }).meta({
  id: 'WebhookWithSecret',
});

export const DeliveryOut = z
  .object({
    id: idOut,
    webhook_id: idOut,
    event_id: z.string(),
    fact: z.string(),
    record_id: idOut,
    status: z.enum(['waiting', 'delivered', 'failed']),
    attempts: z.int(),
    next_attempt_at: instantOut.nullable(),
    last_attempt_at: instantOut.nullable(),
    response_status: z.int().nullable(),
    error: z.string().nullable(),
    delivered_at: instantOut.nullable(),
    payload: z.unknown(),
    created_at: instantOut,
  })
  .meta({ id: 'WebhookDelivery' });
