import { readFile } from 'node:fs/promises';
import { Inject, Injectable } from '@nestjs/common';
import { MikroORM, type EntityManager } from '@mikro-orm/core';
import { reachOf, signedInUser, type SignedInUser } from '../../auth/index.js';
import { clock } from '../../platform/clock.js';
import { type Config } from '../../platform/config.js';
import { inOrganization } from '../../platform/database/in-organization.js';
import { type Orm } from '../../platform/database/orm.js';
import { transact } from '../../platform/database/transaction.js';
import { Problem } from '../../platform/http/problem.js';
import { Mail } from '../../platform/mail.js';
import { putInLine } from '../exports/ask-export.js';
import { failureOf, failureText, type Failure } from '../exports/export-job.js';
import { ExportJobs } from '../exports/export-jobs.js';
import { Export } from '../exports/export.entity.js';
import { exportsFolder, keptFile } from '../exports/kept-files.js';
import { maySee } from '../exports/may-see.js';
import { sayer } from '../exports/sayer.js';
import { sourceOf } from '../exports/sources.js';
import { askedBySchedule } from './asked-by-schedule.js';
import { usersWhoSeeAll } from './recipients.query.js';
import { ReportScheduleRun, type RunStatus } from './report-schedule-run.entity.js';
import { ReportSchedule } from './report-schedule.entity.js';
import { saveRun } from './run-rows.js';

/** The pause after each try that the mail server refused; after the last one it is given up. Seconds. */
export const PAUSES_S = [60, 300, 1_800, 7_200, 21_600];
/** Until a file that is being made is looked at again. Seconds. */
const LOOK_AGAIN_S = 2;
/** Until there may be room in the line of files. Seconds. */
const NO_ROOM_S = 60;
/** Mail servers commonly refuse more. Bytes. */
const MOST_ATTACHED = 10 * 1024 ** 2;

/** Where one step leads. */
type Step = { end: RunStatus; why?: Failure } | { again: number; tried?: boolean };

/** Takes a claimed run one step further: its file into the line, or, when that is made, to its people. */
@Injectable()
export class SendRun {
  private readonly folder: string;

  constructor(
    @Inject(MikroORM) private readonly orm: Orm,
    @Inject('config') config: Config,
    private readonly mail: Mail,
    private readonly jobs: ExportJobs,
  ) {
    this.folder = exportsFolder(config);
  }

  async step(organizationId: number, { id }: Pick<ReportScheduleRun, 'id'>): Promise<void> {
    const user = await inOrganization(this.orm, { organizationId, source: 'cli' }, async (em) => {
      const run = await em.findOneOrFail(ReportScheduleRun, { id });
      return (await em.findOneOrFail(ReportSchedule, { id: run.schedule })).user;
    });
    // In the name of whoever answers for it: what he may not see is not in it, and the audit names him.
    await inOrganization(this.orm, { organizationId, userId: user, source: 'cli' }, async (em) => {
      const run = await em.findOneOrFail(ReportScheduleRun, { id });
      const schedule = await em.findOneOrFail(ReportSchedule, { id: run.schedule });
      await note(em, id, await this.next(em, run, schedule));
    });
  }

  private async next(em: EntityManager, run: ReportScheduleRun, schedule: ReportSchedule): Promise<Step> {
    const me = await signedInUser(em, schedule.user);
    if (!me) return { end: 'not_allowed', why: USER_GONE };
    const may = (permission: 'report.view' | 'export.run') =>
      reachOf(me.role, permission, me.organization.settings) !== null;
    if (!may('report.view') || !may('export.run')) return { end: 'not_allowed', why: NO_RIGHT };
    if (!this.mail.configured) return { end: 'failed', why: NO_MAIL };
    if (!run.export) return this.order(em, run, schedule, me);
    const file = await em.findOne(Export, { id: run.export }, { refresh: true });
    if (!file) return { end: 'failed', why: STOPPED };
    if (file.status === 'queued' || file.status === 'running') return { again: LOOK_AGAIN_S };
    if (file.status !== 'done') return { end: 'failed', why: failureOf(file) ?? STOPPED };
    if (file.total === 0) return { end: 'skipped_empty' };
    if (!(await maySee(em, file, me))) return { end: 'not_allowed', why: SEES_LESS };
    return this.send(em, { run, schedule, me, file });
  }

  /** Under the limits that hold for every file. */
  private async order(em: EntityManager, run: ReportScheduleRun, schedule: ReportSchedule, me: SignedInUser) {
    try {
      const values = await askedBySchedule(em, schedule, run.period.slice(0, 10), me);
      await transact(em, 'export.asked', async (tx) => {
        const file = await putInLine(tx, values);
        await saveRun(tx, run.id, { export: file });
      });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.status === 429) return { again: NO_ROOM_S };
      return { end: 'failed', why: error.refusals[0]! } satisfies Step;
    }
    this.jobs.kick();
    return { again: LOOK_AGAIN_S };
  }

  private async send(em: EntityManager, { run, schedule, me, file }: Sending): Promise<Step> {
    const others = await usersWhoSeeAll(em, schedule.recipients);
    const people = [{ id: me.id, email: me.email }, ...others.filter(({ id }) => id !== me.id)];
    const waiting = people.filter(({ id }) => !run.sentTo.includes(id));
    const message = await this.message({ run, schedule, me, file });
    if (!message) return { end: 'failed', why: STOPPED };
    const sentTo = [...run.sentTo];
    for (const { id, email } of waiting) {
      const messageId = `<report-${schedule.id}-${run.id}-${id}@omnipresence>`;
      if (!(await this.mail.send({ ...message, to: email, messageId }))) continue;
      sentTo.push(id);
      await saveRun(em, run.id, { sentTo });
    }
    if (people.every(({ id }) => sentTo.includes(id))) return { end: 'sent' };
    const pause = PAUSES_S[run.attempts];
    return pause === undefined ? { end: 'failed', why: REFUSED } : { again: pause, tried: true };
  }

  private async message({ schedule, me, file }: Sending) {
    const { say } = sayer(me);
    const title = say({ text: sourceOf(schedule.report, schedule.filters, schedule.format)?.title ?? schedule.report });
    const subject = `${title} – ${me.organization.name}`;
    const setUpBy = say({ text: SET_UP_BY, params: { user: me.name } });
    if (file.bytes > MOST_ATTACHED)
      return { subject, text: `${say({ text: TOO_LARGE, params: { name: file.fileName } })}\n\n${setUpBy}` };
    const content = await readFile(keptFile(this.folder, file.filePath!)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (!content) return null;
    const text = `${say({ text: ATTACHED, params: { name: file.fileName } })}\n\n${setUpBy}`;
    return { subject, text, attachments: [{ filename: file.fileName, content }] };
  }
}

interface Sending {
  run: ReportScheduleRun;
  schedule: ReportSchedule;
  me: SignedInUser;
  file: Export;
}

async function note(em: EntityManager, id: number, step: Step): Promise<void> {
  const now = clock.now();
  const common = { claimedUntil: null };
  if ('end' in step) {
    const failure = step.why ? failureText(step.why) : null;
    await saveRun(em, id, { ...common, status: step.end, failure, finishedAt: now });
    return;
  }
  const run = await em.findOneOrFail(ReportScheduleRun, { id }, { refresh: true });
  const attempts = run.attempts + (step.tried ? 1 : 0);
  const nextAttemptAt = new Date(now.getTime() + step.again * 1000);
  await saveRun(em, id, { ...common, attempts, nextAttemptAt });
}

const ATTACHED = 'The report is attached: {name}.';
const SET_UP_BY = 'This mail was set up by {user} in Omnipresence and can be changed there under Reports, By mail.';
const TOO_LARGE =
  'The report {name} is too large for mail. Whoever set it up finds it in Omnipresence under Reports, Files, for seven days.';
const USER_GONE: Failure = {
  code: 'permission_denied',
  message: 'Whoever set this up cannot sign in any more, so nothing was sent.',
};
const NO_RIGHT: Failure = {
  code: 'permission_denied',
  message: 'Whoever set this up has no right to export reports any more, so nothing was sent.',
};
const SEES_LESS: Failure = {
  code: 'permission_denied',
  message: 'Whoever set this up may see less now than when the report was made, so nothing was sent.',
};
const NO_MAIL: Failure = { code: 'no_mail', message: 'This server cannot send mail: SMTP_URL is not set.' };
const STOPPED: Failure = { code: 'cancelled', message: 'Its file was removed before it could be sent.' };
const REFUSED: Failure = {
  code: 'mail_refused',
  message: 'The mail server did not take it for everybody, again and again, so it was given up.',
};
