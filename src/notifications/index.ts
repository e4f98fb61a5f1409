export { NotificationsModule } from './notifications.module.js';
export { Webhook } from './webhooks/webhook.entity.js';
export { WebhookDelivery } from './webhooks/webhook-delivery.entity.js';
