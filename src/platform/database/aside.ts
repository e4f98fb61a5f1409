import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';

/** A thread that nobody asked for so long ends, and gives its memory back. Milliseconds. */
const IDLE_MS = 60_000;

interface Question {
  done: (rows: never[]) => void;
  failed: (error: Error) => void;
}

/** What the thread answers. */
export interface Told {
  question: number;
  /** The values of each column, in the order of the rows. */
  names?: string[];
  columns?: unknown[][];
  count?: number;
  error?: { message: string; code?: string };
}

/** A thread that reads one SQLite file: see aside-thread.ts. Questions are answered in their order. */
class Aside {
  private readonly open = new Map<number, Question>();
  private readonly worker: Worker;
  private asked = 0;
  private idle: NodeJS.Timeout | undefined;

  constructor(
    file: string,
    private readonly ended: () => void,
  ) {
    // Compiled it is a .js file; the tests run the source as it stands.
    const thread = join(import.meta.dirname, `aside-thread${extname(import.meta.filename)}`);
    this.worker = new Worker(thread, { workerData: { file }, execArgv: ['--disable-warning=ExperimentalWarning'] });
    // It must not keep the process from ending.
    this.worker.unref();
    this.worker.on('message', (told: Told) => this.hear(told));
    this.worker.on('error', (error) => this.end(error as Error));
    this.worker.on('exit', () => this.end(new Error('the reading thread ended')));
  }

  ask<Row>(sql: string, values: unknown[]): Promise<Row[]> {
    clearTimeout(this.idle);
    const question = this.asked++;
    this.worker.ref();
    return new Promise<Row[]>((done, failed) => {
      this.open.set(question, { done: done as Question['done'], failed });
      this.worker.postMessage({ question, sql, values });
    });
  }

  private hear({ question, error, ...table }: Told): void {
    const asked = this.open.get(question);
    this.open.delete(question);
    if (this.open.size === 0) {
      this.worker.unref();
      this.idle = setTimeout(() => this.end(new Error('not asked any more')), IDLE_MS).unref();
    }
    if (error) asked?.failed(Object.assign(new Error(error.message), { code: error.code }));
    else asked?.done(rowsOf(table));
  }

  private end(reason: Error): void {
    clearTimeout(this.idle);
    this.ended();
    for (const { failed } of this.open.values()) failed(reason);
    this.open.clear();
    void this.worker.terminate();
  }
}

function rowsOf({ names = [], columns = [], count = 0 }: Pick<Told, 'names' | 'columns' | 'count'>): never[] {
  const rows: Record<string, unknown>[] = [];
  for (let row = 0; row < count; row++) {
    const values: Record<string, unknown> = {};
    for (let at = 0; at < names.length; at++) values[names[at]!] = columns[at]![row];
    rows.push(values);
  }
  return rows as never[];
}

const threads = new Map<string, Aside>();

/** Asks a SQLite file on a thread of its own. @param sql one SELECT with `?` for each value */
export function askAside<Row>(file: string, sql: string, values: unknown[]): Promise<Row[]> {
  let thread = threads.get(file);
  if (!thread) {
    thread = new Aside(file, () => {
      if (threads.get(file) === thread) threads.delete(file);
    });
    threads.set(file, thread);
  }
  return thread.ask<Row>(sql, values);
}
