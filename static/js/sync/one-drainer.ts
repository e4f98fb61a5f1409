import { type Environment } from './environment.js';
import { type Lease, type Store } from './store.js';

const NAME = 'omnipresence-drain';
/** A lease that is not renewed for so long belongs to a tab that is gone. Milliseconds. */
const LEASE = 15_000;

/**
 * Runs the work unless another tab or the worker is doing it. That two drain at the same time would do no harm (op_id
 * makes it harmless), it would only be waste: so a lease that may be wrong once is good enough where Web Locks are missing.
 * @returns false when somebody else is at it
 */
export async function asOnlyDrainer(env: Environment, store: Store, work: () => Promise<void>): Promise<boolean> {
  if (env.locks) {
    return env.locks.request(NAME, { ifAvailable: true }, async (lock) => {
      if (lock) await work();
      return lock !== null;
    });
  }
  const owner = env.uuid();
  const take = () =>
    store.write(async (tx) => {
      const meta = tx.objectStore('meta');
      const lease = (await meta.get('lease')) as Lease | undefined;
      const left = (lease?.until ?? 0) - env.now();
      // A lease that ends later than any lease can was written by another clock.
      if (lease && lease.owner !== owner && left > 0 && left <= LEASE) return false;
      await meta.put({ owner, until: env.now() + LEASE } satisfies Lease, 'lease');
      return true;
    });
  const release = () =>
    store.write(async (tx) => {
      const meta = tx.objectStore('meta');
      const lease = (await meta.get('lease')) as Lease | undefined;
      if (lease?.owner === owner) await meta.delete('lease');
    });
  if (!(await take())) return false;
  let working = true;
  let cancel = () => {};
  const renew = () => {
    cancel = env.timer(() => {
      // The work may end meanwhile: then nobody else would ever let go of the lease.
      void take().then(
        (mine) => (working ? mine && renew() : release()),
        () => undefined,
      );
    }, LEASE / 3);
  };
  renew();
  try {
    await work();
  } finally {
    working = false;
    cancel();
    await release();
  }
  return true;
}
