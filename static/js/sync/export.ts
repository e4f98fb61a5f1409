import { type OpRow, type Store } from './store.js';

/** What a person can take away from a device that cannot send: everything that only the device has, as text. */
export async function exportOutbox(store: Store, binding: string, now: number): Promise<string> {
  const owner = await store.binding(binding);
  const names = await store.names(binding);
  const nameOf = (kind: 'person' | 'session', id: number | string) =>
    names.find((name) => name.kind === kind && name.id === id)?.name ?? null;
  const rows: OpRow[] = [...(await store.rows(binding, 'waiting')), ...(await store.rows(binding, 'refused'))];
  return JSON.stringify(
    {
      format: 'omnipresence-outbox',
      version: 1,
      exported_at: new Date(now).toISOString(),
      organization_id: owner?.organization ?? null,
      user_id: owner?.user ?? null,
      client_id: owner?.client_id ?? null,
      operations: rows.map((row) => ({
        status: row.status,
        code: row.code,
        person: nameOf('person', row.person),
        session: nameOf('session', row.session),
        operation: row.op,
      })),
    },
    null,
    2,
  );
}
