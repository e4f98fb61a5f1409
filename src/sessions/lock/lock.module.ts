import { Module } from '@nestjs/common';
import { LockPages } from './lock.pages.js';
import { LockSessionsHandler } from './lock-sessions.js';
import { LockSessionsJob } from './lock-sessions.job.js';

@Module({ controllers: [LockPages], providers: [LockSessionsHandler, LockSessionsJob] })
export class LockModule {}
