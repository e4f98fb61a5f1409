import { Problem, type Refusal } from './problem.js';

/** What became of a form: its value, or why it was refused. */
export type Attempt<T> =
  { value: T; refusals: null } | { value: null; refusals: Refusal[]; status: number; data?: Record<string, unknown> };

/**
 * Parses a form and does its act. What the person can mend (422, 409) comes back as refusals, for the page that shows
 * what was typed; everything else is thrown on.
 * @param also further answers of HTTP that this page tells itself
 */
export async function attempt<T>(work: () => T | Promise<T>, also: number[] = []): Promise<Attempt<T>> {
  try {
    return { value: await work(), refusals: null };
  } catch (error) {
    if (error instanceof Problem && [422, 409, ...also].includes(error.status))
      return { value: null, refusals: error.refusals, status: error.status, data: error.more.data };
    throw error;
  }
}

/** @returns the address to go back to, if it is a path of our own; else the fallback: a form must not lead elsewhere */
export function ownPath(path: unknown, fallback: string): string {
  return typeof path === 'string' && /^\/(?![/\\])[^\s\\]*$/.test(path) ? path : fallback;
}
