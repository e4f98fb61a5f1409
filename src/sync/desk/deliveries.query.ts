import { type EntityManager } from '@mikro-orm/core';
import { instant, read, type Parameters } from '../../platform/database/read.js';
import { afterCursor, cursorOf, type PageMeta, type Paging } from '../../platform/http/paging.js';
import { type SyncHistory } from '../sync-history.entity.js';

export const OUTCOMES = ['applied', 'merged', 'duplicate', 'conflict', 'parked', 'rejected', 'retried'] as const;
export const DELIVERY_STATUSES = ['receiving', 'done', 'incomplete'] as const;

/** A batch that a device brought, and what became of it. */
export interface Delivery {
  id: number;
  batchId: string;
  status: SyncHistory['status'];
  onBehalf: boolean;
  device: { id: string; label: string };
  user: { id: number; name: string };
  sentAt: Date;
  receivedAt: Date;
  doneAt: Date | null;
  operations: number;
  counts: Record<(typeof OUTCOMES)[number], number>;
  /** Parked operations of it that wait for a person: what a retry would judge again. */
  waiting: number;
}

export interface DeliveryFilter {
  device_id?: string | undefined;
  status?: string | undefined;
  /** Inclusive. */
  from?: Date | undefined;
  /** Exclusive. */
  to?: Date | undefined;
}

type Row = Record<(typeof OUTCOMES)[number], number> & {
  id: number;
  batch_id: string;
  status: SyncHistory['status'];
  on_behalf: number | boolean;
  client_id: string;
  label: string;
  user_id: number;
  first_name: string;
  last_name: string;
  sent_at: number | string;
  received_at: number | string;
  done_at: number | string | null;
  operations: number;
  waiting: number;
};

const DELIVERIES = `select h.id, h.batch_id, h.status, h.on_behalf, h.sent_at, h.received_at, h.done_at, h.operations,
       ${OUTCOMES.map((name) => `h.${name}`).join(', ')}, k.client_id, k.label, h.user_id, u.first_name, u.last_name,
       (select count(*) from presence_operations o where o.organization_id = h.organization_id
          and o.sync_history_id = h.id and o.outcome = 'parked' and o.settlement is null) as waiting
  from sync_history h
  join sync_clients k on k.organization_id = h.organization_id and k.id = h.sync_client_id
  join users u on u.organization_id = h.organization_id and u.id = h.user_id
 where h.organization_id = :organization`;

/** Deliveries in the order in which they came, or the newest first. Two statements. */
export async function deliveriesOf(
  em: EntityManager,
  filter: DeliveryFilter,
  paging: Paging,
  order: 'oldest' | 'newest' = 'oldest',
): Promise<{ data: Delivery[]; meta: PageMeta }> {
  const parts = ['1 = 1'];
  const parameters: Parameters = {};
  const add = (name: keyof DeliveryFilter, sql: string) => {
    if (filter[name] === undefined) return;
    parts.push(sql);
    parameters[name] = filter[name];
  };
  add('device_id', 'k.client_id = :device_id');
  add('status', 'h.status = :status');
  add('from', 'h.received_at >= :from');
  add('to', 'h.received_at < :to');
  const where = parts.join(' and ');
  const rows = await read<Row>(
    em,
    `${DELIVERIES} and ${where} and h.id > :after
      order by h.id ${order === 'oldest' ? 'asc' : 'desc'} limit :take offset :skip`,
    {
      ...parameters,
      after: afterCursor(paging.cursor),
      take: paging.per_page + 1,
      skip: paging.cursor ? 0 : (paging.page - 1) * paging.per_page,
    },
  );
  const [count] = await read<{ total: number }>(
    em,
    `select count(*) as total from sync_history h
       join sync_clients k on k.organization_id = h.organization_id and k.id = h.sync_client_id
      where h.organization_id = :organization and ${where}`,
    parameters,
  );
  const data = rows.slice(0, paging.per_page).map(deliveryFrom);
  const next = rows.length > paging.per_page && order === 'oldest' ? cursorOf(data.at(-1)!.id) : null;
  return { data, meta: { page: paging.page, per_page: paging.per_page, total: Number(count!.total), next } };
}

/** @returns one delivery, or null */
export async function deliveryById(em: EntityManager, id: number): Promise<Delivery | null> {
  const [row] = await read<Row>(em, `${DELIVERIES} and h.id = :id`, { id });
  return row ? deliveryFrom(row) : null;
}

function deliveryFrom(row: Row): Delivery {
  return {
    id: Number(row.id),
    batchId: row.batch_id,
    status: row.status,
    onBehalf: Boolean(row.on_behalf),
    device: { id: row.client_id, label: row.label },
    user: { id: Number(row.user_id), name: `${row.first_name} ${row.last_name}`.trim() },
    sentAt: instant(row.sent_at),
    receivedAt: instant(row.received_at),
    doneAt: instant(row.done_at),
    operations: row.operations,
    counts: Object.fromEntries(OUTCOMES.map((name) => [name, Number(row[name])])) as Delivery['counts'],
    waiting: Number(row.waiting),
  };
}

/** One operation of a delivery. What had arrived before (duplicate) has its receipt in the delivery that brought it first. */
export interface Delivered {
  opId: string;
  seq: number | null;
  kind: string;
  outcome: string;
  code: string | null;
  settlement: string | null;
  flags: string[];
  revision: number | null;
  conflict: number | null;
  session: { id: number; name: string } | null;
  participant: { id: number; name: string } | null;
  state: string | null;
  recordedAt: Date;
  correctedAt: Date;
}

/** The operations that a delivery brought, in the device's order. One statement. */
export async function operationsOf(em: EntityManager, delivery: number): Promise<Delivered[]> {
  const rows = await read<{
    op_id: string;
    seq: number | null;
    kind: string;
    outcome: string;
    code: string | null;
    settlement: string | null;
    flags: string | null;
    revision: number | null;
    conflict_id: number | null;
    body: string;
    recorded_at: number | string;
    corrected_at: number | string;
    session_id: number | null;
    session_name: string | null;
    participant_id: number | null;
    first_name: string | null;
    last_name: string | null;
  }>(
    em,
    `select o.op_id, o.seq, o.kind, o.outcome, o.code, o.settlement, o.flags, o.revision, o.conflict_id, o.body,
            o.recorded_at, o.corrected_at, x.id as session_id, x.name as session_name, p.id as participant_id,
            p.first_name, p.last_name
       from presence_operations o
       left join sessions x on x.organization_id = o.organization_id and x.id = o.session_id
       left join participants p on p.organization_id = o.organization_id and p.id = o.participant_id
      where o.organization_id = :organization and o.sync_history_id = :delivery order by o.seq, o.id`,
    { delivery },
  );
  return rows.map((row) => ({
    opId: row.op_id,
    seq: row.seq === null ? null : Number(row.seq),
    kind: row.kind,
    outcome: row.outcome,
    code: row.code,
    settlement: row.settlement,
    flags: row.flags ? row.flags.split(' ') : [],
    revision: row.revision,
    conflict: row.conflict_id === null ? null : Number(row.conflict_id),
    session: row.session_id === null ? null : { id: Number(row.session_id), name: row.session_name! },
    participant:
      row.participant_id === null
        ? null
        : { id: Number(row.participant_id), name: `${row.first_name} ${row.last_name ?? ''}`.trim() },
    state:
      row.body === '' ? null : ((JSON.parse(row.body) as { presence_state?: string | null }).presence_state ?? null),
    recordedAt: instant(row.recorded_at),
    correctedAt: instant(row.corrected_at),
  }));
}

/** A delivery as programs see it. */
export function deliveryJson(delivery: Delivery) {
  return {
    id: delivery.id,
    batch_id: delivery.batchId,
    status: delivery.status,
    on_behalf: delivery.onBehalf,
    device_id: delivery.device.id,
    device_label: delivery.device.label,
    user: delivery.user,
    sent_at: delivery.sentAt.toISOString(),
    received_at: delivery.receivedAt.toISOString(),
    done_at: delivery.doneAt?.toISOString() ?? null,
    operations: delivery.operations,
    ...delivery.counts,
    waiting: delivery.waiting,
  };
}

export function deliveredJson(each: Delivered) {
  return {
    op_id: each.opId,
    seq: each.seq,
    kind: each.kind,
    outcome: each.outcome,
    code: each.code,
    settlement: each.settlement,
    flags: each.flags,
    revision: each.revision,
    conflict_id: each.conflict,
    session_id: each.session?.id ?? null,
    participant_id: each.participant?.id ?? null,
    presence_state: each.state,
    recorded_at: each.recordedAt.toISOString(),
    corrected_at: each.correctedAt.toISOString(),
  };
}
