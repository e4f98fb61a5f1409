/**
 * What every npm script starts: builds what is missing or out of date, then hands over. Node runs this file itself
 * (types are stripped), so it works before anything is built. Build output goes to standard error, because the
 * command line promises that standard output holds its one JSON value and nothing else.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = resolve(import.meta.dirname, '..');
const bin = (...path: string[]) => join(root, 'node_modules', ...path);

const node = process.execPath;
const steps = {
  server: [node, bin('@nestjs/cli', 'bin', 'nest.js'), 'build'],
  css: [
    node,
    bin('@tailwindcss/cli', 'dist', 'index.mjs'),
    '-i',
    'static/css/app.css',
    '-o',
    'static/dist/app.css',
    '--minify',
  ],
  scripts: [
    bin('.bin', 'esbuild'),
    'static/js/engine.ts',
    'static/js/app.ts',
    'static/js/roll-call.ts',
    'static/js/waiting.ts',
    'static/js/settings.ts',
    'static/js/live.ts',
    'static/js/comforts.ts',
    '--bundle',
    '--minify',
    '--format=iife',
    '--target=es2022',
    '--outdir=static/dist',
  ],
  worker: [node, 'static/js/worker/build.mjs'],
};
/** What each step reads. A step is run again when one of these is newer than its stamp. */
const inputs: Record<keyof typeof steps, string[]> = {
  server: ['src', 'tsconfig.json', 'nest-cli.json', 'package-lock.json'],
  css: ['static/css', 'views', 'static/js', 'package-lock.json'],
  scripts: ['static/js', 'package-lock.json'],
  worker: ['static/css', 'static/js', 'static/icons', 'views', 'package-lock.json'],
};
/** The worker keeps what the others built, so it is built after them. */
const last: keyof typeof steps = 'worker';

function newest(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

async function build(): Promise<void> {
  mkdirSync(join(root, 'dist'), { recursive: true });
  const due = (Object.keys(steps) as (keyof typeof steps)[]).filter((step) => {
    const stamp = join(root, 'dist', `.${step}`);
    return (
      !existsSync(stamp) || statSync(stamp).mtimeMs < Math.max(...inputs[step].map((path) => newest(join(root, path))))
    );
  });
  const started = new Date();
  const run = async (step: keyof typeof steps) => {
    const stamp = join(root, 'dist', `.${step}`);
    rmSync(stamp, { force: true });
    const [command, ...args] = steps[step] as [string, ...string[]];
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
    const code = await new Promise((done) => child.on('close', done));
    if (code !== 0) {
      console.error(`The build failed at: ${step}`);
      process.exit(1);
    }
    writeFileSync(stamp, '');
    // The stamp is as old as the moment the build began: what was edited meanwhile is built next time.
    utimesSync(stamp, started, started);
  };
  await Promise.all(due.filter((step) => step !== last).map(run));
  if (due.includes(last)) await run(last);
}

/**
 * Hands this very process over to the server, with the settings that keep its memory small: Node otherwise lets garbage
 * stand as long as the machine has memory, and the C library keeps what password hashing gave back (both measured:
 * 480 MB become 240 MB after the same load, at the same speed). Where a process cannot be handed over, it goes on as it is.
 */
function becomeServer(file: string): void {
  if (process.platform === 'win32' || typeof process.execve !== 'function') return;
  const small = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '131072', MALLOC_TRIM_THRESHOLD_: '131072' };
  const flags = ['--max-semi-space-size=8', '--heap-growing-percent=30'];
  process.execve(node, [node, ...process.execArgv, ...flags, file, ...rest], { ...small, ...process.env } as never);
}

const [task = 'serve', ...rest] = process.argv.slice(2);
if (Number(process.versions.node.split('.')[0]) < 26) {
  console.error('Run this through npm (npm start, npm run demo, ...): npm brings the Node.js version that is needed.');
  process.exit(1);
}
process.chdir(root);
await build();

const entries: Record<string, string> = { serve: 'main.js', demo: 'demo/main.js', cli: 'cli.js' };
if (task === 'dev') {
  spawnSync(bin('.bin', 'nest'), ['build'], { cwd: root, stdio: ['ignore', 2, 2] });
  for (const [command, ...args] of [
    [...steps.server, '--watch'],
    [...steps.css, '--watch=always'],
    [...steps.scripts, '--watch=forever'],
    [node, '--watch-path=dist', '--watch-path=views', '--watch-path=static/dist', join(root, 'dist/main.js')],
  ] as unknown as [string, ...string[]][])
    spawn(command, args, { cwd: root, stdio: 'inherit' });
} else if (task !== 'build') {
  const entry = entries[task];
  if (!entry) {
    console.error(`Unknown task "${task}".`);
    process.exit(1);
  }
  const file = join(root, 'dist', entry);
  if (task !== 'cli') becomeServer(file);
  process.argv = [node, file, ...rest];
  await import(pathToFileURL(file).href);
}
