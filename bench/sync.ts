/** The door of devices under load: one device on a bad network, and fifty that come back at once. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { Client } from './client.ts';
import type { DeviceOrder } from './sync-device.ts';
import type { Prepared } from './prepare.ts';
import type { Line } from './table.ts';

const DEVICES = 50;
/** Marks of each: one batch. */
const MARKS = 100;
/** How many registers the devices of the crowd share. */
const REGISTERS = 10;

interface Handshake {
  client_id: string;
  user: { id: number };
  organization: { id: number };
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

/** @param fresh registers that nobody marked; 22 are taken */
export async function syncLines(
  port: number,
  prepared: Prepared,
  fresh: number[],
  databaseUrl: string,
  repeat: number,
): Promise<Line[]> {
  const client = new Client(port, prepared.cookie);
  try {
    const hello = JSON.parse((await client.send('GET', '/api/sync/handshake')).text) as Handshake;
    const links = [
      { name: '400 ms round trip', kilobits: Infinity },
      { name: '400 ms round trip, 400 kbit/s', kilobits: 400 },
    ];
    const lines: Line[] = [];
    for (const { name, kilobits } of links) {
      const order: Omit<DeviceOrder, 'session'> = {
        port,
        cookie: prepared.cookie,
        organization: hello.organization.id,
        user: hello.user.id,
        people: prepared.people,
        weather: { roundTrip: 400, bytesPerSecond: Math.min(kilobits * 125, 1e9), resets: 0 },
      };
      const drains: Drained[] = [];
      for (let at = 0; at < repeat; at++) drains.push(await drain({ ...order, session: fresh.shift()! }));
      drains.sort((a, b) => a.ms - b.ms);
      const { ms, requests, up } = drains[Math.floor(repeat / 2)]!;
      const lost = drains.reduce((sum, each) => sum + prepared.people.length - each.settled, 0);
      lines.push({
        what: `One device sends ${prepared.people.length} marks, ${name}`,
        target: kilobits === Infinity ? 'at most 8 s' : '',
        measured: `${seconds(ms)}, ${requests} requests, ${Math.round(up / 1000)} KB sent, ${lost} not applied`,
        ok: lost === 0 && (kilobits < Infinity || ms <= 8000),
      });
    }
    const registers = fresh.splice(0, REGISTERS);
    const crowd = await crowdSends(client, prepared, registers);
    const plain = await insertAgain(databaseUrl, registers, fresh.splice(0, REGISTERS));
    lines.push({
      what: `${DEVICES} devices send ${(DEVICES * MARKS).toLocaleString('en')} marks at once`,
      target: 'at most 30 s, 0 errors',
      measured: `${seconds(crowd.ms)}, ${crowd.errors} errors, ${Math.round((DEVICES * MARKS * 1000) / crowd.ms)} marks/s`,
      floor: seconds(plain),
      ratio: `${(crowd.ms / plain).toFixed(1)}x`,
      ok: crowd.errors === 0 && crowd.ms <= 30_000,
    });
    return lines;
  } finally {
    client.close();
  }
}

interface Drained {
  ms: number;
  settled: number;
  requests: number;
  up: number;
}

let bundle: Promise<string> | undefined;

/** The client of browsers as one file that Node can run. */
function deviceProgram(): Promise<string> {
  return (bundle ??= (async () => {
    const folder = mkdtempSync(join(tmpdir(), 'omnipresence-device-'));
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
    const outfile = join(folder, 'device.mjs');
    await build({
      entryPoints: [resolve(import.meta.dirname, 'sync-device.ts')],
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node26',
      outfile,
      logLevel: 'error',
    });
    return outfile;
  })());
}

async function drain(order: DeviceOrder): Promise<Drained> {
  const run = promisify(execFile);
  const flags = ['--disable-warning=ExperimentalWarning'];
  const { stdout } = await run(process.execPath, [...flags, await deviceProgram(), JSON.stringify(order)]);
  return JSON.parse(stdout) as Drained;
}

/** Fifty browsers of one teacher, each with its own hundred people, send what they hold at the same moment. */
async function crowdSends(client: Client, prepared: Prepared, registers: number[]) {
  const hellos: Handshake[] = [];
  // Without the cookie of a device each is a new one.
  for (let at = 0; at < DEVICES; at++)
    hellos.push(JSON.parse((await client.send('GET', '/api/sync/handshake')).text) as Handshake);
  const share = DEVICES / REGISTERS;
  const batches = hellos.map((hello, at) => {
    const people = prepared.people.slice((at % share) * MARKS, ((at % share) + 1) * MARKS);
    const now = new Date().toISOString();
    return {
      protocol: 1,
      batch_id: randomUUID(),
      client_id: hello.client_id,
      organization_id: hello.organization.id,
      author_id: hello.user.id,
      sent_at: now,
      max_seq: MARKS,
      operations: people.map((participant, index) => ({
        op_id: randomUUID(),
        seq: index + 1,
        kind: 'presence',
        session_id: registers[Math.floor(at / share)],
        participant_id: participant,
        base: { revision: 0 },
        presence_state: 'present',
        note: null,
        arrived_at: null,
        left_at: null,
        recorded_at: now,
      })),
    };
  });
  let errors = 0;
  const started = performance.now();
  await Promise.all(
    batches.map(async (batch) => {
      const answer = await client.send('POST', '/api/sync', { json: batch }).catch(() => null);
      const results = answer?.status === 200 ? (JSON.parse(answer.text).results as { outcome: string }[]) : [];
      errors += MARKS - results.filter((result) => result.outcome === 'applied').length;
    }),
  );
  return { ms: performance.now() - started, errors };
}

type Row = Record<string, unknown>;
const TABLES = ['presence_records', 'presence_operations', 'audit_logs'] as const;
const SELECT = {
  presence_records: 'select * from presence_records where session_id = ?',
  presence_operations: 'select * from presence_operations where session_id = ?',
  audit_logs: `select a.* from audit_logs a join presence_records r on r.organization_id = a.organization_id
      and a.table_name = 'presence_records' and r.id = a.record_id where r.session_id = ?`,
};

/**
 * The floor: the same rows once more for other registers, by plain INSERTs, one transaction for each mark as at the door;
 * on SQLite by its one writer, on MySQL over as many connections as the application has.
 * @returns ms
 */
async function insertAgain(databaseUrl: string, from: number[], to: number[]): Promise<number> {
  const database = databaseUrl.startsWith('mysql') ? await mysql(databaseUrl) : await sqlite(databaseUrl.slice(7));
  const marks: { table: string; row: Row }[][] = [];
  for (const [at, session] of from.entries()) {
    const found = await Promise.all(TABLES.map((table) => database.select(SELECT[table], session)));
    found[0]!.forEach((_, index) => {
      const op = randomUUID();
      const copies = TABLES.map((table, which) => {
        const { id: _id, ...row } = found[which]![index]!;
        if ('session_id' in row) row.session_id = to[at];
        row.op_id = op;
        return { table, row };
      });
      marks.push(copies);
    });
  }
  const ms = await database.insert(marks);
  await database.close();
  return ms;
}

const statement = (table: string, row: Row) =>
  `insert into ${table} (${Object.keys(row)
    .map((name) => `\`${name}\``)
    .join(',')}) values (${Object.keys(row)
    .map(() => '?')
    .join(',')})`;

async function sqlite(file: string) {
  const { default: Database } = await import('better-sqlite3');
  const database = new Database(file, { timeout: 5000 });
  database.pragma('synchronous = FULL');
  database.pragma('foreign_keys = ON');
  return {
    select: async (sql: string, session: number) => database.prepare(sql).all(session) as Row[],
    insert: async (marks: { table: string; row: Row }[][]) => {
      const prepared = new Map(marks[0]!.map(({ table, row }) => [table, database.prepare(statement(table, row))]));
      const one = database.transaction((mark: { table: string; row: Row }[]) => {
        for (const { table, row } of mark) prepared.get(table)!.run(...Object.values(row));
      });
      const started = performance.now();
      for (const mark of marks) one.immediate(mark);
      return performance.now() - started;
    },
    close: async () => void database.close(),
  };
}

async function mysql(url: string) {
  const { createPool } = await import('mysql2/promise');
  const pool = createPool({ uri: url, connectionLimit: 12, dateStrings: true, timezone: 'Z' });
  return {
    select: async (sql: string, session: number) => (await pool.query(sql, [session]))[0] as Row[],
    insert: async (marks: { table: string; row: Row }[][]) => {
      const plain = (value: unknown) => (typeof value === 'object' && value !== null ? JSON.stringify(value) : value);
      const waiting = [...marks];
      const started = performance.now();
      await Promise.all(
        Array.from({ length: 12 }, async () => {
          const connection = await pool.getConnection();
          for (let mark = waiting.pop(); mark; mark = waiting.pop()) {
            await connection.query('begin');
            for (const { table, row } of mark)
              await connection.query(statement(table, row), Object.values(row).map(plain));
            await connection.query('commit');
          }
          connection.release();
        }),
      );
      return performance.now() - started;
    },
    close: () => pool.end(),
  };
}
