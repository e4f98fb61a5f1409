import { Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { AttentionInterceptor } from './attention.js';
import { ConflictsApi } from './conflicts.api.js';
import { ConflictsPages } from './conflicts.pages.js';
import { DeliveriesApi } from './deliveries.api.js';
import { DeliveriesPages } from './deliveries.pages.js';
import { DevicesApi } from './devices.api.js';
import { DevicesPages } from './devices.pages.js';
import { ParkedApi } from './parked.api.js';
import { ParkedPages } from './parked.pages.js';
import { RevokeDeviceHandler } from './revoke-device.js';

/** Where people decide what machines may not: contradicting marks, parked marks, lost devices. */
@Module({
  controllers: [
    ConflictsApi,
    ConflictsPages,
    DeliveriesApi,
    DeliveriesPages,
    DevicesApi,
    DevicesPages,
    ParkedApi,
    ParkedPages,
  ],
  providers: [RevokeDeviceHandler, { provide: APP_INTERCEPTOR, useClass: AttentionInterceptor }],
})
export class DeskModule {}
