/**
 * The floor: how fast this machine could be at best. A bare node:http program that runs the statements that the
 * application sends (taken down by prepare.ts) on the same database with better-sqlite3, and writes the bytes that the
 * application answers from template strings: no sign-in, no rights, no audit, no framework.
 *
 *   GET  /page            the roll call of 500
 *   POST /mark            one mark: op_id and participant_id as a form
 *   POST /insert?to=N     the rows of an act of 500 marks (cells, receipts, audit rows) once more, by plain INSERTs
 *
 * Usage: node bench/floor.ts prepared.json; prints its port.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { randomUUID } from 'node:crypto';
import Database from 'better-sqlite3';
import nunjucks from 'nunjucks';
import type { Prepared, Statement } from './prepare.ts';

const prepared = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as Prepared & { databaseFile: string };
const database = new Database(prepared.databaseFile, { timeout: 5000 });
database.pragma('journal_mode = WAL');
database.pragma('synchronous = FULL');
database.pragma('foreign_keys = ON');
database.pragma('cache_size = -32000');

const escape = (nunjucks as any).lib.escape as (text: string) => string;

interface Row {
  id: number;
  first_name: string;
  last_name: string;
  identifier: string;
  revision: number | null;
  state: string | null;
  has_note: number;
}

const ready = ({ sql, params }: Statement) => ({ run: database.prepare(sql), params });

// The page: the parts before, between and after the rows, and one template for each kind of row.
const statements = prepared.page.statements.map(ready);
const register = statements.findIndex(({ run }) => run.reader && run.columns().some(({ name }) => name === 'has_note'));
const rows = statements[register]!.run.all(...statements[register]!.params) as Row[];
const html = prepared.page.html;
const pieces = html.match(/<li id="?p\d+.*?<\/li>/gs) ?? [];
if (pieces.length !== rows.length) throw new Error(`the page shows ${pieces.length} rows, not ${rows.length}`);
const before = html.slice(0, html.indexOf(pieces[0]!));
const after = html.slice(html.lastIndexOf(pieces.at(-1)!) + pieces.at(-1)!.length);
const gap = html.slice(html.indexOf(pieces[0]!) + pieces[0]!.length, html.indexOf(pieces[1]!));
const kindOf = (row: Row) => `${row.state} ${row.revision} ${row.has_note}`;
const initials = (row: Row) => ([...row.first_name][0]! + [...row.last_name][0]!).toUpperCase();
const templates = new Map<string, string[]>();
rows.forEach((row, at) => {
  if (templates.has(kindOf(row))) return;
  const parts = pieces[at]!.replace(`>${escape(row.first_name)}`, '>\0first')
    .replace(`>${escape(row.last_name)}`, '>\0last')
    .replace(row.identifier, '\0identifier')
    .replace(`data-i="${initials(row)}"`, 'data-i="\0initials"')
    .replaceAll(new RegExp(`(?<=[^\\d])${row.id}(?=[^\\d])`, 'g'), '\0id');
  templates.set(kindOf(row), parts.split('\0'));
});

function line(row: Row): string {
  const parts = templates.get(kindOf(row))!;
  let text = parts[0]!;
  for (let at = 1; at < parts.length; at++) {
    const part = parts[at]!;
    if (part.startsWith('id'))
      text += part.startsWith('identifier') ? row.identifier + part.slice(10) : row.id + part.slice(2);
    else if (part.startsWith('first')) text += escape(row.first_name) + part.slice(5);
    else if (part.startsWith('last')) text += escape(row.last_name) + part.slice(4);
    else text += initials(row) + part.slice(8);
  }
  return text;
}

function page(): string {
  let text = before;
  statements.forEach(({ run, params }, at) => {
    const found = run.all(...params);
    if (at === register) text += (found as Row[]).map(line).join(gap);
  });
  return text + after;
}
if (page() !== html) throw new Error('the floor does not write the same page');

// One mark.
const steps = prepared.mark.statements.map((statement) =>
  /^(begin|commit)/i.test(statement.sql) ? statement.sql : ready(statement),
);
const { second } = prepared.captured;
const answer = prepared.mark.answer.split(new RegExp(`(?<=\\D)${second}(?=\\D)`));
const begin = database.prepare('begin immediate');
const commit = database.prepare('commit');

function mark(body: string): string {
  const form = new URLSearchParams(body);
  const participant = Number(form.get('participant_id'));
  const op = form.get('op_id');
  for (const step of steps) {
    if (typeof step === 'string') {
      if (step.startsWith('begin')) begin.run();
      else commit.run();
      continue;
    }
    const values = step.params.map((each) => (each === '{participant}' ? participant : each === '{op}' ? op : each));
    if (step.run.reader) step.run.all(...values);
    else step.run.run(...values);
  }
  return answer.join(String(participant));
}

// Five hundred marks: the rows of the act that was done last, inserted again for another session.
const copied = ['presence_records', 'presence_operations', 'audit_logs'] as const;
const inserts = new Map<string, Database.Statement>();

function rowsOfAct(session: number): Record<string, Record<string, unknown>[]> {
  const all = (sql: string) => database.prepare(sql).all(session) as Record<string, unknown>[];
  return {
    presence_records: all('select * from presence_records where session_id = ?'),
    presence_operations: all('select * from presence_operations where session_id = ?'),
    audit_logs: all(
      `select a.* from audit_logs a join presence_records r on r.organization_id = a.organization_id
          and a.table_name = 'presence_records' and r.id = a.record_id where r.session_id = ?
         group by a.record_id`,
    ),
  };
}

/** Makes everything ready first; what is measured is the transaction alone. @returns ms */
function insert(from: number, to: number): number {
  const act = rowsOfAct(from);
  const work = copied.map((table) => {
    const found = act[table]!.map(({ id: _, ...row }): Record<string, unknown> => {
      if ('session_id' in row) row.session_id = to;
      if ('op_id' in row) row.op_id = randomUUID();
      return row;
    });
    const columns = Object.keys(found[0]!);
    const places = `(${columns.map(() => '?').join(',')})`;
    const sql = `insert into ${table} (${columns.map((name) => `"${name}"`).join(',')}) values ${found.map(() => places).join(',')}`;
    const run = inserts.get(sql) ?? database.prepare(sql);
    inserts.set(sql, run);
    return { run, values: found.flatMap((row) => columns.map((name) => row[name])) };
  });
  const started = performance.now();
  begin.run();
  for (const { run, values } of work) run.run(...values);
  commit.run();
  return performance.now() - started;
}

const server = createServer((request, response) => {
  const send = (text: string) => {
    const bytes = Buffer.from(text);
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-length': bytes.length });
    response.end(bytes);
  };
  if (request.method === 'GET') return send(page());
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const url = new URL(request.url!, 'http://floor');
    if (url.pathname === '/mark') return send(mark(Buffer.concat(chunks).toString('utf8')));
    send(String(insert(Number(url.searchParams.get('from')), Number(url.searchParams.get('to')))));
  });
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as { port: number }).port));
process.on('SIGTERM', () => process.exit(0));
