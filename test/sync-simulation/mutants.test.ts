import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { MUTANTS } from './mutants.js';
import { simulate } from './run-simulation.js';

/** On a busy machine; on a quiet one it takes about a minute. */
const PATIENCE = 600_000;

describe('the seeded bugs', () => {
  it(
    'are all caught, and nothing is seen where nothing is wrong',
    async () => {
      const parts = await Promise.all(
        ['1/2', '2/2'].map((part) => simulate(['--mutants', '--seed', '7000', '--part', part])),
      );
      const lines = parts.flatMap(({ text }) => text.split('\n'));
      expect(lines.filter((line) => /^(MISSED|WITHOUT|.*Error)/.test(line))).toEqual([]);
      for (const { name } of MUTANTS)
        expect(lines).toContainEqual(expect.stringContaining(`ok     ${name}: caught by`));
      expect(parts.map(({ code }) => code)).toEqual([0, 0]);
    },
    PATIENCE,
  );

  it('are at least 30, each with a name of its own, and all told in docs/simulation.md', () => {
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
    expect(MUTANTS.length).toBeGreaterThanOrEqual(30);
    const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'simulation.md'), 'utf8');
    const told = [...page.matchAll(/^\| ([^|]+?) \| [^|]+ \|$/gm)].map(([, name]) => name).slice(1);
    expect(told.filter((name) => name !== '---')).toEqual(MUTANTS.map(({ name }) => name));
  });

  it(
    'fail with a seed, and shrink to a few steps that still fail',
    async () => {
      const args = ['--mutants', '--only', 'chain dropped', '--seed', '7000', '--shrink'];
      const { text } = await simulate(args);
      const steps = text.split('\n').filter((line) => /^\s+\d+\. after/.test(line));
      expect(text).toContain('ok     chain dropped: caught by "chain left"');
      expect(steps.length).toBeGreaterThan(0);
      expect(steps.length).toBeLessThanOrEqual(8);
    },
    PATIENCE,
  );
});
