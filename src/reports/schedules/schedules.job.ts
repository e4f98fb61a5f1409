import { Inject, Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { LockMode, MikroORM, type EntityManager } from '@mikro-orm/core';
import { clock } from '../../platform/clock.js';
import { inOrganization } from '../../platform/database/in-organization.js';
import { findLocked } from '../../platform/database/locked.js';
import { type Orm } from '../../platform/database/orm.js';
import { readAcrossOrganizations } from '../../platform/database/read.js';
import { transact } from '../../platform/database/transaction.js';
import { currentOrganization } from '../../platform/current.js';
import { forEachInTurn, OneRun } from '../../platform/one-run.js';
import { Organization } from '../../tenancy/index.js';
import { ReportScheduleRun } from './report-schedule-run.entity.js';
import { ReportSchedule } from './report-schedule.entity.js';
import { addRun, deleteRuns } from './run-rows.js';
import { SendRun } from './send-run.js';
import { lastDue, nextDue } from './when.js';

const EVERY_MS = 5_000;
/** Rows that one round takes. */
const AT_ONCE = 100;
/** Runs of one organization that one round takes. */
const OF_ONE = 5;
/** For so long a run belongs to the node that took it: longer than the mail server may take for everybody. Milliseconds. */
const CLAIM_MS = 600_000;
/** How long the runs of a schedule are told. Their files are told for longer. */
const TOLD_MS = 60 * 86_400_000;

/**
 * Writes down which reports are due, has their files made and sends them. Safe on every node at once: a schedule is held
 * while its run is written down, there is one run for each period, and a run is claimed before anything is sent.
 */
@Injectable()
export class SchedulesJob {
  private readonly logger = new Logger('schedules');
  private readonly runs = new OneRun(this.logger, 'reports could not be sent');
  private forgottenOn = '';

  constructor(
    @Inject(MikroORM) private readonly orm: Orm,
    private readonly sendRun: SendRun,
  ) {}

  @Interval(EVERY_MS)
  run(): Promise<void> {
    return this.runs.of(() => this.round());
  }

  async round(): Promise<void> {
    await this.writeDown();
    await this.work();
    await this.forget();
  }

  /** Runs for what is due. */
  private async writeDown(): Promise<void> {
    const due = await this.across<{ organization_id: number; id: number }>(
      `select s.organization_id, s.id from report_schedules s
         join organizations o on o.id = s.organization_id and o.deleted_at is null
        where s.is_active = :yes and s.next_run_at <= :now order by s.next_run_at limit ${AT_ONCE}`,
      { yes: true, now: clock.now() },
    );
    await forEachInTurn(due, async ({ organization_id, id }) => {
      await this.inIt(Number(organization_id), (em) => writeDownOne(em, Number(id)));
      return 1;
    });
  }

  /** What is under way goes one step further. */
  private async work(): Promise<void> {
    const waiting = await this.across<{ organization_id: number }>(
      `select distinct r.organization_id from report_schedule_runs r
        where r.status = 'making' and r.next_attempt_at <= :now
          and (r.claimed_until is null or r.claimed_until <= :now) limit ${AT_ONCE}`,
      { now: clock.now() },
    );
    await forEachInTurn(waiting, async ({ organization_id }) => {
      const claimed = await this.inIt(Number(organization_id), claim);
      return forEachInTurn(claimed, async (run) => {
        await this.step(Number(organization_id), run);
        return 1;
      });
    });
  }

  /** One that breaks holds up no other: it is tried again when its claim is over. */
  private async step(organization: number, run: ReportScheduleRun): Promise<void> {
    try {
      await this.sendRun.step(organization, run);
    } catch (error) {
      this.logger.error(`run ${run.id} of a schedule broke off`, (error as Error)?.stack);
    }
  }

  private async forget(): Promise<void> {
    const now = clock.now();
    const day = now.toISOString().slice(0, 10);
    if (day === this.forgottenOn) return;
    const before = new Date(now.getTime() - TOLD_MS);
    const old = await this.across<{ organization_id: number }>(
      `select distinct r.organization_id from report_schedule_runs r where r.finished_at < :before`,
      { before },
    );
    await forEachInTurn(old, ({ organization_id }) =>
      this.inIt(Number(organization_id), (em) => deleteRuns(em, { finishedAt: { $lt: before } })),
    );
    this.forgottenOn = day;
  }

  private across<T>(sql: string, parameters: Record<string, Date | boolean>): Promise<T[]> {
    const em = this.orm.em.fork({ disableContextResolution: true }) as EntityManager;
    return readAcrossOrganizations(em, sql, parameters) as Promise<T[]>;
  }

  private inIt<T>(organizationId: number, work: (em: EntityManager) => Promise<T>): Promise<T> {
    return inOrganization(this.orm, { organizationId, source: 'cli' }, work);
  }
}

/** However long the server stood still, what was missed comes once. */
function writeDownOne(em: EntityManager, id: number): Promise<void> {
  return transact(em, 'report_schedule.due', async (tx) => {
    const now = clock.now();
    const schedule = await tx.findOne(ReportSchedule, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE });
    if (!schedule?.isActive || schedule.nextRunAt > now) return;
    const { timeZone } = await tx.findOneOrFail(Organization, { id: currentOrganization() });
    const rhythm = schedule as never;
    const due = lastDue(rhythm, timeZone, now);
    schedule.nextRunAt = nextDue(rhythm, timeZone, now).at;
    // After a change of the time zone the last time may lie before the schedule itself.
    if (due.at > schedule.createdAt) await addRun(tx, id, due.day);
    await tx.flush();
  });
}

/** Takes runs for this node, for a while. */
function claim(em: EntityManager): Promise<ReportScheduleRun[]> {
  return transact(em, 'report_schedule.claimed', async (tx) => {
    const now = clock.now();
    await findLocked(tx, Organization, currentOrganization());
    const due = await tx.find(
      ReportScheduleRun,
      {
        status: 'making',
        nextAttemptAt: { $lte: now },
        $or: [{ claimedUntil: null }, { claimedUntil: { $lte: now } }],
      },
      { orderBy: { nextAttemptAt: 'asc', id: 'asc' }, limit: OF_ONE, lockMode: LockMode.PESSIMISTIC_WRITE },
    );
    for (const run of due) run.claimedUntil = new Date(now.getTime() + CLAIM_MS);
    await tx.flush();
    return due;
  });
}
