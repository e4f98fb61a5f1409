import { type Random } from './random.js';

/** How somebody was on some day. */
export type Condition =
  | { kind: 'here' }
  | { kind: 'late'; minutes: number; note: string | null }
  /** `told`: when the office heard why, in days from that day; null while nobody explained it. */
  | { kind: 'away'; told: number | null; why: string }
  | { kind: 'elsewhere'; note: string | null };

export interface Words {
  late: string[];
  away: string[];
  /** For people who are present in another way (at home, for instance). */
  elsewhere?: string[];
}

/**
 * How people are from day to day: most come, some are often late, who falls ill stays away for days, and a few keep
 * staying away without a word. About 93 of 100 are there.
 */
export class Habits {
  readonly #conditions = new Map<number, Map<string, Condition>>();

  /** @param days in their order; a weekend between two of them does not end an illness */
  constructor(
    private readonly random: Random,
    people: number[],
    days: string[],
    words: Words,
    elsewhere = 0,
  ) {
    for (const person of people) this.#conditions.set(person, this.#month(days, words, elsewhere));
  }

  of(person: number, day: string): Condition {
    return this.#conditions.get(person)?.get(day) ?? { kind: 'here' };
  }

  #month(days: string[], words: Words, elsewhere: number): Map<string, Condition> {
    const { random } = this;
    const truant = random.chance(0.03);
    const lateness = random.chance(0.15) ? 0.09 : 0.012;
    const conditions = new Map<string, Condition>();
    let sick = 0;
    let why = '';
    let told: number | null = null;
    for (const day of days) {
      if (sick === 0 && random.chance(truant ? 0.12 : 0.016)) {
        sick = random.chance(0.45) ? 1 : random.int(2, 6);
        why = random.pick(words.away);
        told = truant || random.chance(0.2) ? null : random.int(0, 1);
      }
      if (sick > 0) {
        sick--;
        conditions.set(day, { kind: 'away', told, why });
        if (told !== null) told = 0;
      } else if (random.chance(lateness)) {
        const note = random.chance(0.4) ? random.pick(words.late) : null;
        conditions.set(day, { kind: 'late', minutes: random.int(3, 25), note });
      } else if (random.chance(elsewhere)) {
        const note = words.elsewhere && random.chance(0.1) ? random.pick(words.elsewhere) : null;
        conditions.set(day, { kind: 'elsewhere', note });
      }
    }
    return conditions;
  }
}
