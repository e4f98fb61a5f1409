import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { MikroORM } from '@mikro-orm/core';
import { type Orm } from '../../src/platform/database/orm.js';
import { JudgeParkedJob } from '../../src/sync/parked/judge-parked.job.js';
import { mysqlServer, ownDatabase } from '../support/databases.js';
import { breaches, fingerprint, rowsOf } from '../support/kill/fingerprint.js';
import { addRegisters, copyOf, type Lane, makeLane } from '../support/kill/lanes.js';
import { nameOf, type Run, runRounds } from '../support/kill/rounds.js';
import { SCENARIOS } from '../support/kill/scenarios.js';
import { ledgerDifferences } from '../support/ledger-replay.js';
import { startApp, World } from '../world.js';

/**
 * The server is killed with SIGKILL at every boundary of the statements of a request, started again on the same database,
 * and asked again. `KILL_RUNS=50` does so 50 times at each boundary; without it a sample of boundaries is taken, drawn by
 * KILL_SEED (printed).
 */
const RUNS = Number(process.env.KILL_RUNS ?? 0);
const SEED = Number(process.env.KILL_SEED ?? Math.floor(Math.random() * 1e9));
/** Requests that one SIGKILL ends: on SQLite each in a database of its own, on MySQL each on connections of one pool. */
const LANES = Number(process.env.KILL_LANES ?? (mysqlServer() ? 10 : 24));
const SAMPLE = mysqlServer() ? 40 : 72;

describe('a server that is killed', () => {
  it(
    'has lost nothing and doubled nothing, whichever statement was the last',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'omnipresence-kill-'));
      const database = ownDatabase();
      try {
        const world = await World.open({ databaseUrl: database.url });
        const places = [world.school];
        const people = { bruno: 'frontline', ana: 'administrator' } as const;
        for (let at = 1; mysqlServer() && at < LANES; at++)
          places.push(await world.openPlace(`Lane ${at}`, 'education', 'Europe/Paris', people));
        let lanes: Lane[] = [];
        for (const place of places) lanes.push(await makeLane(world, place, database.url));
        const secret = world.config.sessionSecret;

        // Once without being stopped: how many statements there are, and what it comes to.
        const first = lanes[0]!;
        await addRegisters(world, world.school, first, SCENARIOS.length);
        const controls = SCENARIOS.map((scenario): Run => ({ scenario, stop: null, wrong: [] }));
        const statements = new Map<string, string[]>();
        await runRounds([first], [[...controls]], secret, (run, each) => statements.set(run.scenario.name, each));
        expect(controls.flatMap(({ wrong }) => wrong)).toEqual([]);

        const runs = plan(statements);
        const each = Math.ceil(runs.length / LANES);
        for (const [at, place] of places.entries()) await addRegisters(world, place, lanes[at]!, each);
        await world.close();
        if (!mysqlServer())
          lanes = Array.from({ length: LANES }, (_, at) => copyOf(first, join(folder, `lane-${at}.db`)));
        const queues = lanes.map((_, at) => runs.filter((_, index) => index % LANES === at));
        const started = performance.now();
        const kills = await runRounds(lanes, queues, secret);
        console.error(
          `${runs.length} requests killed at ${new Set(runs.map((run) => boundaryOf(run))).size} boundaries, by ${kills} SIGKILLs, ` +
            `in ${Math.round((performance.now() - started) / 1000)} s${RUNS ? '' : ` (sample, KILL_SEED=${SEED})`}`,
        );

        const wrong = await verify(lanes, [...controls, ...runs]);
        expect(wrong).toEqual([]);
      } finally {
        rmSync(folder, { recursive: true, force: true });
        await database.drop();
      }
    },
    RUNS ? 6 * 3_600_000 : 120_000,
  );
});

const boundaryOf = ({ scenario, stop }: Run) => `${scenario.name} ${JSON.stringify(stop)}`;

/** Every boundary of every request as often as asked for, or a sample of them. */
function plan(statements: Map<string, string[]>): Run[] {
  const runs: Run[] = [];
  for (let round = 0; round < (RUNS || 1); round++)
    for (const scenario of SCENARIOS) {
      const list = statements.get(scenario.name)!;
      for (let at = 0; at <= list.length; at++) runs.push({ scenario, stop: { at }, wrong: [] });
      runs.push({ scenario, stop: null, wrong: [] });
      // What a database of its own makes of a statement whose sender is gone.
      if (mysqlServer())
        list.forEach((sql, at) => {
          if (!/^\s*select/i.test(sql)) runs.push({ scenario, stop: { sent: at + 1 }, wrong: [] });
        });
    }
  return RUNS ? runs : shuffled(runs).slice(0, SAMPLE);
}

function shuffled<T>(list: T[]): T[] {
  let state = SEED;
  const random = () => ((state = (state * 1_103_515_245 + 12_345) % 2 ** 31), state / 2 ** 31);
  return list
    .map((each) => ({ each, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ each }) => each);
}

/** Compares every register with the one where nothing was killed. @returns one sentence for each difference */
async function verify(lanes: Lane[], runs: Run[]): Promise<string[]> {
  const wrong = runs.flatMap((run) => run.wrong.map((each) => `${nameOf(run)}: ${each}`));
  const expected = new Map<string, string[]>();
  for (const url of new Set(lanes.map((lane) => lane.url))) {
    const { app } = await startApp(url);
    try {
      const orm = app.get<Orm>(MikroORM);
      // What waits for something that came while the server died is looked after within a minute.
      while ((await app.get(JudgeParkedJob).judge()) > 0);
      for (const lane of lanes.filter((each) => each.url === url)) {
        const rows = await rowsOf(orm, lane.organization);
        for (const run of runs) {
          const control = !run.lane || !lanes.includes(run.lane);
          if (control ? lane !== lanes[0] : run.lane !== lane) continue;
          const trace = { register: run.register!, stranger: lane.stranger, ops: run.scene!.ops };
          const told = fingerprint(rows, trace);
          const normal = expected.get(run.scenario.name);
          if (!normal) expected.set(run.scenario.name, told);
          else if (told.join('\n') !== normal.join('\n'))
            wrong.push(`${nameOf(run)}: ${differences(normal, told).join('; ')}`);
          wrong.push(...breaches(rows, trace).map((each) => `${nameOf(run)}: ${each}`));
        }
        wrong.push(...(await ledgerDifferences(orm, lane.organization)));
      }
    } finally {
      await app.close();
    }
  }
  if (process.env.KILL_SHOW)
    console.error([...expected].map(([name, lines]) => [name, ...lines].join('\n')).join('\n\n'));
  return wrong.slice(0, 30);
}

function differences(expected: string[], told: string[]): string[] {
  return [
    ...expected.filter((line) => !told.includes(line)).map((line) => `missing: ${line}`),
    ...told.filter((line) => !expected.includes(line)).map((line) => `too much: ${line}`),
    ...(expected.length === told.length ? [] : [`${told.length} lines instead of ${expected.length}`]),
  ];
}
