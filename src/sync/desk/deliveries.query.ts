import { type EntityManager } from '@mikro-orm/core';
import { byIndex, secondsBefore } from '../../platform/database/dialect.js';
import { instant, read, type Parameters } from '../../platform/database/read.js';
import { afterCursor, cursorOf, type PageMeta, type Paging } from '../../platform/http/paging.js';
import { type SyncHistory } from '../sync-history.entity.js';
import { deviceNamed, type DeviceName } from './device-name.js';

export const OUTCOMES = ['applied', 'merged', 'duplicate', 'conflict', 'parked', 'rejected', 'retried'] as const;
export const DELIVERY_STATUSES = ['receiving', 'done', 'incomplete'] as const;

/** A batch that a device brought, and what became of it. */
export interface Delivery {
  id: number;
  batchId: string;
  status: SyncHistory['status'];
  onBehalf: boolean;
  device: DeviceName & { label: string };
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
  /** Leaves out what is plain: all of it was applied, and none of it had waited on the device for more than a minute. */
  notable?: boolean | undefined;
}

/** Among so many of the newest deliveries the notable ones are looked for: a school sends thousands of plain taps a day. */
export const LOOKED_AT = 2000;
const AT_ONCE_S = 60;

type Row = Record<(typeof OUTCOMES)[number], number> & {
  id: number;
  batch_id: string;
  status: SyncHistory['status'];
  on_behalf: number | boolean;
  client_id: string;
  label: string;
  device_hash: string;
  user_id: number;
  first_name: string;
  last_name: string;
  sent_at: number | string;
  received_at: number | string;
  done_at: number | string | null;
  operations: number;
  waiting: number;
};

const BY_DELIVERY = 'presence_operations_delivery_index';
const deliveriesIn = (
  em: EntityManager,
  source: string,
) => `select h.id, h.batch_id, h.status, h.on_behalf, h.sent_at, h.received_at, h.done_at, h.operations,
       ${OUTCOMES.map((name) => `h.${name}`).join(', ')}, k.client_id, k.label, k.device_hash, h.user_id, u.first_name, u.last_name,
       (select count(*) from presence_operations o ${byIndex(em, BY_DELIVERY)} where o.organization_id = h.organization_id
          and o.sync_history_id = h.id and o.outcome = 'parked' and o.settlement is null) as waiting
  from ${source} h
  join sync_clients k on k.organization_id = h.organization_id and k.id = h.sync_client_id
  join users u on u.organization_id = h.organization_id and u.id = h.user_id
 where h.organization_id = :organization`;

/** Times that are not to be trusted count as the time of arrival, so they say nothing about how long a mark had waited. */
const isNotable = (em: EntityManager) => `(h.status <> 'done' or h.applied <> h.operations or exists (
    select 1 from presence_operations o ${byIndex(em, BY_DELIVERY)}
     where o.organization_id = h.organization_id and o.sync_history_id = h.id
       and (o.corrected_at < ${secondsBefore(em, 'h.received_at', AT_ONCE_S)} or o.flags like '%clock_invalid%')))`;

/**
 * Deliveries in the order in which they came, or the newest first. Two statements.
 * @returns `looked`: among how many deliveries the notable ones were looked for
 */
export async function deliveriesOf(
  em: EntityManager,
  filter: DeliveryFilter,
  paging: Paging,
  order: 'oldest' | 'newest' = 'oldest',
): Promise<{ data: Delivery[]; meta: PageMeta; looked: number }> {
  const parts = ['h.organization_id = :organization'];
  const parameters: Parameters = {};
  const add = (name: Exclude<keyof DeliveryFilter, 'notable'>, sql: string) => {
    if (filter[name] === undefined) return;
    parts.push(sql);
    parameters[name] = filter[name];
  };
  add(
    'device_id',
    `h.sync_client_id = (select k.id from sync_clients k
       where k.organization_id = :organization and k.client_id = :device_id)`,
  );
  add('status', 'h.status = :status');
  add('from', 'h.received_at >= :from');
  add('to', 'h.received_at < :to');
  const among = `(select h.* from sync_history h where ${parts.join(' and ')}
    ${filter.notable ? `order by h.received_at desc, h.id desc limit ${LOOKED_AT}` : ''})`;
  const notable = filter.notable ? isNotable(em) : '1 = 1';
  const sorted = order === 'oldest' ? 'h.id' : 'h.received_at desc, h.id desc';
  // One page first; names and counts are looked up for its rows alone.
  const page = `(select h.* from ${among} h where ${notable} and h.id > :after order by ${sorted} limit :take offset :skip)`;
  const rows = await read<Row>(em, `${deliveriesIn(em, page)} order by ${sorted}`, {
    ...parameters,
    after: afterCursor(paging.cursor),
    take: paging.per_page + 1,
    skip: paging.cursor ? 0 : (paging.page - 1) * paging.per_page,
  });
  const [count] = await read<{ total: number | null; looked: number }>(
    em,
    `select sum(case when ${notable} then 1 else 0 end) as total, count(*) as looked from ${among} h`,
    parameters,
  );
  const data = rows.slice(0, paging.per_page).map(deliveryFrom);
  const next = rows.length > paging.per_page && order === 'oldest' ? cursorOf(data.at(-1)!.id) : null;
  const total = Number(count!.total ?? 0);
  return { data, meta: { page: paging.page, per_page: paging.per_page, total, next }, looked: Number(count!.looked) };
}

/** @returns one delivery, or null */
export async function deliveryById(em: EntityManager, id: number): Promise<Delivery | null> {
  const [row] = await read<Row>(em, `${deliveriesIn(em, 'sync_history')} and h.id = :id`, { id });
  return row ? deliveryFrom(row) : null;
}

function deliveryFrom(row: Row): Delivery {
  return {
    id: Number(row.id),
    batchId: row.batch_id,
    status: row.status,
    onBehalf: Boolean(row.on_behalf),
    device: { ...deviceNamed(row.client_id, row.label, row.device_hash), label: row.label },
    user: { id: Number(row.user_id), name: `${row.first_name} ${row.last_name}`.trim() },
    sentAt: instant(row.sent_at),
    receivedAt: instant(row.received_at),
    doneAt: instant(row.done_at),
    operations: row.operations,
    counts: Object.fromEntries(OUTCOMES.map((name) => [name, Number(row[name])])) as Delivery['counts'],
    waiting: Number(row.waiting),
  };
}

/** What a delivery brought, as people count: a person who was tapped three times in one register is one mark. */
export interface Brought {
  marks: number;
  /** People who were added on the device. */
  people: number;
  /** By what became of the last word on each: the outcome, and whether it still waits for a person. */
  became: { outcome: string; open: boolean; count: number }[];
}

/** @returns by id of the delivery. One statement. */
export async function broughtBy(em: EntityManager, deliveries: number[]): Promise<Map<number, Brought>> {
  const brought = new Map(deliveries.map((id): [number, Brought] => [id, { marks: 0, people: 0, became: [] }]));
  if (deliveries.length === 0) return brought;
  // What was refused has no cell, and whoever was added has none: each counts for itself.
  const cell = `partition by o.sync_history_id, o.kind, o.session_id, o.participant_id,
    case when o.kind = 'presence' and o.participant_id is not null then 0 else o.id end`;
  const rows = await read<{ delivery: number; kind: string; outcome: string; waits: number; cells: number }>(
    em,
    `select c.delivery, c.kind, c.outcome, c.waits, count(*) as cells
       from (select o.sync_history_id as delivery, o.kind, o.outcome,
                    max(case when o.outcome in ('conflict', 'parked') and o.settlement is null then 1 else 0 end)
                      over (${cell}) as waits,
                    row_number() over (${cell} order by o.id desc) as place
               from presence_operations o ${byIndex(em, BY_DELIVERY)}
              where o.organization_id = :organization and o.sync_history_id in (:deliveries)) c
      where c.place = 1 group by c.delivery, c.kind, c.outcome, c.waits`,
    { deliveries },
  );
  for (const row of rows) {
    const each = brought.get(Number(row.delivery))!;
    const count = Number(row.cells);
    if (row.kind === 'participant') each.people += count;
    else each.marks += count;
    const open = Number(row.waits) === 1;
    const same = each.became.find((other) => other.outcome === row.outcome && other.open === open);
    if (same) same.count += count;
    else each.became.push({ outcome: row.outcome, open, count });
  }
  const rank = ({ outcome }: { outcome: string }) => OUTCOMES.indexOf(outcome as (typeof OUTCOMES)[number]);
  for (const { became } of brought.values())
    became.sort((a, b) => rank(a) - rank(b) || Number(b.open) - Number(a.open));
  return brought;
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
