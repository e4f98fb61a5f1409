/**
 * Reports over years of marks: every page and its questions, beside the same question asked of the tables by plain SQL,
 * with few marks and with many. The marks are written past the product and then counted by its own job, as after an upgrade.
 */
import { MikroORM } from '@mikro-orm/core';
import { createApp } from '../dist/app.js';
import { hashPassword } from '../dist/auth/index.js';
import { makeNames } from '../dist/demo/names.js';
import { Place } from '../dist/demo/place.js';
import { Random } from '../dist/demo/random.js';
import { readConfig } from '../dist/platform/config.js';
import { TalliesJob } from '../dist/reports/tallies/tallies.job.js';
import { Client, median, quantile } from './client.ts';
import { secretFor } from './prepare.ts';
import { startApp } from './process.ts';
import type { Line } from './table.ts';

export const PASSWORD = 'bench-presence';
const DAY = 86_400_000;
const YEARS = 3;
/** A big group is marked every weekday, the small ones now and then. */
const BIG = 500;
const SMALL = 25;

const ms = (value: number) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
const times = (value: number) => `${value.toFixed(value < 1 ? 2 : 1)}x`;

interface Filled {
  organization: number;
  email: string;
  big: number;
  small: number;
  person: number;
  countedMs: number;
  records: number;
}

/** The administrator of the organization that was filled with so many marks. */
export const administratorOf = (records: number): string => `admin@reports-${records}.example`;

/** How long a page takes, in ms. */
interface Taken {
  what: string;
  limit: number;
  p50: number;
  p95: number;
  /** The same question of the marks themselves, over all of them. */
  plain: number | null;
}

/**
 * @param sizes about so many marks, of so many participants; the last one is the largest and must hold the targets
 * @param rounds each page so often
 */
export async function reportLines(
  databaseUrl: string,
  sizes: { records: number; people: number }[],
  rounds: number,
): Promise<Line[]> {
  const lines: Line[] = [];
  let before: { records: number; taken: Taken[] } | null = null;
  for (const { records, people } of sizes) {
    const filled = await fill(databaseUrl, records, people);
    const count = filled.records.toLocaleString('en');
    const taken = await ask(databaseUrl, filled, rounds);
    if (before) {
      const seconds = (filled.countedMs / 1000).toFixed(1);
      lines.push({ what: `Counting ${count} marks anew`, target: '', measured: `${seconds} s`, ok: true });
      for (const each of taken) {
        const few = before.taken.find(({ what }) => what === each.what)!;
        lines.push({
          what: `${each.what}, ${count} marks`,
          target: `p95 at most ${each.limit} ms`,
          measured: `p50 ${ms(each.p50)}, p95 ${ms(each.p95)}; of ${before.records.toLocaleString('en')} marks p50 ${ms(few.p50)}`,
          ...(each.plain === null ? {} : { floor: `plain SQL ${ms(each.plain)}`, ratio: times(each.p50 / each.plain) }),
          ok: each.p95 <= each.limit,
        });
      }
    }
    before = { records: filled.records, taken };
  }
  return lines;
}

async function fill(databaseUrl: string, records: number, people: number): Promise<Filled> {
  const app = await createApp(readConfig({ DATABASE_URL: databaseUrl, LOG_LEVEL: 'error', ...secretFor(databaseUrl) }));
  try {
    const orm = app.get(MikroORM);
    const random = new Random(records);
    const place = await Place.open(
      orm,
      { seed: 1, now: new Date(), scale: 1, days: 40 },
      {
        name: 'Reports School',
        slug: `reports-${records}`,
        domain: 'education',
        timeZones: ['Europe/Paris'],
        passwordHash: await hashPassword(PASSWORD),
      },
      random,
    );
    const email = administratorOf(records);
    await place.addUsers([{ email, firstName: 'Ada', lastName: 'Reports', role: 'administrator' }]);
    const ids: number[] = [];
    const names = makeNames(random, people);
    for (let at = 0; at < people; at += 5000)
      ids.push(
        ...(await place.addParticipants(
          names.slice(at, at + 5000).map((name, index) => ({ ...name, identifier: `R-${at + index}` })),
        )),
      );
    const big = Math.min(BIG, people);
    const parts = [ids.slice(0, big)];
    for (let at = big; at < people; at += SMALL) parts.push(ids.slice(at, at + SMALL));
    const groupIds = await place.addGroups(
      parts.map((_, at) => ({ name: at ? `Class ${at}` : 'Everybody', type: 'class' })),
    );
    const groups = parts.map((members, at) => ({ id: groupIds[at]!, members }));
    for (const group of groups)
      await place.addMembers(group.members.map((participant) => ({ group: group.id, participant })));
    const written = await writeMarks(orm, place.id, groups, records, random);
    const started = performance.now();
    await app.get(TalliesJob).keepAll();
    return {
      organization: place.id,
      email,
      big: groups[0]!.id,
      small: (groups[1] ?? groups[0]!).id,
      person: ids[0]!,
      countedMs: performance.now() - started,
      records: written,
    };
  } finally {
    await app.close();
  }
}

/** Sessions and marks as rows, a thousand in a statement. */
async function writeMarks(
  orm: any,
  organization: number,
  groups: { id: number; members: number[] }[],
  records: number,
  random: Random,
): Promise<number> {
  const connection = orm.em.getConnection();
  const mysql = orm.em.getPlatform().constructor.name === 'MySqlPlatform';
  const run = (sql: string, values: unknown[]) => connection.execute(sql, values, 'run');
  const time = (at: Date) => (mysql ? at.toISOString().slice(0, 23).replace('T', ' ') : at.getTime());
  const states = await connection.execute(
    'select id, category from presence_states where organization_id = ? order by sort_order',
    [organization],
    'all',
  );
  const stateOf = (category: string) => Number(states.find((state: any) => state.category === category).id);
  const [present, late, absent, excused] = ['present', 'late', 'absent', 'excused'].map(stateOf);
  const now = Date.now();
  const days = Array.from({ length: YEARS * 365 }, (_, at) => now - (YEARS * 365 - at) * DAY).filter((day) => {
    const weekday = new Date(day).getUTCDay();
    return weekday !== 0 && weekday !== 6;
  });
  const bigShare = Math.min(0.4, (days.length * groups[0]!.members.length) / records);
  const sessions: { group: (typeof groups)[number]; start: number }[] = [];
  const plan = (group: (typeof groups)[number], count: number) => {
    for (let at = 0; at < count; at++) {
      const day = days[Math.floor((at * days.length) / count)]!;
      const start = Math.floor(day / DAY) * DAY + (7 + Math.floor(random.next() * 8)) * 3_600_000;
      sessions.push({ group, start });
    }
  };
  plan(groups[0]!, Math.max(1, Math.round((records * bigShare) / groups[0]!.members.length)));
  const small = groups.slice(1);
  for (const group of small)
    plan(group, Math.max(1, Math.round((records * (1 - bigShare)) / small.length / group.members.length)));
  sessions.sort((a, b) => a.start - b.start);
  await connection.execute('select 1', [], 'all');
  const [{ last }] = await connection.execute('select coalesce(max(id), 0) as last from sessions', [], 'all');
  let next = Number(last) + 1;
  const at = time(new Date());
  let written = 0;
  let cells: unknown[] = [];
  const flush = async () => {
    const count = cells.length / 12;
    if (count === 0) return;
    await run(
      `insert into presence_records (organization_id, created_at, updated_at, session_id, participant_id, presence_state_id, revision, recorded_at, received_at, source, op_id, disputed, extra_data) values ${Array(count).fill("(?,?,?,?,?,?,1,?,?,?,?,?,'{}')").join(',')}`,
      cells.flatMap((_, index) => (index % 12 === 0 ? cells.slice(index, index + 11) : [])),
    );
    written += count;
    cells = [];
  };
  for (let from = 0; from < sessions.length; from += 500) {
    const part = sessions.slice(from, from + 500);
    await run(
      `insert into sessions (id, organization_id, created_at, updated_at, group_id, name, scheduled_start_at, scheduled_end_at, status, register_completed_at, detached, extra_data) values ${part.map(() => "(?,?,?,?,?,'Mathematics',?,?,'ended',?,0,'{}')").join(',')}`,
      part.flatMap(({ group, start }, index) => [
        next + index,
        organization,
        at,
        at,
        group.id,
        time(new Date(start)),
        time(new Date(start + 3_600_000)),
        random.next() < 0.97 ? time(new Date(start + 3_600_000)) : null,
      ]),
    );
    await run(
      `insert into session_days (organization_id, created_at, updated_at, session_id, group_id, time_zone) values ${part.map(() => "(?,?,?,?,?,'')").join(',')}`,
      part.flatMap(({ group }, index) => [organization, at, at, next + index, group.id]),
    );
    for (const [index, { group, start }] of part.entries()) {
      for (const member of group.members) {
        const dice = random.next();
        const state = dice < 0.9 ? present : dice < 0.94 ? late : dice < 0.98 ? absent : excused;
        const recorded = time(new Date(start + Math.floor(random.next() * 20) * 60_000));
        cells.push(
          organization,
          at,
          at,
          next + index,
          member,
          state,
          recorded,
          recorded,
          'api',
          crypto.randomUUID(),
          dice > 0.999 ? 1 : 0,
          null,
        );
      }
      if (cells.length >= 12 * 500) await flush();
    }
    next += part.length;
  }
  await flush();
  if (mysql) await connection.execute('analyze table presence_records, sessions, session_days', [], 'all');
  else await connection.execute('analyze', [], 'all');
  return written;
}

async function ask(databaseUrl: string, filled: Filled, rounds: number): Promise<Taken[]> {
  const app = await startApp(databaseUrl, secretFor(databaseUrl));
  const client = new Client(app.port, '');
  const plain = await plainSql(databaseUrl, filled);
  try {
    const signIn = await client.send('POST', '/api/auth/login', { json: { email: filled.email, password: PASSWORD } });
    client.cookie = signIn.cookie!;
    const day = (back: number) => new Date(Date.now() - back * DAY).toISOString().slice(0, 10);
    const ranges = [30, 200, 365, YEARS * 365 - 40].map((back) => `from=${day(back)}&to=${day(0)}`);
    const pages: Record<string, string[]> = {
      'Daily summary': ranges.map((range) => `summary?${range}`),
      'Summary by month': ranges.map((range) => `summary?period=month&${range}`),
      'By session': ranges.map((range) => `sessions?${range}`),
      'Rate by participant': ranges.map((range) => `attendance?${range}`),
      'Rate by participant and month': ranges.map((range) => `attendance?period=month&${range}`),
      'Rate by group': ranges.map((range) => `attendance?by=group&${range}`),
      Absentees: [`absentees?from=${day(1)}&to=${day(0)}`, ...ranges.map((range) => `absentees?${range}`)],
      'Absent in a row': ranges.map((range) => `consecutive-absences?${range}`),
      'Rate below a threshold': ranges.map((range) => `below-threshold?${range}`),
      'Registers not taken': ranges.map((range) => `not-taken?${range}`),
      'Late arrivals': ranges.map((range) => `late-arrivals?${range}`),
      'Statement of a person': ranges.map((range) => `statement?participant_id=${filled.person}&${range}`),
      'Weekdays and hours': ranges.map((range) => `trend?${range}`),
    };
    const narrowed = (paths: string[]) => paths.flatMap((path) => [path, `${path}&group_id=${filled.small}`]);
    const timed = async (path: string) => {
      const answer = await client.send('GET', `/reports/${path}`);
      if (answer.status !== 200)
        throw new Error(`/reports/${path} was answered ${answer.status}: ${answer.text.slice(0, 300)}`);
      return answer.ms;
    };
    const all: Taken[] = [];
    const measured = async (what: string, paths: string[], limit: number) => {
      const taken: number[] = [];
      const slowest = { path: '', ms: 0 };
      for (let round = 0; round <= rounds; round++)
        for (const path of paths) {
          const took = await timed(path);
          if (round === 0) continue;
          taken.push(took);
          if (took > slowest.ms) Object.assign(slowest, { path, ms: took });
        }
      const p95 = quantile(taken, 0.95);
      process.stderr.write(
        `${what}: p50 ${ms(median(taken))}, p95 ${ms(p95)}; slowest ${slowest.path} ${ms(slowest.ms)}\n`,
      );
      all.push({ what, limit, p50: median(taken), p95, plain: await plain.of(what) });
    };
    for (const [what, paths] of Object.entries(pages)) await measured(what, narrowed(paths), 300);
    const month = `matrix?group_id=${filled.big}&from=${day(30)}&to=${day(0)}`;
    await measured(`A month of ${BIG} people in a table`, [month], 500);
    return all;
  } finally {
    client.close();
    await plain.close();
    await app.stop();
  }
}

/** The same questions over three years, asked of the marks themselves. */
async function plainSql(databaseUrl: string, { organization, person }: Filled) {
  const app = await createApp(
    readConfig({ DATABASE_URL: databaseUrl, LOG_LEVEL: 'error', MIGRATE: 'off', ...secretFor(databaseUrl) }),
  );
  const connection = app.get(MikroORM).em.getConnection() as any;
  const marks = `from presence_records r join sessions x on x.organization_id = r.organization_id and x.id = r.session_id
    join presence_states s on s.organization_id = r.organization_id and s.id = r.presence_state_id
    where r.organization_id = ${organization} and x.status <> 'cancelled'`;
  const counts = `s.category, count(*) as marks, sum(r.disputed) as disputed`;
  const QUESTIONS: Record<string, string> = {
    'Daily summary': `select x.scheduled_start_at, ${counts} ${marks} group by x.scheduled_start_at, s.category`,
    'Rate by participant': `select r.participant_id, ${counts} ${marks} group by r.participant_id, s.category`,
    'Rate by group': `select x.group_id, ${counts} ${marks} group by x.group_id, s.category`,
    Absentees: `select r.id ${marks} and s.category = 'absent' order by x.scheduled_start_at desc limit 100`,
    'Statement of a person': `select r.id ${marks} and r.participant_id = ${person} order by x.scheduled_start_at desc limit 100`,
  };
  return {
    async of(what: string): Promise<number | null> {
      const sql = QUESTIONS[what];
      if (!sql) return null;
      const taken: number[] = [];
      for (let round = 0; round < 3; round++) {
        const started = performance.now();
        await connection.execute(sql, [], 'all');
        taken.push(performance.now() - started);
      }
      return median(taken);
    },
    close: () => app.close(),
  };
}
