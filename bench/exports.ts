/**
 * Files made by the worker: rows a second from asking to the whole file, the memory of the worker, which does nothing
 * else, and what other people notice while a long report is set on paper. To be run on a database that bench/reports.ts
 * has filled.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, quantile } from './client.ts';
import { secretFor } from './prepare.ts';
import { ownMb, residentMb, startApp } from './process.ts';
import type { Line } from './table.ts';

/** @param email of an administrator @param least rows that the file must have, so that the figure means something */
export async function exportLines(
  databaseUrl: string,
  { email, password, least }: { email: string; password: string; least: number },
): Promise<Line[]> {
  const app = await startApp(databaseUrl, secretFor(databaseUrl));
  const client = new Client(app.port, '');
  try {
    const login = await client.send('POST', '/api/auth/login', { json: { email, password } });
    if (login.status !== 200) throw new Error(`could not sign in: ${login.status} ${login.text}`);
    client.cookie = login.cookie!;
    // The worker is started for the first file, and stays for the next ones.
    await fileOf(client, app.pid, { report: 'groups' });
    const lines: Line[] = [];
    for (const format of ['csv', 'xlsx'] as const) {
      const { job, seconds, memory } = await fileOf(client, app.pid, { report: 'presence', format });
      const tooMany = format === 'xlsx' && job.error?.code === 'too_many_rows';
      const rate = job.total / seconds;
      lines.push({
        what: `File of all ${Number(job.total).toLocaleString('en')} marks, ${format.toUpperCase()}`,
        target: format === 'csv' ? 'at least 100,000 rows/s, worker at most 150 MB of its own' : '',
        measured: tooMany
          ? 'more rows than a workbook has: refused'
          : `${Math.round(rate).toLocaleString('en')} rows/s, ${seconds.toFixed(1)} s, ${(job.bytes / 1e6).toFixed(0)} MB; ${memoryText(memory)}`,
        ok:
          tooMany ||
          (job.status === 'done' && job.total >= least && (format !== 'csv' || (rate >= 100_000 && memory.own <= 150))),
      });
    }
    lines.push(await paperLine(client, app.pid));
    return lines;
  } finally {
    client.close();
    await app.stop();
  }
}

/** About a hundred pages of absentees, while somebody else opens pages. */
async function paperLine(client: Client, pid: number): Promise<Line> {
  const day = (back: number) => new Date(Date.now() - back * 86_400_000).toISOString().slice(0, 10);
  const others: number[] = [];
  let made = false;
  const meanwhile = (async () => {
    while (!made) {
      const answer = await client.send('GET', '/');
      if (answer.status !== 200) throw new Error(`the first page was answered ${answer.status}`);
      others.push(answer.ms);
      await sleep(20);
    }
  })();
  const filters = { from: day(100), to: day(0) };
  const { job, seconds, memory } = await fileOf(client, pid, { report: 'absentees', format: 'pdf', filters });
  made = true;
  await meanwhile;
  const file = await client.send('GET', job.url);
  const pages = file.text.split('/Type /Page\n').length - 1;
  const p95 = quantile(others, 0.95);
  return {
    what: `PDF of ${pages} pages, and the first page of somebody else meanwhile`,
    target: '100 pages in at most 10 s, p95 of others at most 100 ms',
    measured: `${seconds.toFixed(1)} s, ${memoryText(memory)}; others p95 ${Math.round(p95)} ms`,
    ok: job.status === 'done' && (seconds * 100) / Math.max(pages, 100) <= 10 && p95 <= 100,
  };
}

async function fileOf(client: Client, pid: number, body: object) {
  const memory = { own: 0, resident: 0 };
  const watch = setInterval(() => {
    for (const child of childrenOf(pid)) {
      memory.own = Math.max(memory.own, ownMb(child));
      memory.resident = Math.max(memory.resident, residentMb(child));
    }
  }, 50);
  const started = performance.now();
  try {
    const asked = await client.send('POST', '/api/reports/exports', { json: body });
    if (asked.status !== 202) throw new Error(`no file: ${asked.status} ${asked.text}`);
    const { id } = JSON.parse(asked.text).data;
    for (;;) {
      await sleep(50);
      const { data } = JSON.parse((await client.send('GET', `/api/reports/exports/${id}`)).text);
      if (data.status === 'queued' || data.status === 'running') continue;
      return { job: data, seconds: (performance.now() - started) / 1000, memory };
    }
  } finally {
    clearInterval(watch);
  }
}

const memoryText = ({ own, resident }: { own: number; resident: number }) =>
  `worker ${own.toFixed(0)} MB of its own, ${resident.toFixed(0)} MB with the program`;

/** @returns the processes that this one started (Linux; elsewhere none) */
function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/).filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
