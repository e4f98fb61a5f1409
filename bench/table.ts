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
  /** Of reports and files: they have a page of their own. */
  reports: Line[];
}

/**
 * Writes what was measured, and nothing else.
 * @returns the pages that were written; of what was not measured none is
 */
export function write(sections: Section[]): string[] {
  const pages = [
    { name: 'performance.md', head: PERFORMANCE, of: ({ lines }: Section) => lines },
    { name: 'performance-reports.md', head: REPORTS, of: ({ reports }: Section) => reports },
  ];
  return pages
    .filter(({ of }) => sections.some((section) => of(section).length > 0))
    .map(({ name, head, of }) => {
      const path = resolve(import.meta.dirname, '..', 'docs', name);
      const parts = sections.map(({ title, about, ...section }) =>
        [
          `## ${title}`,
          '',
          ...Object.entries(about).map(([key, value]) => `- ${key}: ${value}`),
          '',
          row(HEADS),
          row(HEADS.map(() => '---')),
          ...of(section as Section).map((line) => row(cells(line))),
        ].join('\n'),
      );
      writeFileSync(path, `${[head, ...parts].join('\n\n')}\n`);
      return path;
    });
}

const row = (each: string[]) => `| ${each.join(' | ')} |`;

const PERFORMANCE = `# Performance

Written by \`npm run bench -- --write\`; do not edit by hand. \`npm run bench -- --quick\` takes less than a minute.
Reports and files have a page of their own: [performance-reports.md](performance-reports.md).

**Floor**: a bare \`node:http\` program (bench/floor.ts) that sends the statements that the application sends to the same
database and writes the same bytes from template strings, without sign-in, rights, audit or framework; for 500 marks in
one act, the same rows (cells, receipts, audit rows) by multi-row INSERTs in one transaction; for devices that come back,
the same rows by plain INSERTs in one transaction for each mark. Application and floor are
measured in turns in the same run, each as one process of its own, with the load in a third. Times are medians.`;

const REPORTS = `# Performance of reports and files

Written by \`npm run bench -- --only reports --write\`; do not edit by hand.

A million marks of 10,000 people over three years, and ten thousand marks beside them for growth. Each page is asked for
30 days, 200 days, one year and three years, for everybody and for one group; p95 is that of all these. **Floor**: the same
question asked of the marks themselves, over all of them, by one plain SQL statement on the same database; for lists of the
newest it may stop at a hundred rows.`;
