import { expect, it } from '@jest/globals';
import { simulate } from './run-simulation.js';

/** Fresh schedules in every run, from a seed that is printed: a failure is run again with it (docs/simulation.md). */
const SCHEDULES = 500;
/** On a busy machine; on a quiet one it takes about a minute and a half. */
const PATIENCE = 600_000;

it(
  `${SCHEDULES} random schedules: no mark is lost, doubled, put under another name or silently overwritten`,
  async () => {
    const { code, text } = await simulate(['--schedules', String(SCHEDULES)]);
    process.stderr.write(text);
    expect({ code, text }).toMatchObject({ code: 0, text: expect.stringContaining(' 0 failed') });
  },
  PATIENCE,
);

it(
  'the same seed runs the same, whatever ran before it',
  async () => {
    const [one, other] = await Promise.all([
      simulate(['--schedules', '6', '--seed', '4000', '--traces']),
      simulate(['--schedules', '3', '--seed', '4003', '--traces']),
    ]);
    const traces = (text: string) => text.split('\n').filter((line) => /^\d{4} [0-9a-f]{64}$/.test(line));
    expect(traces(one.text)).toHaveLength(6);
    expect(traces(other.text)).toEqual(traces(one.text).slice(3));
  },
  PATIENCE,
);
