import { setTimeout } from 'node:timers/promises';
import { Inject, Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { MikroORM, type EntityManager } from '@mikro-orm/core';
import { clock } from '../../platform/clock.js';
import { inOrganization } from '../../platform/database/in-organization.js';
import { type Orm } from '../../platform/database/orm.js';
import { forEachInTurn, OneRun } from '../../platform/one-run.js';
import { Organization } from '../../tenancy/index.js';
import { foldTallies, mayBeMore } from './fold-tallies.js';
import { placeAnew } from './place-anew.js';
import { SessionDay } from './session-day.entity.js';
import { TallyChange } from './tally.entities.js';

const EVERY_MS = 3_000;
/** While a class is marked, or a device sends what it holds, nobody folds beside it: reports add what waits themselves. */
const REST_MS = 30_000;
/** Time zones change rarely: they are looked at in one of so many runs. */
const ZONES_EVERY = 20;
/** Between two lots: whoever marks meanwhile comes in between. Milliseconds. */
const PAUSE_MS = 15;

/** Keeps the tallies folded, half a minute behind, and every session on its day. Any number of nodes may run it. */
@Injectable()
export class TalliesJob implements BeforeApplicationShutdown {
  private readonly logger = new Logger('reports');
  private readonly runs = new OneRun(this.logger, 'marks could not be counted');
  private count = 0;
  private stopped = false;
  private working: Promise<void> = Promise.resolve();

  constructor(@Inject(MikroORM) private readonly orm: Orm) {}

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    await this.working;
  }

  @Interval(EVERY_MS)
  run(): Promise<void> {
    const until = () => new Date(clock.now().getTime() - REST_MS);
    // What goes on is waited for at the end; a call of the timer meanwhile does nothing.
    return (this.working = Promise.all([this.working, this.runs.of(() => this.keep(until()))]).then(() => undefined));
  }

  /** All of it at once, for scripts: also what would be looked at later. */
  async keepAll(): Promise<void> {
    this.count = 0;
    while ((await this.keep()) > 0) this.count = 0;
  }

  /**
   * @param until marks that came later are left for another time; null: none
   * @returns how many sessions were placed and changes folded
   */
  async keep(until: Date | null = null): Promise<number> {
    const em = this.orm.em.fork({ disableContextResolution: true }) as EntityManager;
    return forEachInTurn(await this.due(em, until), async (organizationId) => {
      const inIt = <T>(work: (own: EntityManager) => Promise<T>) =>
        inOrganization(this.orm, { organizationId, source: 'cli' }, work);
      let sum = 0;
      for (let placed = -1; placed !== 0 && !this.stopped; sum += placed) {
        placed = await inIt(placeAnew);
        if (placed > 0) await setTimeout(PAUSE_MS);
      }
      for (let folded = -1; (folded === -1 || mayBeMore(folded)) && !this.stopped; sum += folded) {
        folded = await inIt((own) => foldTallies(own, until));
        if (mayBeMore(folded)) await setTimeout(PAUSE_MS);
      }
      return sum;
    });
  }

  /** Organizations with something to do. One that is not among the first is found when these are done. */
  private async due(em: EntityManager, until: Date | null): Promise<Set<number>> {
    const changed = await em.find(TallyChange, until ? { createdAt: { $lte: until } } : {}, {
      fields: ['organization'],
      filters: false,
      limit: 1000,
      disableIdentityMap: true,
    });
    const due = new Set(changed.map((change) => Number(change.organization)));
    if (this.count++ % ZONES_EVERY > 0) return due;
    for (const { id, timeZone } of await em.find(Organization, { deletedAt: null }, { filters: false }))
      if (await em.findOne(SessionDay, { organization: id, timeZone: { $ne: timeZone } }, { filters: false }))
        due.add(id);
    return due;
  }
}
