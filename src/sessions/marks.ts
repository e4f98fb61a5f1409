import { type EntityManager } from '@mikro-orm/core';

type FindMarked = (em: EntityManager, sessions: number[]) => Promise<Set<number>>;

let found: FindMarked = () => Promise.resolve(new Set());

/** Presence tells which sessions hold marks; sessions themselves know nothing of marks. One statement for 500 of them. */
export function findMarkedBy(find: FindMarked): void {
  found = find;
}

/** @returns those of these sessions for which somebody has marked anybody, ever */
export async function markedAmong(em: EntityManager, sessions: number[]): Promise<Set<number>> {
  const marked = new Set<number>();
  for (let at = 0; at < sessions.length; at += 500)
    for (const id of await found(em, sessions.slice(at, at + 500))) marked.add(id);
  return marked;
}
