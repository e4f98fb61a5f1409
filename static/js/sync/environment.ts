/**
 * Everything that the device engine takes from outside. The page, the service worker and the simulation run the very same
 * engine, each with its own environment, so nothing in this folder asks for window, document, a clock or a die.
 */
export interface Environment {
  indexedDB: IDBFactory;
  keyRange: typeof IDBKeyRange;
  fetch(address: string, init: RequestInit): Promise<Response>;
  /** Milliseconds since 1970, by the clock of the device. */
  now(): number;
  /** 0 to 1, for the jitter of the back-off. */
  random(): number;
  /** Calls back once after so many milliseconds. @returns what cancels it */
  timer(work: () => void, ms: number): () => void;
  /** A UUID of version 7. */
  uuid(): string;
  /** null where Web Locks are missing (plain http): then a lease in the database keeps the drainers apart. */
  locks: Pick<LockManager, 'request'> | null;
  /** How the tabs and the worker tell each other that something changed; null where there is no BroadcastChannel. */
  channel: { post(message: unknown): void; listen(hear: (message: unknown) => void): void } | null;
  /** gzip for large bodies; null, or null as the answer: the body goes as it is. */
  compress: ((text: string) => Promise<Uint8Array<ArrayBuffer> | null>) | null;
  /** Whether somebody looks at this page now: then the next try comes sooner. Absent: nobody does. */
  visible?(): boolean;
  /** Deletes the pages that this browser keeps: somebody signed out, or the device was revoked. Absent where none are kept. */
  forgetPages?(): Promise<void>;
}
