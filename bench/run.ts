/**
 * npm run bench              the whole table (about ten minutes)
 * npm run bench -- --quick   smaller, in less than a minute
 * npm run bench -- --write   also writes docs/performance.md
 * npm run bench -- --only reports   the reports and files alone
 * BENCH_MYSQL_URL=mysql://root@127.0.0.1:3306   the application on MySQL too (on a database of its own, dropped before)
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomUUID } from 'node:crypto';
import { Client, median, pagesPerSecond, quantile } from './client.ts';
import { exportLines } from './exports.ts';
import { importPeople } from './import.ts';
import { liveLines } from './live.ts';
import { keep, markOf, PEOPLE, prepare, secretFor, type Prepared } from './prepare.ts';
import { administratorOf, PASSWORD, reportLines } from './reports.ts';
import { searchLines } from './search.ts';
import { syncLines } from './sync.ts';
import { residentMb, startApp, startFloor, type Running } from './process.ts';
import { machine, print, write, type Line, type Section } from './table.ts';

const quick = process.argv.includes('--quick');
const size = quick
  ? {
      past: 2,
      pages: 20,
      throughput: 1200,
      marks: 40,
      crowd: 4000,
      acts: 3,
      import: 3000,
      settle: 5000,
      drains: 1,
      live: 10,
      search: 10_000,
      reports: [
        { records: 2000, people: 200 },
        { records: 20_000, people: 1000 },
      ],
      rounds: 1,
    }
  : {
      past: 20,
      pages: 60,
      throughput: 6000,
      marks: 150,
      crowd: 20_000,
      acts: 9,
      import: 50_000,
      settle: 60_000,
      drains: 3,
      live: 60,
      search: 100_000,
      reports: [
        { records: 10_000, people: 1000 },
        { records: 1_000_000, people: 10_000 },
      ],
      rounds: 8,
    };
const only = process.argv[process.argv.indexOf('--only') + 1] === 'reports';

const ms = (value: number) => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
const kb = (bytes: number) => `${Math.round(bytes / 1000)} KB`;
const times = (value: number) => `${value.toFixed(value < 1 ? 2 : 1)}x`;
const say = (text: string) => process.stderr.write(`${text}\n`);

/** Everything that is measured on one database. */
async function measure(databaseUrl: string, prepared: Prepared, floorInput: string | null): Promise<Line[]> {
  const lines: Line[] = [];
  const fresh = [...prepared.fresh];
  const page = `/sessions/${prepared.shown}`;

  // Cold start: the process, its modules, the database, the first page.
  const starts: number[] = [];
  let app!: Running;
  for (let at = 0; at < (quick ? 1 : 3); at++) {
    if (at > 0) await app.stop();
    const started = performance.now();
    app = await startApp(databaseUrl, secretFor(databaseUrl));
    const client = new Client(app.port, prepared.cookie);
    await expect200(client, page);
    starts.push(performance.now() - started);
    client.close();
  }
  const floor = floorInput === null ? null : await startFloor(floorInput);
  const client = new Client(app.port, prepared.cookie);
  const bare = floor && new Client(floor.port, '');
  try {
    say('roll call of 500, alone');
    const alone: number[] = [];
    const aloneFloor: number[] = [];
    for (let at = 0; at < size.pages + 10; at++) {
      const one = await expect200(client, page);
      const other = bare && (await expect200(bare, '/page'));
      if (at < 10) continue;
      alone.push(one.ms);
      if (other) aloneFloor.push(other.ms);
    }
    const base = floor ? median(aloneFloor) : NaN;
    lines.push({
      what: `Roll call of ${PEOPLE}, alone`,
      target: floor ? 'at most 3x the floor' : '',
      measured: ms(median(alone)),
      ...(floor ? { floor: ms(base), ratio: times(median(alone) / base) } : {}),
      ok: !floor || median(alone) <= 3 * base,
    });

    say('roll call of 500, 50 at once');
    const rates: number[] = [];
    const ratesFloor: number[] = [];
    let errors = 0;
    for (let round = 0; round < 3; round++) {
      const one = await pagesPerSecond(app.port, page, prepared.cookie, 50, size.throughput);
      errors += one.errors;
      rates.push(one.perSecond);
      if (floor) ratesFloor.push((await pagesPerSecond(floor.port, '/page', '', 50, size.throughput)).perSecond);
    }
    const share = floor ? median(rates) / median(ratesFloor) : NaN;
    lines.push({
      what: `Roll call of ${PEOPLE}, 50 people at once`,
      target: floor ? 'at least 0.25x the floor, no error' : 'no error',
      measured: `${median(rates).toFixed(0)} pages/s, ${errors} errors`,
      ...(floor ? { floor: `${median(ratesFloor).toFixed(0)} pages/s`, ratio: times(share) } : {}),
      ok: errors === 0 && (!floor || share >= 0.25),
    });

    if (floor) lines.push(...(await weigh(client, page)));

    say('one mark, alone');
    const marks: number[] = [];
    const marksFloor: number[] = [];
    const target = fresh.shift()!;
    const others = prepared.people.filter(
      (each) => each !== prepared.captured.first && each !== prepared.captured.second,
    );
    for (const participant of others.slice(0, size.marks + 5)) {
      const one = await client.send('POST', `/sessions/${target}/presence`, markOf(participant, randomUUID()));
      if (one.status !== 200) throw new Error(`a mark was answered ${one.status}: ${one.text.slice(0, 300)}`);
      marks.push(one.ms);
      if (bare) marksFloor.push((await bare.send('POST', '/mark', markOf(participant, randomUUID()))).ms);
    }
    const [mark, markFloor] = [median(marks.slice(5)), median(marksFloor.slice(5))];
    lines.push({
      what: 'One mark, alone',
      target: floor ? 'at most 6x the floor' : '',
      measured: ms(mark),
      ...(floor ? { floor: ms(markFloor), ratio: times(mark / markFloor) } : {}),
      ok: !floor || mark <= 6 * markFloor,
    });

    say('50 people marking at once');
    // Their pages are open: the connections stand before the first mark.
    await Promise.all(Array.from({ length: 50 }, () => client.send('GET', '/health/live')));
    for (const pause of [1000, 0]) {
      const crowd = await markTogether(client, prepared, fresh.shift()!, 50, size.crowd, pause);
      const p95 = quantile(crowd.times, 0.95);
      lines.push({
        what: `50 people marking at once for ${size.crowd / 1000} s, ${pause ? 'each once a second' : 'without any pause'}`,
        target: '0 errors, p95 at most 100 ms',
        measured: `${crowd.errors} errors, p95 ${ms(p95)}, ${crowd.perSecond.toFixed(0)} marks/s`,
        ok: crowd.errors === 0 && p95 <= 100,
      });
    }

    say('500 marks in one act');
    const acts: number[] = [];
    const answers: number[] = [];
    const inserts: number[] = [];
    for (let at = 0; at <= size.acts; at++) {
      const session = fresh.shift()!;
      const form = { batch_id: randomUUID(), scope: 'unmarked', presence_state: 'present' };
      // The plain form: the act, without drawing 500 rows for its answer.
      const act = await client.send('POST', `/sessions/${session}/presence/bulk`, { form });
      if (act.status !== 303) throw new Error(`the act was answered ${act.status}: ${act.text.slice(0, 300)}`);
      const again = fresh.shift()!;
      const headers = markOf(0, '').headers;
      const whole = await client.send('POST', `/sessions/${again}/presence/bulk`, {
        form: { ...form, batch_id: randomUUID() },
        headers,
      });
      if (whole.status !== 200) throw new Error(`the act was answered ${whole.status}`);
      if (bare) {
        const copy = fresh.at(-1 - at)!;
        inserts.push(Number((await bare.send('POST', `/insert?from=${session}&to=${copy}`)).text));
      }
      acts.push(act.ms);
      answers.push(whole.ms);
    }
    const [act, plain] = [median(acts.slice(1)), median(inserts.slice(1))];
    lines.push({
      what: '500 marks in one act',
      target: floor ? 'at most 4x plain INSERTs' : '',
      measured: `${ms(act)} (with its 500 rows drawn: ${ms(median(answers.slice(1)))})`,
      ...(floor ? { floor: ms(plain), ratio: times(act / plain) } : {}),
      ok: !floor || act <= 4 * plain,
    });

    say('open roll calls of others');
    lines.push(...(await liveLines(app.port, prepared, fresh.shift()!, databaseUrl, size.live)));

    say('devices that come back');
    lines.push(...(await syncLines(app.port, prepared, fresh, databaseUrl, size.drains)));

    await floor?.stop();
    say(`import of ${size.import} people`);
    lines.push(...(await importLines(app, prepared, fresh.shift()!)));

    say(`memory after ${size.settle / 1000} s`);
    await sleep(size.settle);
    const memory = residentMb(app.pid);
    lines.push({
      what: `Memory of the serving process, ${size.settle / 1000} s after all this`,
      target: 'at most 250 MB',
      measured: `${memory.toFixed(0)} MB`,
      ok: memory <= 250,
    });
    lines.push({
      what: 'Cold start to the first page (the roll call)',
      target: 'at most 3 s',
      measured: `${(median(starts) / 1000).toFixed(1)} s`,
      ok: median(starts) <= 3000,
    });
    return lines;
  } finally {
    client.close();
    bare?.close();
    await floor?.stop();
    await app.stop();
  }
}

async function expect200(client: Client, path: string) {
  const answer = await client.send('GET', path);
  if (answer.status !== 200) throw new Error(`${path} was answered ${answer.status}: ${answer.text.slice(0, 300)}`);
  return answer;
}

/** How heavy the page is. */
async function weigh(client: Client, page: string): Promise<Line[]> {
  const raw = await client.send('GET', page);
  const brotli = await client.send('GET', page, { encoding: 'br' });
  const [row = ''] = /<li id="?p\d+.*?<\/li>/s.exec(raw.text) ?? [];
  const elements = [...row.matchAll(/<[a-z]/g)].length;
  const files = [...raw.text.matchAll(/(?:src|href)="(\/static\/[^"]+)"/g)].map((match) => match[1]!);
  let first = brotli.bytes;
  for (const file of new Set(files)) first += (await client.send('GET', file, { encoding: 'br' })).bytes;
  const line = (what: string, target: string, measured: string, ok: boolean) => ({ what, target, measured, ok });
  return [
    line('Page of 500, raw', 'at most 330 KB', kb(raw.bytes), raw.bytes <= 330_000),
    line('Page of 500, brotli as sent', 'at most 24 KB', kb(brotli.bytes), brotli.bytes <= 24_000),
    line('Elements in a row', 'at most 18', String(elements), elements > 0 && elements <= 18),
    line('First load of everything, compressed', 'at most 120 KB', kb(first), first <= 120_000),
  ];
}

const STATES = ['present', 'late', 'absent', 'excused'];

/** So many people mark, each his own share of one register, for so long. @param pause between two marks of one, ms */
async function markTogether(
  client: Client,
  prepared: Prepared,
  session: number,
  people: number,
  duration: number,
  pause: number,
  until: () => boolean = () => false,
) {
  const end = performance.now() + duration;
  const each = Math.floor(PEOPLE / people);
  const taken: number[] = [];
  let errors = 0;
  const started = performance.now();
  await Promise.all(
    Array.from({ length: people }, async (_, person) => {
      const own = prepared.people.slice(person * each, (person + 1) * each);
      if (pause > 0) await sleep((pause * person) / people);
      for (let round = 0; performance.now() < end && !until(); round++) {
        const participant = own[round % own.length]!;
        const revision = Math.floor(round / own.length);
        try {
          const mark = markOf(participant, randomUUID(), STATES[revision % STATES.length], revision);
          const answer = await client.send('POST', `/sessions/${session}/presence`, mark);
          if (answer.status !== 200) errors++;
          taken.push(answer.ms);
        } catch {
          errors++;
        }
        if (pause > 0) await sleep(pause);
      }
    }),
  );
  return { times: taken, errors, perSecond: (taken.length * 1000) / (performance.now() - started) };
}

async function importLines(app: Running, prepared: Prepared, session: number): Promise<Line[]> {
  const client = new Client(app.port, prepared.cookie);
  try {
    let done = false;
    const before = residentMb(app.pid);
    const work = importPeople(app.port, prepared.admin, size.import, () => residentMb(app.pid)).finally(() => {
      done = true;
    });
    const [outcome, marks] = await Promise.all([
      work,
      markTogether(client, prepared, session, 10, 300_000, 200, () => done),
    ]);
    const p95 = quantile(marks.times, 0.95);
    return [
      {
        what: `Import of ${size.import.toLocaleString('en')} people`,
        target: 'at least 3,000 rows/s',
        measured: `${outcome.rowsPerSecond.toFixed(0)} rows/s (${outcome.summary})`,
        ok: outcome.rowsPerSecond >= 3000 && outcome.complete,
      },
      {
        what: 'Memory of the whole process during the import',
        target: 'at most 300 MB',
        measured: `${outcome.memoryMb.toFixed(0)} MB (${before.toFixed(0)} MB before)`,
        ok: outcome.memoryMb <= 300,
      },
      {
        what: 'Marks of 10 people during the import',
        target: '0 errors, p95 at most 100 ms',
        measured: `${marks.times.length} marks, ${marks.errors} errors, p95 ${ms(p95)}`,
        ok: marks.errors === 0 && p95 <= 100,
      },
    ];
  } catch (error) {
    const measured = `failed: ${error instanceof Error ? error.message : String(error)}`;
    return [{ what: 'Import', target: 'at least 3,000 rows/s', measured, ok: false }];
  } finally {
    client.close();
  }
}

async function reportsAndFiles(databaseUrl: string): Promise<Line[]> {
  const { records } = size.reports.at(-1)!;
  say(`reports of ${records} marks`);
  const lines = await reportLines(databaseUrl, size.reports, size.rounds);
  say(`files of ${records} marks`);
  const asked = { email: administratorOf(records), password: PASSWORD, least: records * 0.9 };
  return [...lines, ...(await exportLines(databaseUrl, asked))];
}

async function onSqlite(): Promise<Section> {
  const folder = mkdtempSync(join(tmpdir(), 'omnipresence-bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'bench.db');
  const lines: Line[] = [];
  if (!only) {
    say('preparing the database');
    const prepared = await prepare(`sqlite:${file}`, size.past);
    const input = join(folder, 'prepared.json');
    keep(prepared, file, input);
    lines.push(...(await measure(`sqlite:${file}`, prepared, input)));
    say(`searches among ${size.search} people`);
    lines.push(...(await searchLines(`sqlite:${file}`, size.search, 5)));
  }
  const reports = await reportsAndFiles(`sqlite:${join(folder, 'reports.db')}`);
  const { default: Database } = await import('better-sqlite3');
  const version = (new Database(':memory:').prepare('select sqlite_version() v').get() as { v: string }).v;
  return {
    title: 'Embedded database',
    about: machine(`SQLite ${version} through better-sqlite3 (WAL, synchronous=FULL)`),
    lines,
    reports,
  };
}

async function onMysql(server: string): Promise<Section> {
  const { createConnection } = await import('mysql2/promise');
  const connection = await createConnection(server);
  const databases = ['omnipresence_bench', 'omnipresence_bench_reports'];
  const drop = async () => {
    for (const name of databases) await connection.query(`drop database if exists ${name}`);
  };
  await drop();
  const [[row]] = (await connection.query('select version() as v')) as unknown as [[{ v: string }]];
  const [url, reportsUrl] = databases.map((name) => `${server.replace(/\/+$/, '')}/${name}`) as [string, string];
  try {
    const lines: Line[] = [];
    if (!only) {
      say('preparing the database on MySQL');
      lines.push(...(await measure(url, await prepare(url, size.past), null)));
      say(`searches among ${size.search} people`);
      lines.push(...(await searchLines(url, size.search, 5)));
    }
    const reports = await reportsAndFiles(reportsUrl);
    return { title: 'MySQL', about: machine(`MySQL ${row.v}`), lines, reports };
  } finally {
    await drop();
    await connection.end();
  }
}

const sections = [await onSqlite()];
if (process.env.BENCH_MYSQL_URL) sections.push(await onMysql(process.env.BENCH_MYSQL_URL));
for (const { title, about, lines, reports } of sections) {
  print(`${title}${quick ? ' (quick: rough figures)' : ''}`, [...lines, ...reports]);
  console.log(
    `\n  ${Object.entries(about)
      .map(([name, value]) => `${name}: ${value}`)
      .join(' · ')}`,
  );
}
if (process.argv.includes('--write')) for (const path of write(sections)) console.log(`Wrote ${path}`);
process.exit(0);
