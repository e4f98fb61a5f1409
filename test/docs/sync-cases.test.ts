import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

/** Rows of a table in a document: the cells of each row that begins with a number. */
const rows = (file: string): string[][] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => /^\| \d+ \|/.test(line))
    .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '').trim()));

const cases = rows('docs/sync-cases.md').map(([number, sees, api, page]) => ({
  number: Number(number),
  sees: sees!,
  api: api!.split('<br>'),
  page: page!.split('<br>'),
}));
const named = (cell: string): [file: string, title: string] | null => {
  const match = /^`(test\/[\w/-]+\.test\.ts)` (\S.*)$/.exec(cell);
  return match && [match[1]!, match[2]!];
};

/** Whether a file has a test of this title, or a table of tests with a row of this title. */
function hasTest(file: string, title: string): boolean {
  if (!existsSync(file)) return false;
  const literal = title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?:\\b(?:it|flow)\\(|\\[)\\s*(['"])${literal}\\1`).test(readFileSync(file, 'utf8'));
}

describe('docs/sync-cases.md', () => {
  it('has a row for every case of docs/sync.md, in its order', () => {
    const told = rows('docs/sync.md').map(([number]) => Number(number));
    expect(told).toEqual(Array.from({ length: 26 }, (_, at) => at + 1));
    expect(cases.map(({ number }) => number)).toEqual(told);
  });

  it('names tests that exist', () => {
    const missing = cases.flatMap(({ number, api, page }) =>
      [...api, ...page]
        .filter((cell) => !cell.startsWith('no page: '))
        .filter((cell) => !named(cell) || !hasTest(...named(cell)!))
        .map((cell) => `${number}: ${cell}`),
    );
    expect(missing).toEqual([]);
  });

  it('has for every case a test through the API that carries its number, and a page or the reason why there is none', () => {
    for (const { number, sees, api, page } of cases) {
      expect(sees).not.toBe('');
      for (const cell of api) expect(named(cell)?.[1]).toMatch(new RegExp(`^${number}: `));
      if (page[0]!.startsWith('no page')) expect(page).toEqual([expect.stringMatching(/^no page: \S.{10}/)]);
    }
  });

  it('would notice a test that was renamed', () => {
    const [file, title] = named(cases[0]!.page[0]!)!;
    expect(hasTest(file, title)).toBe(true);
    expect(hasTest(file, title.slice(0, -1))).toBe(false);
    expect(hasTest('test/sync/no-such.test.ts', title)).toBe(false);
  });
});
