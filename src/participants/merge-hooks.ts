import { type EntityManager } from '@mikro-orm/core';

/** One thing that both records have, so that only one of them can stay as it is. */
export interface Clash {
  /** Where: the name of a session. */
  name: string;
  at: Date;
  /** What stays, and what is kept in the history; null says nothing. */
  kept: string | null;
  other: string | null;
}

/** What a merge would do, in one module. */
export interface MergePreview {
  /** How many rows go over to the record that stays. */
  moves: number;
  /** Why the merge would be refused now: a key of the translation; null when it would not. */
  refusal: string | null;
  clashes: Clash[];
}

export interface MergeHook {
  /** Under which name the preview shows it: `marks`. */
  name: string;
  preview: (em: EntityManager, from: number, into: number) => Promise<MergePreview>;
  /** @throws Problem 409 when it must be settled first */
  move: (tx: EntityManager, from: number, into: number) => Promise<void>;
}

const hooks: MergeHook[] = [];

/** A module further right says what it has of a person, and brings it over when two records become one. */
export function whenMerging(hook: MergeHook): void {
  if (!hooks.some(({ name }) => name === hook.name)) hooks.push(hook);
}

export const mergeHooks = (): readonly MergeHook[] => hooks;
