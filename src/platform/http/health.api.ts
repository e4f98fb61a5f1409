import { Controller, Get, Req } from '@nestjs/common';
import { EntityManager } from '@mikro-orm/core';
import { ApiExcludeController } from '@nestjs/swagger';
import { type Request } from 'express';
import { Public } from './access.js';
import { notFound, Problem } from './problem.js';

/** For load balancers and monitoring. */
@ApiExcludeController()
@Controller()
export class HealthApi {
  constructor(private readonly em: EntityManager) {}

  /** The process runs. */
  @Public()
  @Get('health/live')
  live() {
    return { status: 'ok' };
  }

  /** The process can serve: its database answers. */
  @Public()
  @Get('health/ready')
  async ready() {
    if (await this.em.getConnection().isConnected()) return { status: 'ok' };
    throw new Problem(503, { code: 'not_ready', message: 'The database does not answer.' });
  }

  /** Figures of the process, in the text format of Prometheus; for this machine only. */
  @Public()
  @Get('metrics')
  metrics(@Req() request: Request) {
    if (!/^(::1|127\.|::ffff:127\.)/.test(request.socket.remoteAddress ?? '') || request.headers['x-forwarded-for'])
      throw notFound();
    const memory = process.memoryUsage();
    return [
      `process_resident_memory_bytes ${memory.rss}`,
      `nodejs_heap_size_used_bytes ${memory.heapUsed}`,
      `process_uptime_seconds ${process.uptime().toFixed(1)}`,
      '',
    ].join('\n');
  }
}
