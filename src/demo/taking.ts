import { type SignedInUser } from '../auth/index.js';
import { type Habits } from './habits.js';
import { type Place } from './place.js';
import { planRegister, type Step } from './register.js';

/** Codes of the states by what they are for. */
export interface Codes {
  here: string;
  late: string;
  away: string;
  excused: string;
  elsewhere?: string;
}

export interface Class {
  session: number;
  day: string;
  start: Date;
  minutes: number;
  people: number[];
  author: SignedInUser;
  /** Who hears in the morning why somebody was away. */
  office: SignedInUser;
  reasons: string[];
  codes: Codes;
  habits: Habits;
  /** One by one, so that it can be watched; else first who is missing, selected together, and then all the others. */
  slowly?: boolean;
  /** Some registers are forgotten, unless they should not be. */
  sure?: boolean;
}

const MINUTE = 60_000;
const after = (time: Date, minutes: number, seconds = 0) =>
  new Date(time.getTime() + minutes * MINUTE + seconds * 1000);

/** A register as a teacher or shift lead takes it: once, at the beginning, with the late and the letters afterwards. */
export function takeClass(place: Place, lesson: Class): void {
  const { random } = place;
  const { session, start, author, codes } = lesson;
  const opened = after(start, random.int(1, 4), random.int(0, 59));
  if (!lesson.sure && random.chance(0.015)) return;

  const steps: Step[] = [];
  const rest: number[] = [];
  let at = opened;
  let last = opened;
  for (const participant of lesson.slowly ? random.shuffle(lesson.people) : lesson.people) {
    const own = stepsOf(place, lesson, participant, at);
    if (own.length === 0 && !lesson.slowly) {
      rest.push(participant);
      continue;
    }
    steps.push(...(own.length > 0 ? own : [{ at, participant, state: codes.here }]));
    if (lesson.slowly) at = after(at, 0, random.int(20, 40));
  }
  const forgotten = !lesson.sure && random.chance(0.05) ? random.int(1, 3) : 0;
  const together = after(at, 0, random.int(8, 50));
  for (const participant of rest.slice(forgotten)) steps.push({ at: together, participant, state: codes.here });
  for (const step of steps) if (step.fact === undefined && step.at > last) last = step.at;
  if (last < together) last = together;

  const usual = forgotten === 0 && random.chance(0.95);
  planRegister(place, {
    session,
    author,
    steps,
    ...(usual ? { completed: after(last, 0, random.int(5, 50)) } : {}),
    ...(random.chance(0.4) ? { ended: after(start, lesson.minutes, random.int(-60, 200)) } : {}),
  });
}

/** What is to be told of one person; nothing when he is simply there. */
function stepsOf(place: Place, lesson: Class, participant: number, at: Date): Step[] {
  const { random } = place;
  const { codes } = lesson;
  const condition = lesson.habits.of(participant, lesson.day);
  if (condition.kind === 'here') {
    // A slip of the finger, mended at once.
    if (!random.chance(0.004)) return [];
    return [
      { at, participant, state: codes.away },
      { at: after(at, 0, random.int(4, 40)), participant, state: codes.here },
    ];
  }
  if (condition.kind === 'elsewhere')
    return [{ at, participant, state: codes.elsewhere ?? codes.here, ...noted(condition.note) }];
  if (condition.kind === 'late') {
    const came = after(lesson.start, condition.minutes, random.int(0, 59));
    const late = { participant, state: codes.late, arrivedAt: came, ...noted(condition.note) };
    if (came <= at) return [{ at, ...late }];
    return [
      { at, participant, state: codes.away },
      { at: after(came, 0, random.int(5, 60)), ...late },
    ];
  }
  if (condition.told === null) return [{ at, participant, state: codes.away }];
  // Known beforehand, or heard in the office: the same day at ten, or the next morning.
  if (condition.told === 0 && random.chance(0.6))
    return [{ at, participant, state: codes.excused, note: condition.why }];
  const morning = place.at(lesson.day, '07:50').getTime() + (condition.told + 1) * 24 * 60 * MINUTE;
  return [
    { at, participant, state: codes.away },
    {
      at: new Date(morning + random.int(0, 80) * MINUTE + random.int(0, 59) * 1000),
      participant,
      state: codes.excused,
      note: condition.why,
      reason: random.pick(lesson.reasons),
      by: lesson.office,
      fact: 'presence.corrected',
    },
  ];
}

const noted = (note: string | null) => (note === null ? {} : { note });

export interface Arrivals {
  session: number;
  /** When the doors open, and when nobody comes any more. */
  from: Date;
  to: Date;
  people: number[];
  author: SignedInUser;
  /** The state of one person who comes through the door then, or null when he does not come. */
  state: (participant: number, arrived: Date) => { state: string; note?: string } | null;
  /** What the rest is set to at the end; null leaves them unmarked. */
  missing: string | null;
  ended?: boolean;
}

/** Who comes together is marked together. */
const HANDFUL = 6;

/** People coming through a door: most of them early, marked as they come, a handful at a time. */
export function takeArrivals(place: Place, door: Arrivals): void {
  const { random } = place;
  const open = door.to.getTime() - door.from.getTime();
  const handfuls = Math.max(1, Math.ceil(door.people.length / HANDFUL));
  const steps: Step[] = [];
  const end = after(door.to, 5, random.int(0, 59));
  for (const participant of door.people) {
    // The middle of three throws, pulled to the front.
    const when = ((random.next() + random.next() + random.next()) / 3) ** 1.5;
    const at = new Date(door.from.getTime() + (open * Math.floor(when * handfuls)) / handfuls + 41_000);
    const arrivedAt = new Date(at.getTime() - 5_000);
    const come = door.state(participant, arrivedAt);
    if (come) steps.push({ at, participant, arrivedAt, ...come });
    else if (door.missing !== null) steps.push({ at: end, participant, state: door.missing });
  }
  planRegister(place, {
    session: door.session,
    author: door.author,
    steps,
    started: after(door.from, 0, random.int(0, 120)),
    ...(door.missing !== null && random.chance(0.9) ? { completed: after(end, 1, random.int(0, 59)) } : {}),
    ...(door.ended === false ? {} : { ended: after(end, 2, random.int(0, 59)) }),
  });
}
