import { Module } from '@nestjs/common';
import { OfflinePages } from './offline.pages.js';

/** What devices that were offline need of the server. */
@Module({
  controllers: [OfflinePages],
})
export class SyncModule {}
