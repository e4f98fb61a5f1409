import { setTimeout } from 'node:timers/promises';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { Interval } from '@nestjs/schedule';
import { MikroORM } from '@mikro-orm/core';
import { clock } from '../../platform/clock.js';
import { inOrganization } from '../../platform/database/in-organization.js';
import { type Orm } from '../../platform/database/orm.js';
import { forEachInTurn, OneRun } from '../../platform/one-run.js';
import { Organization } from '../../tenancy/index.js';
import { ExtendSeries, seriesToExtend } from './extend-series.js';

/** It looks every hour whether the day has changed, so that a server that restarts often does its work all the same. */
const EVERY_MS = 3_600_000;
/** Series that are looked up at once. */
const AT_ONCE = 100;
/** Between two series, so that those who mark now do not wait for them. Milliseconds. */
const PAUSE_MS = 20;

/** Plans on, once a day, what repeats without an end. Safe on every node at once: a series is held while it grows. */
@Injectable()
export class ExtendSeriesJob {
  private readonly logger = new Logger('sessions');
  private readonly runs = new OneRun(this.logger, 'what repeats without an end could not be planned on');
  private lastDay = '';

  constructor(
    @Inject(MikroORM) private readonly orm: Orm,
    private readonly bus: CommandBus,
  ) {}

  @Interval(EVERY_MS)
  run(): Promise<void> {
    return this.runs.of(async () => {
      const day = clock.now().toISOString().slice(0, 10);
      if (day === this.lastDay) return;
      await this.extend();
      this.lastDay = day;
    });
  }

  /** @returns how many sessions were made */
  async extend(): Promise<number> {
    const em = this.orm.em.fork({ disableContextResolution: true });
    const all: Pick<Organization, 'id'>[] = await em.find(
      Organization,
      { deletedAt: null },
      { fields: ['id'], filters: false },
    );
    return forEachInTurn(all, ({ id }) => this.extendIn(id));
  }

  private async extendIn(organizationId: number): Promise<number> {
    let made = 0;
    for (let after = 0; ;) {
      const context = { organizationId, source: 'cli' } as const;
      const ids = await inOrganization(this.orm, context, (em) => seriesToExtend(em, after, AT_ONCE));
      for (const id of ids) {
        made += await inOrganization(this.orm, context, () => this.extendOne(id));
        await setTimeout(PAUSE_MS);
      }
      if (ids.length < AT_ONCE) return made;
      after = ids.at(-1)!;
    }
  }

  /** One that cannot be planned holds up no other. */
  private async extendOne(series: number): Promise<number> {
    try {
      return await this.bus.execute<ExtendSeries, number>(new ExtendSeries(series));
    } catch (error) {
      this.logger.error(`series ${series} could not be planned on`, (error as Error)?.stack);
      return 0;
    }
  }
}
