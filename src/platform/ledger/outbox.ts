import { type EntityManager } from '@mikro-orm/core';
import { clock } from '../clock.js';
import { canonicalJson } from '../text.js';
import { insertRows } from './audited-rows.js';
import { Outbox } from './outbox.entity.js';

/** What happened to one record, as whoever reacts is told of it. */
export interface Told {
  recordId: number;
  /** The record as it is after the change; JSON types. */
  record: unknown;
}

/** Does something about a fact, inside the relay's transaction: what it writes and the fact's leaving are one commit. */
export type Reaction = (tx: EntityManager, fact: Outbox) => Promise<void>;
/** @returns whether somebody of the organization that is acted for reacts to the fact now */
type Interest = (tx: EntityManager, fact: string) => Promise<boolean>;

const reactions: { interest: Interest; react: Reaction }[] = [];

/** A module further right registers what follows from a fact. Reactions may run again after a crash: they must be harmless then. */
export function whenFact(interest: Interest, react: Reaction): void {
  if (!reactions.some((each) => each.react === react)) reactions.push({ interest, react });
}

/**
 * Writes facts for whoever reacts, inside the transaction of the change itself; nothing while nobody does.
 * @param fact "presence.recorded"
 */
export async function tell(tx: EntityManager, fact: string, told: Told[]): Promise<void> {
  if (told.length === 0 || !(await somebodyReacts(tx, fact))) return;
  const now = clock.now();
  await insertRows(
    tx,
    Outbox,
    told.map(({ recordId, record }) => ({
      fact,
      recordId,
      payload: canonicalJson(record),
      attempts: 0,
      nextAttemptAt: now,
    })),
  );
}

/** @returns whether anybody of the organization that is acted for reacts to the fact now */
export async function somebodyReacts(tx: EntityManager, fact: string): Promise<boolean> {
  for (const { interest } of reactions) if (await interest(tx, fact)) return true;
  return false;
}

/** Runs every reaction to one fact. */
export async function react(tx: EntityManager, fact: Outbox): Promise<void> {
  for (const { interest, react: run } of reactions) if (await interest(tx, fact.fact)) await run(tx, fact);
}
