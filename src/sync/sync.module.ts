import { Module } from '@nestjs/common';
import { DeskModule } from './desk/desk.module.js';
import { DevicePages } from './device.pages.js';
import { GreetDeviceHandler } from './greet-device.js';
import { OfflinePages } from './offline.pages.js';
import { AdoptParkedHandler } from './parked/adopt-parked.js';
import { DiscardParkedHandler } from './parked/discard-parked.js';
import { JudgeParkedJob } from './parked/judge-parked.job.js';
import { RetryDeliveryHandler } from './parked/retry-delivery.js';
import { ReceiveBatchHandler } from './receive-batch.js';
import { SyncApi } from './sync.api.js';

/** What devices that were offline need of the server. */
@Module({
  imports: [DeskModule],
  controllers: [DevicePages, OfflinePages, SyncApi],
  providers: [
    AdoptParkedHandler,
    DiscardParkedHandler,
    GreetDeviceHandler,
    JudgeParkedJob,
    ReceiveBatchHandler,
    RetryDeliveryHandler,
  ],
})
export class SyncModule {}
