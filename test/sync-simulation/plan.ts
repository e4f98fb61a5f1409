import { type FaultKind, FAULTS } from './network.js';
import { Random } from './random.js';
import { DAY, HOUR, MINUTE, SECOND } from './time.js';

/**
 * One step of a schedule. The numbers choose among what is there when the step is done (the third person of the page, the
 * second tab), so a step still means something when others are left out: that is what makes a schedule shrink.
 */
export interface Step {
  do: Act;
  /** Which device, or which organization. */
  at: number;
  a: number;
  b: number;
  c: number;
  /** How much time passes before, ms. */
  wait: number;
  /** A certain fault instead of any. */
  fault?: FaultKind;
}

export interface Plan {
  seed: number;
  devices: number;
  /** How many of the staff of the first organization take part. */
  users: number;
  /** The device on which Web Locks are missing; -1: on none. */
  lease: number;
  steps: Step[];
}

/** How often each is chosen. */
const ACTS = {
  tap: 45,
  'tap again': 8,
  'without network': 6,
  bulk: 5,
  note: 2,
  'add person': 3,
  'mark added': 5,
  'mark foreign': 1,
  forge: 1,
  look: 8,
  reload: 5,
  'second tab': 2,
  close: 2,
  'sign in': 5,
  'sign out': 2,
  worker: 3,
  withdraw: 3,
  'use mine': 3,
  dismiss: 1,
  discard: 0.5,
  'hand in': 1.5,
  fault: 20,
  link: 7,
  let: 8,
  'let late': 3,
  'device clock': 1.5,
  'write fails': 2.5,
  'page mark': 8,
  resolve: 5,
  adopt: 2,
  'discard parked': 1,
  'judge parked': 1,
  'change role': 1,
  'disable account': 0.7,
  'leave group': 1,
  'join group': 1,
  'cancel session': 1,
  'bring session back': 1.2,
  'lock session': 0.8,
  'unlock session': 0.8,
  'erase person': 0.4,
  'merge people': 0.6,
  'back up': 0,
  restore: 0,
  'restore with a new epoch': 0,
} as const;
export type Act = keyof typeof ACTS;

/** What shall happen more often than elsewhere. */
export interface Focus {
  kind?: Kind;
  acts?: Act[];
  fault?: FaultKind;
}
type Kind = 'plain' | 'restore' | 'long';

/**
 * The steps of a schedule, from its seed alone.
 * @param focus for seeded bugs that only show when something rare happens
 */
export function planOf(seed: number, focus: Focus = {}): Plan {
  const random = new Random(seed);
  // Long waits and restores stay apart: a device promises to offer again what is not older than 30 days.
  const kind = focus.kind ?? random.pick<Kind>(['plain', 'plain', 'plain', 'restore', 'long']);
  const weights: [Act, number][] = Object.entries(ACTS).map(([act, weight]) => [act as Act, weight]);
  if (kind === 'restore') weights.push(['back up', 3], ['restore', 2.5], ['restore with a new epoch', 1.5]);
  // Most schedules leave some things out, so that the others meet more often.
  const left = weights.filter(
    ([act]) => ['tap', 'look', 'sign in', 'back up', 'restore'].includes(act) || random.chance(0.75),
  );
  for (const act of focus.acts ?? []) left.push([act, 12]);
  if (focus.fault) left.push(['fault', 25]);
  const sum = left.reduce((all, [, weight]) => all + weight, 0);
  const choose = (): Act => {
    let at = random.next() * sum;
    for (const [act, weight] of left) if ((at -= weight) < 0) return act;
    return 'tap';
  };
  const wait = () => {
    const dice = random.next();
    if (dice < 0.5) return random.int(0, 3) * SECOND;
    if (dice < 0.85) return random.int(1, 90) * SECOND;
    if (dice < 0.97) return random.int(2, 20) * MINUTE;
    if (kind === 'long' && dice > 0.99) return 30 * DAY;
    return kind === 'plain' ? random.int(1, 2) * HOUR : random.int(1, 26) * HOUR;
  };
  const devices = random.pick([2, 2, 2, 3, 3, 4, 5, 8]);
  const steps: Step[] = [];
  const step = (act: Act, at: number, pause: number) =>
    steps.push({
      do: act,
      at,
      a: random.int(0, 99),
      // The same few cells again and again: that is where things meet.
      b: random.chance(0.6) ? 0 : random.int(0, 7),
      c: random.int(0, 99),
      wait: pause,
      ...(act === 'fault' && focus.fault && random.chance(0.7) ? { fault: focus.fault } : {}),
    });
  for (let device = 0; device < devices; device++) step('sign in', device, 0);
  const count = random.int(12, 45);
  while (steps.length < devices + count) step(choose(), random.int(0, devices - 1), wait());
  return { seed, devices, users: random.int(1, 4), lease: random.chance(0.3) ? 0 : -1, steps };
}

/** One line for each step, for people. */
export function tell(plan: Plan): string {
  const lines = plan.steps.map(({ do: act, at, a, b, c, wait, fault }, number) => {
    const time = wait >= HOUR ? `${wait / HOUR} h` : wait >= MINUTE ? `${wait / MINUTE} min` : `${wait / SECOND} s`;
    const what = act === 'fault' ? `fault (${fault ?? FAULTS[a % FAULTS.length]})` : act;
    return `${String(number + 1).padStart(3)}. after ${time}: device ${at} ${what} a=${a} b=${b} c=${c}`;
  });
  return [`seed ${plan.seed}: ${plan.devices} devices, ${plan.users} users`, ...lines].join('\n');
}
