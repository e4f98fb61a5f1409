import { setTimeout } from 'node:timers/promises';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { Interval } from '@nestjs/schedule';
import { MikroORM } from '@mikro-orm/core';
import { inOrganization } from '../../platform/database/in-organization.js';
import { type Orm } from '../../platform/database/orm.js';
import { forEachInTurn, OneRun } from '../../platform/one-run.js';
import { Organization } from '../../tenancy/index.js';
import { LockSessions, mayBeMore } from './lock-sessions.js';

const EVERY_MS = 60_000;
/** Between two lots, so that an organization with years behind it does not hold up those who mark now. Milliseconds. */
const PAUSE_MS = 100;

/** Locks the registers whose time is over, every minute. Safe on every node at once: a locked session is not found again. */
@Injectable()
export class LockSessionsJob {
  private readonly logger = new Logger('sessions');
  private readonly runs = new OneRun(this.logger, 'registers could not be locked');

  constructor(
    @Inject(MikroORM) private readonly orm: Orm,
    private readonly bus: CommandBus,
  ) {}

  @Interval(EVERY_MS)
  run(): Promise<void> {
    return this.runs.of(() => this.lock());
  }

  /** @returns how many registers locked */
  async lock(): Promise<number> {
    const em = this.orm.em.fork({ disableContextResolution: true });
    const all: Pick<Organization, 'id' | 'settings'>[] = await em.find(
      Organization,
      { deletedAt: null },
      { fields: ['id', 'settings'], filters: false },
    );
    const locking = all.filter(({ settings }) => (settings.lock_hours ?? null) !== null);
    return forEachInTurn(locking, ({ id }) => this.lockIn(id));
  }

  private async lockIn(organizationId: number): Promise<number> {
    let sum = 0;
    for (let locked = -1; locked === -1 || mayBeMore(locked);) {
      if (locked > 0) await setTimeout(PAUSE_MS);
      locked = await inOrganization(this.orm, { organizationId, source: 'cli' }, () =>
        this.bus.execute<LockSessions, number>(new LockSessions()),
      );
      sum += locked;
    }
    return sum;
  }
}
