import { Module, type OnModuleInit } from '@nestjs/common';
import { DeliverJob } from './webhooks/deliver.job.js';
import { ForgetDeliveriesJob } from './webhooks/forget-deliveries.job.js';
import { ChangeWebhookHandler, CreateWebhookHandler } from './webhooks/keep-webhook.js';
import { registerWebhooks } from './webhooks/react-with-webhooks.js';
import { ResendDeliveryHandler, SendTestHandler } from './webhooks/resend-delivery.js';
import { WebhooksApi } from './webhooks/webhooks.api.js';
import { WebhooksPages } from './webhooks/webhooks.pages.js';

/** What follows from facts outside of the house: webhooks now; messages to people come here too. */
@Module({
  controllers: [WebhooksApi, WebhooksPages],
  providers: [
    ChangeWebhookHandler,
    CreateWebhookHandler,
    DeliverJob,
    ForgetDeliveriesJob,
    ResendDeliveryHandler,
    SendTestHandler,
  ],
})
export class NotificationsModule implements OnModuleInit {
  onModuleInit(): void {
    registerWebhooks();
  }
}
