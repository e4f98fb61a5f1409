import { Global, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { CqrsModule } from '@nestjs/cqrs';
import { HealthApi } from './http/health.api.js';
import { ProblemFilter } from './http/problem.filter.js';
import { Reply } from './http/reply.js';
import { Views } from './views.js';

/** What every module may use; no word of the domain in it. */
@Global()
@Module({
  imports: [CqrsModule.forRoot(), DiscoveryModule],
  controllers: [HealthApi],
  providers: [Views, Reply, ProblemFilter],
  exports: [CqrsModule, DiscoveryModule, Views, Reply, ProblemFilter],
})
export class PlatformModule {}
