import { ConstraintViolationException, UniqueConstraintViolationException } from '@mikro-orm/core';
import { failed, type Taken } from './taken.js';

/** MySQL: out of range, truncated, no such date, no such character here, too long, no JSON. */
const DATA_ERRORS = new Set([1264, 1265, 1292, 1366, 1406, 3140, 3141]);

/**
 * Whether a value of the rows is at fault. Everything else (the connection, the disk, another writer who came first five
 * times) says nothing about the rows: the job waits and tries again.
 */
export function isRowsFault(error: unknown): boolean {
  const { errno, code } = (error ?? {}) as { errno?: number; code?: string };
  return (
    error instanceof ConstraintViolationException ||
    DATA_ERRORS.has(errno ?? 0) ||
    /^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG)/.test(code ?? '')
  );
}

/** What is told about a row that the database did not take. */
export function refusedByDatabase(row: number, error: unknown): Taken {
  const taken = error instanceof UniqueConstraintViolationException;
  return failed(row, {
    row,
    field: null,
    code: taken ? 'taken' : 'invalid',
    message: taken
      ? 'Something in this row belongs to somebody else already.'
      : 'This row could not be stored. Look for unusual characters or very long values.',
    params: {},
  });
}
