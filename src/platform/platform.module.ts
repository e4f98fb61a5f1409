import { Global, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { CqrsModule } from '@nestjs/cqrs';
import { HealthApi } from './http/health.api.js';
import { ProblemFilter } from './http/problem.filter.js';
import { Reply } from './http/reply.js';
import { Relay } from './ledger/relay.js';
import { Mail } from './mail.js';
import { Views } from './views.js';

/** What every module may use; no word of the domain in it. */
@Global()
@Module({
  imports: [CqrsModule.forRoot(), DiscoveryModule],
  controllers: [HealthApi],
  providers: [Views, Reply, ProblemFilter, Mail, Relay],
  exports: [CqrsModule, DiscoveryModule, Views, Reply, ProblemFilter, Mail],
})
export class PlatformModule {}
