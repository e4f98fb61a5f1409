import { type EntityManager } from '@mikro-orm/core';
import { clock } from '../../platform/clock.js';
import { instant, read } from '../../platform/database/read.js';
import { afterCursor, cursorOf, type PageMeta, type Paging } from '../../platform/http/paging.js';
import { shortOf } from './device-name.js';

/** One user in one browser: what it has brought, and what is known to be there still. */
export interface Device {
  id: number;
  clientId: string;
  label: string;
  /** Tells apart what has the same label: "A3F9". */
  short: string;
  user: { id: number; name: string; active: boolean };
  firstSeenAt: Date;
  lastSeenAt: Date;
  lastSyncAt: Date | null;
  maxSeq: number;
  receivedUpTo: number;
  /** Marks of it that have arrived. */
  marks: number;
  /** Marks that the device says it has made and that have not arrived. */
  missing: number;
  /** Marks of it that wait for a person. */
  parked: number;
  /** Whether it is signed in, as far as the server knows. */
  signedIn: boolean;
  revokedAt: Date | null;
  /** How many users share this browser, this one included. */
  sharedBy: number;
}

interface Row {
  id: number;
  client_id: string;
  label: string;
  device_hash: string;
  user_id: number;
  first_name: string;
  last_name: string;
  user_status: string;
  created_at: number | string;
  last_seen_at: number | string;
  last_sync_at: number | string | null;
  max_seq: number;
  received_up_to: number;
  arrived: number;
  signed_in: number;
  revoked_at: number | string | null;
  shared_by: number;
}

/** What has arrived above the unbroken row of numbers is counted by its receipts; a number that came twice counts once. */
const DEVICES = `select k.id, k.client_id, k.label, k.device_hash, k.created_at, k.user_id, u.first_name, u.last_name, u.status as user_status,
       k.last_seen_at, k.last_sync_at, k.max_seq, k.received_up_to, k.revoked_at,
       (select count(distinct o.seq) from presence_operations o where o.organization_id = k.organization_id
          and o.client_id = k.client_id and o.seq > k.received_up_to and o.seq <= k.max_seq) as arrived,
       case when l.id is null then 0 else 1 end as signed_in,
       (select count(*) from sync_clients s where s.organization_id = k.organization_id
          and s.device_hash = k.device_hash) as shared_by
  from sync_clients k
  join users u on u.organization_id = k.organization_id and u.id = k.user_id
  left join login_sessions l on l.organization_id = k.organization_id and l.token_hash = k.login_hash
   and l.expires_at > :now
 where k.organization_id = :organization`;

/**
 * Every device of the organization. Three statements.
 * @param order by id, or for a page: who was seen last comes first
 */
export async function devicesOf(
  em: EntityManager,
  paging: Paging,
  order: 'id' | 'seen' = 'id',
): Promise<{ data: Device[]; meta: PageMeta }> {
  const rows = await read<Row>(
    em,
    `${DEVICES} and k.id > :after order by ${order === 'id' ? 'k.id' : 'k.last_seen_at desc, k.id'}
      limit :take offset :skip`,
    {
      now: clock.now(),
      after: afterCursor(paging.cursor),
      take: paging.per_page + 1,
      skip: paging.cursor ? 0 : (paging.page - 1) * paging.per_page,
    },
  );
  const [count] = await read<{ total: number }>(
    em,
    'select count(*) as total from sync_clients k where k.organization_id = :organization',
  );
  const data = await devicesFrom(em, rows.slice(0, paging.per_page));
  const next = rows.length > paging.per_page && order === 'id' ? cursorOf(data.at(-1)!.id) : null;
  return { data, meta: { page: paging.page, per_page: paging.per_page, total: Number(count!.total), next } };
}

/** @returns one device, or null */
export async function deviceById(em: EntityManager, id: number): Promise<Device | null> {
  const rows = await read<Row>(em, `${DEVICES} and k.id = :id`, { id, now: clock.now() });
  return (await devicesFrom(em, rows))[0] ?? null;
}

async function devicesFrom(em: EntityManager, rows: Row[]): Promise<Device[]> {
  if (rows.length === 0) return [];
  const parked = await read<{ client_id: string; parked: number }>(
    em,
    `select o.client_id, count(*) as parked from presence_operations o
      where o.organization_id = :organization and o.outcome = 'parked' and o.settlement is null
        and o.client_id in (:clients) group by o.client_id`,
    { clients: rows.map((row) => row.client_id) },
  );
  const waiting = new Map(parked.map((row) => [row.client_id, Number(row.parked)]));
  return rows.map((row) => ({
    id: Number(row.id),
    clientId: row.client_id,
    label: row.label,
    short: shortOf(row.device_hash),
    user: {
      id: Number(row.user_id),
      name: `${row.first_name} ${row.last_name}`.trim(),
      active: row.user_status === 'active',
    },
    firstSeenAt: instant(row.created_at),
    lastSeenAt: instant(row.last_seen_at),
    lastSyncAt: instant(row.last_sync_at),
    maxSeq: Number(row.max_seq),
    receivedUpTo: Number(row.received_up_to),
    marks: Number(row.received_up_to) + Number(row.arrived),
    missing: Math.max(0, Number(row.max_seq) - Number(row.received_up_to) - Number(row.arrived)),
    parked: waiting.get(row.client_id) ?? 0,
    signedIn: Number(row.signed_in) === 1,
    revokedAt: instant(row.revoked_at),
    sharedBy: Number(row.shared_by),
  }));
}

/** A device as programs see it. */
export function deviceJson(device: Device) {
  return {
    id: device.id,
    device_id: device.clientId,
    label: device.label,
    short_id: device.short,
    user: { id: device.user.id, name: device.user.name },
    first_seen_at: device.firstSeenAt.toISOString(),
    last_seen_at: device.lastSeenAt.toISOString(),
    last_sync_at: device.lastSyncAt?.toISOString() ?? null,
    max_seq: device.maxSeq,
    received_up_to: device.receivedUpTo,
    marks: device.marks,
    missing: device.missing,
    parked: device.parked,
    signed_in: device.signedIn,
    revoked_at: device.revokedAt?.toISOString() ?? null,
  };
}
