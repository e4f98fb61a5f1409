/** A sign-out that the server does not know yet. It is kept as an entry of a cache, so that it outlives the browser. */
const OWED = 'owed';
const LOGOUT = '/logout';

export async function oweSignOut(): Promise<void> {
  await (await caches.open(OWED)).put(LOGOUT, new Response());
}

/**
 * Tells the server of the sign-out before anything else is asked of it: whoever takes the device afterwards is not let in
 * by the cookie that it still has.
 * Errors: there is still no network.
 */
export async function settleSignOut(): Promise<void> {
  if (!(await caches.has(OWED))) return;
  await fetch(LOGOUT, { method: 'POST', redirect: 'manual' });
  await caches.delete(OWED);
}
