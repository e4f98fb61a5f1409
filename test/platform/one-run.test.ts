import { describe, expect, it } from '@jest/globals';
import { forEachInTurn, OneRun } from '../../src/platform/one-run.js';

describe('work for one organization after another', () => {
  it('goes on with the others when it fails for one, and says so at the end', async () => {
    const done: number[] = [];
    const work = (id: number) => {
      if (id === 2) return Promise.reject(new Error('of the second'));
      done.push(id);
      return Promise.resolve(10);
    };
    await expect(forEachInTurn([1, 2, 3], work)).rejects.toThrow('of the second');
    expect(done).toEqual([1, 3]);
    expect(await forEachInTurn([1, 3], work)).toBe(20);
  });

  it('is told to the log, and the next run begins', async () => {
    const told: string[] = [];
    const run = new OneRun({ error: (what: string) => told.push(what) } as never, 'it failed');
    let runs = 0;
    const fails = () => {
      runs++;
      return Promise.reject(new Error('no'));
    };
    await Promise.all([run.of(fails), run.of(fails)]);
    await run.of(fails);
    expect([runs, told]).toEqual([2, ['it failed', 'it failed']]);
  });
});
