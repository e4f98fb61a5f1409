/** The processes that are measured: started, watched and ended by the bench. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export interface Running {
  port: number;
  pid: number;
  /** From its start until it listened, in ms. */
  tookMs: number;
  stop: () => Promise<void>;
}

export function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => done(port));
    });
  });
}

/** Starts the application as `npm start` does. BENCH_NODE_ARGS may hold a profiler's flags. */
export async function startApp(databaseUrl: string, more: Record<string, string> = {}): Promise<Running> {
  const port = await freePort();
  const flags = [
    '--disable-warning=ExperimentalWarning',
    ...(process.env.BENCH_NODE_ARGS ?? '').split(' ').filter(Boolean),
  ];
  const env = {
    ...process.env,
    DATABASE_URL: databaseUrl,
    PORT: String(port),
    LOG_LEVEL: 'error',
    RATE_LIMIT: 'off',
    ...more,
  };
  return start([...flags, join(root, 'src', 'launch.ts'), 'serve'], env, (line) =>
    line.includes('serves at') ? port : null,
  );
}

export function startFloor(path: string): Promise<Running> {
  const flags = ['--disable-warning=ExperimentalWarning'];
  return start([...flags, join(root, 'bench', 'floor.ts'), path], process.env, (line) =>
    /^\d+$/.test(line) ? Number(line) : null,
  );
}

function start(args: string[], env: NodeJS.ProcessEnv, portOf: (line: string) => number | null): Promise<Running> {
  const started = performance.now();
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
  running.add(child);
  const ended = new Promise<void>((done) =>
    child.on('close', () => {
      running.delete(child);
      done();
    }),
  );
  const stop = async () => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(timer);
  };
  return new Promise((done, refuse) => {
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      for (const line of text.split('\n')) {
        const port = portOf(line.trim());
        if (port !== null) done({ port, pid: child.pid!, tookMs: performance.now() - started, stop });
      }
    });
    void ended.then(() => refuse(new Error(`${args.at(-1)} ended before it listened:\n${text}`)));
  });
}

/** @returns the resident memory of a process in MB (Linux; elsewhere 0) */
export const residentMb = (pid: number): number => memoryOf(pid, 'VmRSS');

/** @returns the part of it that the process shares with no other: without the text of the program, which is there once */
export const ownMb = (pid: number): number => memoryOf(pid, 'RssAnon');

function memoryOf(pid: number, line: string): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(new RegExp(`${line}:\\s+(\\d+)`).exec(status)![1]) / 1024;
  } catch {
    return 0;
  }
}
