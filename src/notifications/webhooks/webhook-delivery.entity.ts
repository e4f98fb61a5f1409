import { defineEntity, p } from '@mikro-orm/core';
import { tenantColumns } from '../../tenancy/index.js';
import { Webhook } from './webhook.entity.js';

/** One fact on its way to one address, with what became of it. */
const WebhookDeliverySchema = defineEntity({
  name: 'WebhookDelivery',
  tableName: 'webhook_deliveries',
  properties: {
    ...tenantColumns,
    webhook: () => p.manyToOne(Webhook).mapToPk().fieldName('webhook_id'),
    /** The same for every try: the receiver knows by it what it has seen already. */
    eventId: p.string().length(36),
    fact: p.string().length(50),
    recordId: p.bigint('number'),
    payload: p.text(),
    status: p.string().length(20).$type<'waiting' | 'delivered' | 'failed'>(),
    attempts: p.integer(),
    nextAttemptAt: p.datetime(3).nullable(),
    claimedUntil: p.datetime(3).nullable(),
    lastAttemptAt: p.datetime(3).nullable(),
    /** HTTP status of the last answer; null where none came. */
    responseStatus: p.integer().nullable(),
    /** What the last try met, in short. */
    error: p.string().length(500).nullable(),
    deliveredAt: p.datetime(3).nullable(),
  },
  uniques: [{ name: 'webhook_deliveries_event_unique', properties: ['organization', 'webhook', 'eventId'] }],
  indexes: [{ name: 'webhook_deliveries_next_index', properties: ['status', 'nextAttemptAt', 'id'] }],
});

export class WebhookDelivery extends WebhookDeliverySchema.class {}
WebhookDeliverySchema.setClass(WebhookDelivery);
