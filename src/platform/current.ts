import { AsyncLocalStorage } from 'node:async_hooks';

/** By which door an act came in. Written into every audit row and every receipt. */
export type Source = 'page' | 'form' | 'api' | 'bulk' | 'sync' | 'import' | 'self' | 'cli';

/** Who is acting now. Filled by the access guard for requests, by `withCurrent` for jobs and the command line. */
export interface Current {
  requestId: string | null;
  organizationId: number | null;
  userId: number | null;
  source: Source;
  sourceDevice: string | null;
  /** What a token of an integration may do at most; null: whatever its user may. */
  scopes: readonly string[] | null;
}

const storage = new AsyncLocalStorage<Current>();

/**
 * Runs `work` with its own Current. Everything awaited inside sees it; nothing outside does.
 * @returns what `work` returns
 */
export function withCurrent<T>(current: Partial<Current>, work: () => T): T {
  const blank: Current = {
    requestId: null,
    organizationId: null,
    userId: null,
    source: 'cli',
    sourceDevice: null,
    scopes: null,
  };
  return storage.run({ ...blank, ...current }, work);
}

/** @returns the Current of this request or job. @throws when nothing set one: a bug, never the person's fault */
export function current(): Current {
  const found = storage.getStore();
  if (!found) throw new Error('no Current: wrap the work in withCurrent()');
  return found;
}

/** @returns what the token of this request may do at most; null when there is none, or nobody acts (a job, a start) */
export const currentScopes = (): readonly string[] | null => storage.getStore()?.scopes ?? null;

/** @returns the organization that is acted for. @throws when nobody is signed in and no job said for whom it works */
export function currentOrganization(): number {
  const id = current().organizationId;
  if (id === null) throw new Error('no organization is acted for');
  return id;
}

/** @returns the id of the acting user. @throws when nobody is signed in */
export function currentUser(): number {
  const id = current().userId;
  if (id === null) throw new Error('nobody is signed in');
  return id;
}
