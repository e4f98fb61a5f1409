/** The result: rows on the terminal, and docs/performance.md. */
import { execFileSync } from 'node:child_process';
import { cpus, loadavg, totalmem } from 'node:os';
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

export interface Line {
  what: string;
  target: string;
  measured: string;
  /** The floor's figure of the same run, where there is one. */
  floor?: string;
  ratio?: string;
  ok: boolean;
}

const HEADS = ['', 'target', 'measured', 'floor', 'ratio', ''];
const cells = (line: Line) => [
  line.what,
  line.target,
  line.measured,
  line.floor ?? '',
  line.ratio ?? '',
  line.ok ? 'ok' : 'NOT',
];

export function print(title: string, lines: Line[]): void {
  const rows = [HEADS, ...lines.map(cells)];
  const widths = HEADS.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)));
  console.log(`\n${title}`);
  for (const row of rows) console.log(`  ${row.map((cell, at) => cell.padEnd(widths[at]!)).join('  ')}`.trimEnd());
}

const [loadBefore = 0] = loadavg();

/** Where and with what was measured. */
export function machine(database: string): Record<string, string> {
  const [cpu] = cpus();
  const commit = (() => {
    try {
      return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim();
    } catch {
      return 'unknown';
    }
  })();
  return {
    Date: new Date().toISOString().slice(0, 10),
    Commit: commit,
    Machine: `${cpus().length} cores, ${cpu?.model.trim() ?? 'unknown'}, ${(totalmem() / 1024 ** 3).toFixed(0)} GB`,
    'Operating system': `${process.platform} ${process.arch}`,
    'Node.js': process.version,
    Database: database,
    // Above the number of cores somebody else is working here, and all times are too long.
    'Load of the machine at the beginning': loadBefore.toFixed(1),
  };
}

export interface Section {
  title: string;
  about: Record<string, string>;
  lines: Line[];
}

/** Writes docs/performance.md from what was measured, and from nothing else. */
export function write(sections: Section[]): string {
  const path = resolve(import.meta.dirname, '..', 'docs', 'performance.md');
  const row = (each: string[]) => `| ${each.join(' | ')} |`;
  const parts = sections.map(({ title, about, lines }) =>
    [
      `## ${title}`,
      '',
      ...Object.entries(about).map(([name, value]) => `- ${name}: ${value}`),
      '',
      row(HEADS),
      row(HEADS.map(() => '---')),
      ...lines.map((line) => row(cells(line))),
    ].join('\n'),
  );
  writeFileSync(
    path,
    `# Performance

Written by \`npm run bench -- --write\`; do not edit by hand. \`npm run bench -- --quick\` takes less than a minute.

**Floor**: a bare \`node:http\` program (bench/floor.ts) that sends the statements that the application sends to the same
database and writes the same bytes from template strings, without sign-in, rights, audit or framework; for 500 marks in
one act, the same rows (cells, receipts, audit rows) by multi-row INSERTs in one transaction; for devices that come back,
the same rows by plain INSERTs in one transaction for each mark. Application and floor are
measured in turns in the same run, each as one process of its own, with the load in a third. Times are medians.

${parts.join('\n\n')}
`,
  );
  return path;
}
