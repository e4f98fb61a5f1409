import { type EntityManager } from '@mikro-orm/core';
import { instant, read, type Parameters } from '../../platform/database/read.js';
import { afterCursor, cursorOf, type PageMeta, type Paging } from '../../platform/http/paging.js';
import { deviceNamed, type DeviceName } from './device-name.js';
import { dayOf } from '../../tenancy/index.js';

/** `waiting` for a person, or how it was settled. */
export const PARKED_STATUSES = ['waiting', 'adopted', 'discarded', 'judged_again'] as const;
export type ParkedStatus = (typeof PARKED_STATUSES)[number];

/** An operation that arrived and could not be applied: a person decides. */
export interface Parked {
  id: number;
  opId: string;
  kind: string;
  /** Why it waits; null once it counts. */
  code: string | null;
  status: ParkedStatus;
  outcome: string;
  state: string | null;
  note: string | null;
  /** Of an operation that adds somebody: his name. */
  newName: string | null;
  author: { id: number; name: string; active: boolean };
  /** Who handed it in, when that was not the author. */
  broughtBy: { id: number; name: string } | null;
  device: DeviceName | null;
  session: { id: number; name: string; group: string; startsAt: Date; status: string; locked: boolean } | null;
  participant: { id: number; name: string; identifier: string | null } | null;
  flags: string[];
  waitsFor: string | null;
  delivery: number | null;
  recordedAt: Date;
  correctedAt: Date;
  receivedAt: Date;
  /** `at` is null for one that was adopted and is a candidate of an open conflict now. */
  settled: { by: { id: number; name: string } | null; at: Date | null; reason: string | null } | null;
}

export interface ParkedFilter {
  status: ParkedStatus;
  code?: string | undefined;
  /** The client that captured it. */
  device_id?: string | undefined;
  author_id?: number | undefined;
}

interface Row {
  id: number;
  op_id: string;
  kind: string;
  code: string | null;
  outcome: string;
  settlement: string | null;
  adopted_by: number | null;
  body: string;
  flags: string | null;
  author_id: number;
  author_first: string;
  author_last: string;
  author_status: string;
  bringer_id: number | null;
  bringer_first: string | null;
  bringer_last: string | null;
  client_id: string | null;
  label: string | null;
  device_hash: string | null;
  session_id: number | null;
  session_name: string | null;
  session_status: string | null;
  locked_at: number | string | null;
  starts_at: number | string | null;
  group_name: string | null;
  participant_id: number | null;
  first_name: string | null;
  last_name: string | null;
  identifier: string | null;
  waits_for: string | null;
  sync_history_id: number | null;
  recorded_at: number | string;
  corrected_at: number | string;
  received_at: number | string;
  settled_by: number | null;
  settler_first: string | null;
  settler_last: string | null;
  settled_at: number | string | null;
  settled_reason: string | null;
}

const PARKED = `select o.id, o.op_id, o.kind, o.code, o.outcome, o.settlement, o.adopted_by, o.body, o.flags, o.waits_for, o.sync_history_id,
       o.recorded_at, o.corrected_at, o.received_at, coalesce(o.settled_by, o.adopted_by) as settled_by, o.settled_at,
       o.settled_reason, o.client_id, k.label, k.device_hash,
       o.author_id, u.first_name as author_first, u.last_name as author_last, u.status as author_status,
       h.user_id as bringer_id, v.first_name as bringer_first, v.last_name as bringer_last,
       w.first_name as settler_first, w.last_name as settler_last,
       x.id as session_id, x.name as session_name, x.status as session_status, x.locked_at, x.scheduled_start_at as starts_at,
       g.name as group_name, p.id as participant_id, p.first_name, p.last_name, p.identifier
  from presence_operations o
  join users u on u.organization_id = o.organization_id and u.id = o.author_id
  left join users w on w.organization_id = o.organization_id and w.id = coalesce(o.settled_by, o.adopted_by)
  left join sync_clients k on k.organization_id = o.organization_id and k.client_id = o.client_id
  left join sync_history h on h.organization_id = o.organization_id and h.id = o.sync_history_id
  left join users v on v.organization_id = h.organization_id and v.id = h.user_id
  left join sessions x on x.organization_id = o.organization_id and x.id = o.session_id
  left join \`groups\` g on g.organization_id = x.organization_id and g.id = x.group_id
  left join participants p on p.organization_id = o.organization_id and p.id = o.participant_id
 where o.organization_id = :organization`;

/** An adopted operation has the outcome that it came to; as a candidate it waits once more, for another decision. */
const WHERE: Record<ParkedStatus, string> = {
  waiting: "o.outcome = 'parked' and o.settlement is null",
  discarded: "o.outcome = 'parked' and o.settlement = 'discarded'",
  adopted: `((o.outcome in ('applied', 'merged') and o.settlement = 'adopted')
    or (o.outcome = 'conflict' and o.adopted_by is not null))`,
  judged_again: "o.outcome in ('applied', 'merged', 'rejected') and o.settlement = 'judged_again'",
};

/** Parked operations in the order in which they arrived. Two statements. */
export async function parkedOf(
  em: EntityManager,
  filter: ParkedFilter,
  paging: Paging,
): Promise<{ data: Parked[]; meta: PageMeta }> {
  const parts = [WHERE[filter.status]];
  const parameters: Parameters = {};
  const add = (name: 'code' | 'device_id' | 'author_id', sql: string) => {
    if (filter[name] === undefined) return;
    parts.push(sql);
    parameters[name] = filter[name];
  };
  add('code', 'o.code = :code');
  add('device_id', 'o.client_id = :device_id');
  add('author_id', 'o.author_id = :author_id');
  const where = parts.join(' and ');
  const rows = await read<Row>(em, `${PARKED} and ${where} and o.id > :after order by o.id limit :take offset :skip`, {
    ...parameters,
    after: afterCursor(paging.cursor),
    take: paging.per_page + 1,
    skip: paging.cursor ? 0 : (paging.page - 1) * paging.per_page,
  });
  const [count] = await read<{ total: number }>(
    em,
    `select count(*) as total from presence_operations o
      where o.organization_id = :organization and ${where}`,
    parameters,
  );
  const data = rows.slice(0, paging.per_page).map(parkedFrom);
  const next = rows.length > paging.per_page ? cursorOf(data.at(-1)!.id) : null;
  return { data, meta: { page: paging.page, per_page: paging.per_page, total: Number(count!.total), next } };
}

/** @returns this operation, whether it still waits or was settled; null when no such one was ever parked */
export async function parkedByOp(em: EntityManager, opId: string): Promise<Parked | null> {
  const [row] = await read<Row>(
    em,
    `${PARKED} and o.op_id = :op and (${Object.values(WHERE)
      .map((each) => `(${each})`)
      .join(' or ')})`,
    { op: opId },
  );
  return row ? parkedFrom(row) : null;
}

function statusOf({ outcome, settlement, adopted_by }: Row): ParkedStatus {
  if (outcome === 'parked') return settlement === 'discarded' ? 'discarded' : 'waiting';
  return adopted_by === null ? 'judged_again' : 'adopted';
}

const fullName = (first: string | null, last: string | null): string => `${first ?? ''} ${last ?? ''}`.trim();

function parkedFrom(row: Row): Parked {
  const body = (row.body === '' ? {} : JSON.parse(row.body)) as {
    presence_state?: string | null;
    note?: string | null;
    first_name?: string;
    last_name?: string;
  };
  const handedIn = row.bringer_id !== null && Number(row.bringer_id) !== Number(row.author_id);
  return {
    id: Number(row.id),
    opId: row.op_id,
    kind: row.kind,
    code: row.code,
    status: statusOf(row),
    outcome: row.outcome,
    state: body.presence_state ?? null,
    note: body.note || null,
    newName: row.kind === 'participant' ? fullName(body.first_name ?? null, body.last_name ?? null) : null,
    author: {
      id: Number(row.author_id),
      name: fullName(row.author_first, row.author_last),
      active: row.author_status === 'active',
    },
    broughtBy: handedIn ? { id: Number(row.bringer_id), name: fullName(row.bringer_first, row.bringer_last) } : null,
    device: row.client_id === null ? null : deviceNamed(row.client_id, row.label, row.device_hash),
    session:
      row.session_id === null
        ? null
        : {
            id: Number(row.session_id),
            name: row.session_name!,
            group: row.group_name ?? '',
            startsAt: instant(row.starts_at!),
            status: row.session_status!,
            locked: row.locked_at !== null,
          },
    participant:
      row.participant_id === null
        ? null
        : {
            id: Number(row.participant_id),
            name: fullName(row.first_name, row.last_name),
            identifier: row.identifier,
          },
    flags: row.flags ? row.flags.split(' ') : [],
    waitsFor: row.waits_for,
    delivery: row.sync_history_id === null ? null : Number(row.sync_history_id),
    recordedAt: instant(row.recorded_at),
    correctedAt: instant(row.corrected_at),
    receivedAt: instant(row.received_at),
    settled:
      row.settled_at === null && row.adopted_by === null
        ? null
        : {
            by:
              row.settled_by === null
                ? null
                : { id: Number(row.settled_by), name: fullName(row.settler_first, row.settler_last) },
            at: instant(row.settled_at),
            reason: row.settled_reason,
          },
  };
}

/** The register in which somebody stands who was moved: "apply there". */
export interface There {
  id: number;
  name: string;
  group: string;
}

/**
 * For operations on people who stand on the register of another session at that time: which one. One statement.
 * @returns by id of the operation
 */
export async function movedTo(em: EntityManager, parked: Parked[], timeZone: string): Promise<Map<number, There>> {
  const moved = parked.filter(
    ({ code, session, participant }) => code === 'participant_moved' && session && participant,
  );
  const found = new Map<number, There>();
  if (moved.length === 0) return found;
  const rows = await read<{
    there: number;
    name: string;
    group_name: string;
    here: number;
    participant_id: number;
    joined_on: string;
    left_on: string | null;
  }>(
    em,
    `select x.id as there, x.name, g.name as group_name, t.id as here, m.participant_id, m.joined_on, m.left_on
       from sessions t
       join sessions x on x.organization_id = t.organization_id and x.id <> t.id and x.status <> 'cancelled'
        and x.scheduled_start_at < t.scheduled_end_at and x.scheduled_end_at > t.scheduled_start_at
       join group_memberships m on m.organization_id = x.organization_id and m.group_id = x.group_id
        and m.participant_id in (:participants)
       join \`groups\` g on g.organization_id = x.organization_id and g.id = x.group_id
      where t.organization_id = :organization and t.id in (:sessions) order by x.scheduled_start_at, x.id`,
    {
      participants: [...new Set(moved.map(({ participant }) => participant!.id))],
      sessions: [...new Set(moved.map(({ session }) => session!.id))],
    },
  );
  for (const each of moved) {
    const day = dayOf(each.session!.startsAt, timeZone);
    const row = rows.find(
      (one) =>
        Number(one.here) === each.session!.id &&
        Number(one.participant_id) === each.participant!.id &&
        one.joined_on <= day &&
        (one.left_on === null || one.left_on >= day),
    );
    if (row) found.set(each.id, { id: Number(row.there), name: row.name, group: row.group_name });
  }
  return found;
}

/** A parked operation as programs see it. */
export function parkedJson(parked: Parked) {
  return {
    op_id: parked.opId,
    kind: parked.kind,
    code: parked.code,
    status: parked.status,
    outcome: parked.outcome,
    session_id: parked.session?.id ?? null,
    participant_id: parked.participant?.id ?? null,
    presence_state: parked.state,
    note: parked.note,
    name: parked.newName,
    user: { id: parked.author.id, name: parked.author.name },
    brought_by: parked.broughtBy,
    device_id: parked.device?.id ?? null,
    flags: parked.flags,
    waits_for: parked.waitsFor,
    sync_history_id: parked.delivery,
    recorded_at: parked.recordedAt.toISOString(),
    corrected_at: parked.correctedAt.toISOString(),
    received_at: parked.receivedAt.toISOString(),
    settled: parked.settled && {
      by: parked.settled.by,
      at: parked.settled.at?.toISOString() ?? null,
      reason: parked.settled.reason,
    },
  };
}
