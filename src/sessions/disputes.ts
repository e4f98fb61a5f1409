import { type EntityManager } from '@mikro-orm/core';

type CountDisputes = (em: EntityManager, sessions: number[]) => Promise<Map<number, number>>;

let counted: CountDisputes = () => Promise.resolve(new Map());

/** Presence counts the disputed marks of sessions, which know nothing of marks. One statement. */
export function countDisputesBy(count: CountDisputes): void {
  counted = count;
}

/** @returns by session; a session without a dispute is left out */
export const disputesIn: CountDisputes = async (em, sessions) =>
  sessions.length > 0 ? counted(em, sessions) : new Map<number, number>();
