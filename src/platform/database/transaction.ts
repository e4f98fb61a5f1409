import { setTimeout as sleep } from 'node:timers/promises';
import {
  DeadlockException,
  LockWaitTimeoutException,
  OptimisticLockError,
  UniqueConstraintViolationException,
  type EntityManager,
} from '@mikro-orm/core';
import { nameFact } from '../ledger/ledger.js';

const ATTEMPTS = 5;

/**
 * Runs a use case in one transaction, and the whole of it again when another writer came first (deadlock, lock wait,
 * a unique key or a revision that somebody else took meanwhile). READ COMMITTED (database.config.ts): a second attempt sees
 * what the first one lost against, and gap locks do not meet each other. Each attempt starts with an empty identity map, so
 * `work` must find what it needs itself: entities loaded outside are not part of the transaction.
 * @param fact what is being done, `module.past` ("session.scheduled"); every audit row of the transaction carries it
 * @param work gets the transaction's EntityManager
 * @returns what `work` returns
 * @throws whatever `work` throws; the last clash when five attempts were not enough
 */
export async function transact<T, E extends EntityManager>(
  em: E,
  fact: string,
  work: (em: E) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return (await em.transactional(
        (tx) => {
          nameFact(tx, fact);
          return work(tx as E);
        },
        { clear: true },
      )) as T;
    } catch (error) {
      if (attempt === ATTEMPTS || !isClash(error)) throw error;
      await sleep(Math.random() * 10 * 2 ** attempt);
    }
  }
}

const CLASH_CODES = new Set([1062, 1205, 1213]);

/** @returns whether the error says that another writer came first, so that trying again can succeed */
export function isClash(error: unknown): boolean {
  return (
    error instanceof DeadlockException ||
    error instanceof LockWaitTimeoutException ||
    error instanceof OptimisticLockError ||
    error instanceof UniqueConstraintViolationException ||
    CLASH_CODES.has((error as { errno?: number })?.errno ?? 0) ||
    /^SQLITE_BUSY/.test(String((error as { code?: string })?.code ?? ''))
  );
}
