/**
 * How soon a mark stands on the roll calls that others have open: from the moment in which it is sent until the row has
 * arrived at them, over their event stream and the request for the row that follows, as the page's script does it.
 */
import { randomUUID } from 'node:crypto';
import { request, type ClientRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, quantile } from './client.ts';
import { markOf, secretFor, type Prepared } from './prepare.ts';
import { startApp } from './process.ts';
import type { Line } from './table.ts';

/** People who look, in each of two processes. */
const WATCHERS = 10;
/** Between two marks, ms. */
const PAUSE_MS = 250;

interface Watcher {
  /** When the row of this participant had arrived, by performance.now(). */
  seen: Map<number, number>;
  close(): void;
}

/** @param marks how many are made */
export async function liveLines(
  port: number,
  prepared: Prepared,
  session: number,
  databaseUrl: string,
  marks: number,
): Promise<Line[]> {
  const other = await startApp(databaseUrl, secretFor(databaseUrl));
  const client = new Client(port, prepared.cookie);
  const open = (at: number) => Promise.all(Array.from({ length: WATCHERS }, () => watch(at, prepared.cookie, session)));
  const same = await open(port);
  const elsewhere = await open(other.port);
  try {
    await sleep(1_500);
    const sent = new Map<number, number>();
    for (const participant of prepared.people.slice(0, marks)) {
      sent.set(participant, performance.now());
      const answer = await client.send('POST', `/sessions/${session}/presence`, markOf(participant, randomUUID()));
      if (answer.status !== 200) throw new Error(`a mark was answered ${answer.status}`);
      await sleep(PAUSE_MS);
    }
    await sleep(3_000);
    const line = (where: string, watchers: Watcher[]): Line => {
      const times = watchers.flatMap(({ seen }) =>
        [...sent].flatMap(([participant, at]) => (seen.has(participant) ? [seen.get(participant)! - at] : [])),
      );
      const missed = watchers.length * sent.size - times.length;
      const [p50, p95] = [quantile(times, 0.5), quantile(times, 0.95)].map((value) => `${Math.round(value)} ms`);
      return {
        what: `A mark stands on ${watchers.length} other open roll calls, ${where}`,
        target: 'within 1 s, none missed',
        measured: `p50 ${p50}, p95 ${p95}, ${missed} missed`,
        ok: missed === 0 && quantile(times, 1) <= 1_000,
      };
    };
    return [line('same process', same), line('another process', elsewhere)];
  } finally {
    for (const watcher of [...same, ...elsewhere]) watcher.close();
    client.close();
    await other.stop();
  }
}

function watch(port: number, cookie: string, session: number): Promise<Watcher> {
  const client = new Client(port, cookie);
  const seen = new Map<number, number>();
  const fresh = async (people: number[]) => {
    const answer = await client.send('GET', `/sessions/${session}/rows?people=${people.join(',')}`, {
      headers: { 'hx-request': 'true', 'hx-request-type': 'partial' },
    });
    if (answer.status !== 200) return;
    for (const participant of people) if (!seen.has(participant)) seen.set(participant, performance.now());
  };
  return new Promise((resolve, reject) => {
    const outgoing: ClientRequest = request(
      {
        host: '127.0.0.1',
        port,
        path: `/api/live?sessions=${session}`,
        headers: { cookie, accept: 'text/event-stream' },
        agent: false,
      },
      (response) => {
        if (response.statusCode !== 200) return reject(new Error(`the stream was answered ${response.statusCode}`));
        let waiting = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => {
          waiting += part;
          const lines = waiting.split('\n');
          waiting = lines.pop()!;
          for (const line of lines)
            if (line.startsWith('data:')) {
              const { people } = JSON.parse(line.slice(5)) as { people: number[] };
              if (people.length > 0) void fresh(people);
            }
        });
        response.on('error', () => undefined);
        resolve({
          seen,
          close() {
            outgoing.destroy();
            client.close();
          },
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end();
  });
}
