import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { User } from '../../src/auth/index.js';
import { clock } from '../../src/platform/clock.js';
import { ExportJobs, ReportSchedule, ReportScheduleRun, SchedulesJob } from '../../src/reports/index.js';
import { PAUSES_S } from '../../src/reports/schedules/send-run.js';
import { daysOf } from '../../src/reports/ranges.js';
import { lastDue, nextDue, type Rhythm } from '../../src/reports/schedules/when.js';
import { ownFolder } from '../support/exports.js';
import { MailServer } from '../support/mail-server.js';
import { type Visitor } from '../support/visitor.js';
import { World } from '../world.js';

const mail = new MailServer();
const own = ownFolder();
let world: World;
beforeAll(async () => {
  const smtpUrl = await mail.open();
  world = await World.open({ config: { smtpUrl, mailFrom: 'presence@riverside.example', dataFolder: own.dataFolder } });
  const { session, participants } = await world.addRegister(world.school, ['Ada Lovelace']);
  const body = { session_id: session.id, participant_id: participants[0]!.id, presence_state: 'absent' };
  expect((await world.ana.post('/api/presence', body)).status).toBe(201);
});
const realNow = clock.now;
afterEach(() => {
  clock.now = realNow;
  mail.refuses = false;
  mail.messages.length = 0;
});
afterAll(async () => {
  await world.close();
  await mail.close();
  own.remove();
});

const later = (ms: number) => (clock.now = () => new Date(Date.now() + ms));
const DAY_MS = 86_400_000;
const daily = { report: 'absentees', format: 'csv', range: 'this_month', every: 'day', local_time: '07:00' };
const set = (id: number, values: Partial<ReportSchedule>) =>
  world.write(world.school, async (tx) => void Object.assign(await tx.findOneOrFail(ReportSchedule, { id }), values));
const runsOf = (schedule: number): Promise<ReportScheduleRun[]> =>
  world.read(world.school, (em) => em.find(ReportScheduleRun, { schedule }, { disableIdentityMap: true }));
async function scheduled(visitor: Visitor, more: object = {}): Promise<any> {
  const answer = await visitor.post('/api/reports/schedules', { ...daily, ...more });
  if (answer.status !== 201) throw new Error(`${answer.status} ${answer.body}`);
  return answer.json.data;
}
/** Goes on until the file is made and the mail is sent, or the time is not ripe. @returns the schedule as it is told */
async function settled(visitor: Visitor, id: number): Promise<any> {
  const now = clock.now;
  for (let rounds = 0; rounds < 5; rounds++) {
    await world.app.get(SchedulesJob).round();
    await world.app.get(ExportJobs).idle();
    // A file is looked at again after two seconds.
    const at = now().getTime() + (rounds + 1) * 3_000;
    clock.now = () => new Date(at);
  }
  // Nobody stays signed in for days.
  clock.now = realNow;
  return (await visitor.get(`/api/reports/schedules/${id}`)).json.data;
}
async function sentNow(visitor: Visitor, id: number): Promise<any> {
  expect((await visitor.post(`/reports/schedules/${id}/send`, {})).status).toBe(303);
  return settled(visitor, id);
}

describe('when a report is due', () => {
  const at = (more: Partial<Rhythm>): Rhythm => ({
    every: 'day',
    weekday: null,
    dayOfMonth: null,
    localTime: '07:00',
    ...more,
  });
  const after = (rhythm: Rhythm, instant: string, zone = 'Europe/Paris') => {
    const { day, at: due } = nextDue(rhythm, zone, new Date(instant));
    return `${day} ${due.toISOString()}`;
  };

  it('is the same local time before and after the clocks change', () => {
    expect(after(at({}), '2026-03-28T12:00:00Z')).toBe('2026-03-29 2026-03-29T05:00:00.000Z');
    expect(after(at({}), '2026-03-27T12:00:00Z')).toBe('2026-03-28 2026-03-28T06:00:00.000Z');
  });

  it('is the next instant when the clocks skip its time, and comes once when they repeat it', () => {
    expect(after(at({ localTime: '02:30' }), '2026-03-28T12:00:00Z')).toBe('2026-03-29 2026-03-29T01:00:00.000Z');
    expect(after(at({ localTime: '02:30' }), '2026-10-24T12:00:00Z')).toBe('2026-10-25 2026-10-25T00:30:00.000Z');
    expect(after(at({ localTime: '02:30' }), '2026-10-25T00:30:00Z')).toBe('2026-10-26 2026-10-26T01:30:00.000Z');
  });

  it('is the last day of a month that is shorter', () => {
    const monthly = at({ every: 'month', dayOfMonth: 31 });
    expect(after(monthly, '2026-02-01T00:00:00Z')).toMatch(/^2026-02-28 /);
    expect(after(monthly, '2028-02-01T00:00:00Z')).toMatch(/^2028-02-29 /);
    expect(after(monthly, '2026-02-28T12:00:00Z')).toMatch(/^2026-03-31 /);
    expect(after(monthly, '2026-04-01T00:00:00Z')).toMatch(/^2026-04-30 /);
  });

  it('is its day of the week', () => {
    expect(after(at({ every: 'week', weekday: 1 }), '2026-11-21T12:00:00Z')).toMatch(/^2026-11-23 /);
    expect(lastDue(at({ every: 'week', weekday: 1 }), 'UTC', new Date('2026-11-23T06:59:59Z')).day).toBe('2026-11-16');
  });

  it('tells of the days before the one on which it is due', () => {
    const days = (range: Parameters<typeof daysOf>[0]) => {
      const found = daysOf(range, '2026-03-01', [{ from: '2026-01-05', to: '2026-03-31' }]);
      return found && `${found.from} ${found.to}`;
    };
    expect(days('yesterday')).toBe('2026-02-28 2026-02-28');
    expect(days('last_7_days')).toBe('2026-02-22 2026-02-28');
    expect(days('last_week')).toBe('2026-02-16 2026-02-22');
    expect(days('this_week')).toBe('2026-02-23 2026-03-01');
    expect(days('last_month')).toBe('2026-02-01 2026-02-28');
    expect(days('this_term')).toBe('2026-01-05 2026-03-01');
    expect(daysOf('this_term', '2026-04-01', [])).toBeNull();
  });
});

describe('a report by mail', () => {
  it('comes with its file to whoever set it up and to those whom he named', async () => {
    const { id } = await scheduled(world.ana, { recipients: [world.school.user.mara!.id] });
    const told = await sentNow(world.ana, id);
    expect(told.last_run).toMatchObject({ status: 'sent', error: null });
    expect(mail.messages).toHaveLength(2);
    const message = await mail.messageTo(world.school.user.mara!.email);
    expect(message).toMatch(/filename=absentees_.*\.csv/);
    const base64 = /Content-Transfer-Encoding: base64[^]*?\n\n([A-Za-z0-9+/=\n]+)/.exec(
      message.replace(/\r/g, ''),
    )?.[1];
    expect(Buffer.from(base64 ?? '', 'base64').toString('utf8')).toContain('Lovelace');
    await world.ana.delete(`/api/reports/schedules/${id}`);
  });

  it('is sent once for a period however many nodes look', async () => {
    const second = await World.open({ config: { smtpUrl: world.config.smtpUrl!, dataFolder: own.dataFolder } });
    try {
      const { id } = await scheduled(world.ana);
      later(DAY_MS);
      // On one database in memory two jobs stand for two nodes; on MySQL they are two applications.
      const jobs = [
        world.app.get(SchedulesJob),
        new SchedulesJob(world.orm, (world.app.get(SchedulesJob) as any).sendRun),
      ];
      if (world.config.database.kind === 'mysql') jobs.push(second.app.get(SchedulesJob));
      for (let rounds = 0; rounds < 3; rounds++) {
        await Promise.all(jobs.map((job) => job.round()));
        // Either node may have taken the file.
        await Promise.all([world, second].map(({ app }) => app.get(ExportJobs).idle()));
        later(DAY_MS + (rounds + 1) * 3_000);
      }
      expect((await settled(world.ana, id)).last_run.status).toBe('sent');
      expect(await runsOf(id)).toHaveLength(1);
      expect(mail.messages).toHaveLength(1);
      await world.ana.delete(`/api/reports/schedules/${id}`);
    } finally {
      clock.now = realNow;
      await second.close();
    }
  });

  it('that was missed for days comes once, and then at its next time', async () => {
    const { id } = await scheduled(world.ana);
    later(5 * DAY_MS);
    const told = await settled(world.ana, id);
    expect(await runsOf(id)).toHaveLength(1);
    expect(new Date(told.next_run_at).getTime()).toBeGreaterThan(Date.now() + 5 * DAY_MS);
    clock.now = realNow;
    await world.ana.delete(`/api/reports/schedules/${id}`);
  });

  it('with nothing to tell is not sent, and the page says so', async () => {
    const group = await world.addGroup(world.school, 'Nobody here');
    const { id } = await scheduled(world.ana, { filters: { group_id: group.id } });
    const told = await sentNow(world.ana, id);
    expect(told.last_run).toMatchObject({ status: 'skipped_empty', error: null });
    expect(mail.messages).toEqual([]);
    expect((await world.ana.get('/reports/schedules')).body).toContain('Nothing to tell');
    await world.ana.delete(`/api/reports/schedules/${id}`);
  });

  it('is tried again when the mail server refuses, and given up in the end with a sentence', async () => {
    const { id } = await scheduled(world.ana);
    mail.refuses = true;
    expect((await sentNow(world.ana, id)).last_run.status).toBe('making');
    let passed = 20_000;
    for (const pause of PAUSES_S) {
      passed += pause * 1000 + 20_000;
      later(passed);
      await set(id, { nextRunAt: new Date('2999-01-01T00:00:00Z') });
      await settled(world.ana, id);
    }
    clock.now = realNow;
    const told = (await world.ana.get(`/api/reports/schedules/${id}`)).json.data;
    expect(told.last_run).toMatchObject({ status: 'failed', error: { code: 'mail_refused' } });
    expect(mail.messages).toEqual([]);
    expect((await runsOf(id))[0]!.attempts).toBe(PAUSES_S.length);
    clock.now = realNow;
    await world.ana.delete(`/api/reports/schedules/${id}`);
  });

  it('whose file was taken from the list before it was sent ends with a sentence', async () => {
    const { id } = await scheduled(world.ana);
    mail.refuses = true;
    expect((await sentNow(world.ana, id)).last_run.status).toBe('making');
    const [{ export: file }] = (await runsOf(id)) as [ReportScheduleRun];
    expect((await world.ana.form(`/reports/exports/${file}/cancel`, { remove: 'yes' })).status).toBe(303);
    later(PAUSES_S[0]! * 1000 + 30_000);
    await set(id, { nextRunAt: new Date('2999-01-01T00:00:00Z') });
    expect((await settled(world.ana, id)).last_run).toMatchObject({ status: 'failed', error: { code: 'cancelled' } });
    await world.ana.delete(`/api/reports/schedules/${id}`);
  });

  it('of a user who is disabled is not sent, and the administrator reads why', async () => {
    const { id } = await scheduled(world.mara);
    const status = (to: 'active' | 'disabled') =>
      world.write(world.school, async (tx) => {
        (await tx.findOneOrFail(User, { id: world.school.user.mara!.id })).status = to as never;
      });
    await status('disabled');
    const told = await sentNow(world.ana, id);
    await status('active');
    expect(told.last_run).toMatchObject({ status: 'not_allowed', error: { code: 'permission_denied' } });
    expect(mail.messages).toEqual([]);
    expect((await world.ana.delete(`/api/reports/schedules/${id}`)).status).toBe(200);
  });

  it('cannot be sent by a server without mail, and the page says what to do', async () => {
    const mute = await World.open({ config: { dataFolder: own.dataFolder } });
    try {
      expect((await mute.ana.get('/reports/schedules')).body).toContain('SMTP_URL');
    } finally {
      await mute.close();
    }
  });
});

describe('the door of schedules', () => {
  it('takes, changes, pauses and removes one', async () => {
    const made = await scheduled(world.bruno, { every: 'week', weekday: 5 });
    expect(made).toMatchObject({ user_id: world.school.user.bruno!.id, weekday: 5, last_run: null, is_active: true });
    const path = `/api/reports/schedules/${made.id}`;
    const changed = (await world.bruno.put(path, { every: 'month', day_of_month: 31, is_active: false })).json.data;
    expect(changed).toMatchObject({ every: 'month', day_of_month: 31, is_active: false, next_run_at: null });
    expect((await world.bruno.get('/api/reports/schedules')).json.meta.total).toBe(1);
    expect((await world.bruno.delete(path)).status).toBe(200);
    expect((await world.bruno.get(path)).status).toBe(404);
  });

  it.each([
    ['report', { report: 'nothing' }],
    ['format', { format: 'exe' }],
    ['range', { range: 'this_term' }],
    ['weekday', { every: 'week' }],
    ['day_of_month', { every: 'month' }],
    ['local_time', { local_time: '24:00' }],
    ['group_id', { filters: { group_id: 999_999_999 } }],
    ['recipients', { recipients: [999_999_999] }],
  ])('refuses what could never be sent: %s', async (field, more) => {
    const answer = await world.ana.post('/api/reports/schedules', { ...daily, ...more });
    expect(answer.status).toBe(422);
    expect(answer.json.errors.map((each: any) => each.field)).toContain(field);
  });

  it('sends to nobody who may see less', async () => {
    const recipients = [world.school.user.bruno!.id];
    expect((await world.ana.post('/api/reports/schedules', { ...daily, recipients })).status).toBe(422);
  });

  it('is closed to whoever may not export, and shows nobody the schedules of others', async () => {
    const { id } = await scheduled(world.mara);
    expect((await world.emil.post('/api/reports/schedules', daily)).status).toBe(403);
    expect((await world.bruno.get(`/api/reports/schedules/${id}`)).status).toBe(404);
    expect((await world.clara.get(`/api/reports/schedules/${id}`)).status).toBe(404);
    expect((await world.ana.get(`/api/reports/schedules/${id}`)).status).toBe(200);
    await world.ana.delete(`/api/reports/schedules/${id}`);
  });

  it('has a form that keeps what was typed', async () => {
    const form = { ...daily, local_time: '25:00', weekday: '1', day_of_month: '1' };
    const refused = await world.ana.post('/reports/schedules/new', form);
    expect(refused.status).toBe(422);
    expect(refused.body).toContain('value="25:00"');
    const taken = await world.ana.post('/reports/schedules/new', { ...form, local_time: '06:30' });
    expect(taken.status).toBe(303);
    const [made] = (await world.ana.get('/api/reports/schedules')).json.data.slice(-1);
    expect(made).toMatchObject({ local_time: '06:30', every: 'day', weekday: null });
    expect((await world.ana.get(`/reports/schedules/${made.id}`)).body).toContain('value="06:30"');
    expect((await world.ana.post(`/reports/schedules/${made.id}/pause`, {})).status).toBe(303);
    expect((await world.ana.get(`/reports/schedules/${made.id}/remove`)).status).toBe(200);
    expect((await world.ana.post(`/reports/schedules/${made.id}/remove`, {})).status).toBe(303);
    expect((await world.ana.get(`/api/reports/schedules/${made.id}`)).status).toBe(404);
  });
});
