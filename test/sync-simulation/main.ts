import { parseArgs } from 'node:util';
import { MUTANTS, turnOn, withoutPlace } from './mutants.js';
import { type Plan, planOf, tell } from './plan.js';
import { type Run, runSchedule } from './schedule.js';
import { Server } from './server.js';
import { shrink } from './shrink.js';
import { countImmediates, Time } from './time.js';

/** The ledger of a whole world is replayed after one schedule in so many. */
const LEDGER_EVERY = 20;
/** A long run says how far it is after so many schedules. */
const PROGRESS = 500;
/** A seeded bug that so many schedules do not show is not caught. */
const MUTANT_SCHEDULES = 120;

const say = (text: string) => process.stdout.write(`${text}\n`);

/** @returns the exit code: 0 when the promise held */
export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      schedules: { type: 'string', default: '500' },
      seed: { type: 'string' },
      shrink: { type: 'boolean', default: false },
      steps: { type: 'boolean', default: false },
      traces: { type: 'boolean', default: false },
      mutants: { type: 'boolean', default: false },
      only: { type: 'string' },
      part: { type: 'string', default: '1/1' },
    },
  });
  const seed = Number(values.seed ?? (Date.now() % 1_000_000) * 1_000);
  const schedules = Number(values.schedules);
  if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(schedules) || schedules < 1) {
    say('Usage: npm run simulate -- --schedules N --seed S [--steps] [--shrink], or --mutants [--only name]');
    return 2;
  }
  countImmediates();
  const time = new Time();
  const server = await Server.open(time);
  const run = (plan: Plan) => runSchedule(server, time, plan, plan.seed % LEDGER_EVERY === 0);
  if (values.mutants) return runMutants(run, seed, values);
  return runSchedules(run, seed, schedules, values);
}

type Runner = (plan: Plan) => Promise<Run>;

async function runSchedules(
  run: Runner,
  seed: number,
  schedules: number,
  { shrink: shrinks, steps, traces }: { shrink: boolean; steps: boolean; traces: boolean },
): Promise<number> {
  say(`${schedules} schedules from seed ${seed}`);
  const started = performance.now();
  const outcomes = new Map<string, number>();
  let ops = 0;
  let failed = 0;
  for (let at = seed; at < seed + schedules; at++) {
    const plan = planOf(at);
    const { violation, ops: captured, outcomes: ended, trace } = await run(plan);
    ops += captured;
    for (const outcome of ended) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    if (traces) say(`${at} ${trace}`);
    if (steps) say(tell(plan));
    if ((at - seed + 1) % PROGRESS === 0) say(`  ${at - seed + 1} done, ${ops} operations, ${failed} failed`);
    if (!violation) continue;
    failed++;
    say(`FAILED seed ${at}: ${violation.message}`);
    say(`  again: npm run simulate -- --schedules 1 --seed ${at} --shrink`);
    if (!shrinks) continue;
    const least = await shrink(plan, violation.rule, run);
    say(`The fewest steps that still break "${violation.rule}":\n${tell(least.plan)}\n${least.violation.message}`);
  }
  const seconds = (performance.now() - started) / 1000;
  const told = [...outcomes].map(([outcome, count]) => `${count} ${outcome}`).join(', ');
  say(
    `${schedules} schedules from seed ${seed}, ${ops} operations (${told}), ${failed} failed, ${seconds.toFixed(0)} s`,
  );
  return failed ? 1 : 0;
}

/** Turns on one seeded bug after the other, and runs schedules until the oracle sees it. */
async function runMutants(
  run: Runner,
  seed: number,
  { only, part, shrink: shrinks }: { only?: string | undefined; part: string; shrink: boolean },
): Promise<number> {
  const [number, parts] = part.split('/').map(Number) as [number, number];
  const chosen = MUTANTS.filter(({ name }, at) => (only ? name === only : at % parts === number - 1));
  let missed = 0;
  say(`${chosen.length} seeded bugs, schedules from seed ${seed}`);
  for (const { name, focus } of chosen) {
    const lost = withoutPlace.get(name);
    if (lost) {
      missed++;
      say(`MISSED ${name}: ${lost}`);
      continue;
    }
    turnOn(name);
    let caught: string | null = null;
    for (let at = 0; !caught && at < MUTANT_SCHEDULES; at++) {
      const plan = planOf(seed + at, focus);
      const { violation } = await run(plan);
      if (violation && shrinks) say(tell((await shrink(plan, violation.rule, run)).plan));
      if (violation) caught = `caught by "${violation.rule}" in schedule ${at + 1} (seed ${plan.seed})`;
    }
    turnOn(null);
    if (!caught) missed++;
    say(`${caught ? 'ok    ' : 'MISSED'} ${name}: ${caught ?? `not caught in ${MUTANT_SCHEDULES} schedules`}`);
  }
  // Nothing is seen where nothing is wrong.
  for (let at = 0; at < 5; at++) {
    const { violation } = await run(planOf(seed + at));
    if (!violation) continue;
    missed++;
    say(`WITHOUT ANY BUG seed ${seed + at}: ${violation.message}`);
  }
  say(`${chosen.length - missed} of ${chosen.length} seeded bugs caught`);
  return missed ? 1 : 0;
}
