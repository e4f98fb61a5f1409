/** Sends a list of many people to the importer, as a program would, and watches it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { makeNames } from '../dist/demo/names.js';
import { Random } from '../dist/demo/random.js';

export interface ImportOutcome {
  rowsPerSecond: number;
  memoryMb: number;
  complete: boolean;
  summary: string;
}

/** A CSV file of so many people who are not there yet. */
function fileOf(people: number): string {
  const random = new Random(3);
  const names = makeNames(random, 1000);
  const lines = ['identifier,first_name,last_name,date_of_birth,email,phone'];
  for (let at = 0; at < people; at++) {
    const { firstName, lastName } = names[at % names.length];
    const born = `${random.int(1960, 2015)}-${String(random.int(1, 12)).padStart(2, '0')}-${String(random.int(1, 28)).padStart(2, '0')}`;
    lines.push(`IMP-${at},${firstName},${lastName},${born},person${at}@mail.example,+44 20 7946 ${1000 + (at % 9000)}`);
  }
  return `${lines.join('\n')}\n`;
}

/** @param memory the present memory of the process, MB; asked every 200 ms */
export async function importPeople(
  port: number,
  cookie: string,
  people: number,
  memory: () => number,
): Promise<ImportOutcome> {
  const address = `http://127.0.0.1:${port}`;
  const body = new FormData();
  body.set('file', new Blob([fileOf(people)], { type: 'text/csv' }), 'people.csv');
  let memoryMb = 0;
  const watch = setInterval(() => (memoryMb = Math.max(memoryMb, memory())), 200);
  const started = performance.now();
  try {
    const received = await fetch(`${address}/api/participants/bulk`, { method: 'POST', headers: { cookie }, body });
    const text = await received.text();
    if (received.status !== 202) throw new Error(`the file was answered ${received.status}: ${text.slice(0, 200)}`);
    const id: number = JSON.parse(text).data?.id ?? JSON.parse(text).id;
    while (performance.now() - started < 240_000) {
      await sleep(250);
      const answer = await fetch(`${address}/api/imports/${id}`, { headers: { cookie } });
      const { data } = (await answer.json()) as { data: Record<string, number | string> };
      if (data.status === 'queued' || data.status === 'running') continue;
      const seconds = (performance.now() - started) / 1000;
      return {
        rowsPerSecond: Number(data.processed) / seconds,
        memoryMb,
        complete: data.status === 'done' && data.created === people,
        summary: `${data.status}: ${data.created} created, ${data.failed} failed, ${seconds.toFixed(1)} s`,
      };
    }
    throw new Error('not done after four minutes');
  } finally {
    clearInterval(watch);
  }
}
