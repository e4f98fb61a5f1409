import { defineEntity, p } from '@mikro-orm/core';
import { tenantColumns } from '../../tenancy/index.js';

/** The facts that leave the house. */
export const WEBHOOK_FACTS = ['presence.recorded', 'presence.corrected', 'session.ended'] as const;
export type WebhookFact = (typeof WEBHOOK_FACTS)[number];

/** An address of another program that is told what happened here. */
const WebhookSchema = defineEntity({
  name: 'Webhook',
  tableName: 'webhooks',
  properties: {
    ...tenantColumns,
    name: p.string().length(100),
    url: p.string().length(1000),
    /** The key of the signature, shown once: whsec_ and base64. */
    secret: p.string().length(100).hidden(),
    facts: p.json<WebhookFact[]>(),
    isActive: p.boolean().default(true),
  },
});

export class Webhook extends WebhookSchema.class {}
WebhookSchema.setClass(Webhook);
