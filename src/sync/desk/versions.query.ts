import { type EntityManager } from '@mikro-orm/core';
import { instant, read } from '../../platform/database/read.js';
import { type RecordJson } from '../../presence/index.js';
import { deviceNamed, type DeviceName } from './device-name.js';

/** What became of a candidate, as the desk calls it. */
export type CandidateStatus = 'open' | 'merged' | 'superseded' | 'withdrawn' | 'taken' | 'declined';

/** The mark that somebody had before him when he made his own. */
export interface Saw {
  revision: number;
  /** null: nobody was marked. */
  state: string | null;
}

/** One of the observations that contradict each other: the mark in force, or what a device brought. */
export interface Version {
  side: 'server' | 'device';
  /** null while nobody ever marked this cell. */
  opId: string | null;
  state: string | null;
  note: string | null;
  user: { id: number; name: string } | null;
  /** Whose it is, in a few words; with the device where one person says two things. */
  by: string | null;
  /** That device; null where the name is enough. */
  apart: string | null;
  /** By which door it came. */
  source: string | null;
  device: DeviceName | null;
  /** What the device's clock said; for a mark at the page, the server's own. */
  recordedAt: Date | null;
  /** The same moment by the server's clock, as far as that can be said. */
  correctedAt: Date | null;
  receivedAt: Date | null;
  /** How far the device's clock was behind (positive) or ahead (negative) when it sent, in milliseconds. */
  clockOff: number | null;
  /** How long the mark waited on the device, by the device's own clock, ms; null when no delivery brought it. */
  waited: number | null;
  baseRevision: number | null;
  /** null when it cannot be told. */
  saw: Saw | null;
  flags: string[];
  /** Of a candidate; the mark in force has none. */
  status: CandidateStatus | null;
}

/** A cell that is looked at: the conflict's id, and the mark in force there. */
export interface Disputed {
  conflict: number;
  incumbent: RecordJson | null;
}

/** So many candidates of one conflict are shown; the older ones are counted. */
export const MOST_SHOWN = 50;

/** What is said about one cell. */
export interface Versions {
  /** The mark in force first, then the candidates in the order in which they arrived. */
  shown: Version[];
  /** Candidates that are not shown. */
  more: number;
}

interface ReceiptRow {
  id: number;
  op_id: string;
  conflict_id: number | null;
  body: string;
  flags: string | null;
  settlement: Exclude<CandidateStatus, 'open'> | null;
  source: string;
  client_id: string | null;
  label: string | null;
  device_hash: string | null;
  recorded_at: number | string;
  corrected_at: number | string;
  received_at: number | string;
  author_id: number;
  first_name: string | null;
  last_name: string | null;
  sent_at: number | string | null;
  came_at: number | string | null;
}

interface Body {
  presence_state?: string | null;
  note?: string | null;
  base?: { revision?: number; op?: string };
}

const RECEIPTS = `select o.id, o.op_id, o.conflict_id, o.body, o.flags, o.settlement, o.source, o.client_id, k.label, k.device_hash,
       o.recorded_at, o.corrected_at, o.received_at, o.author_id, u.first_name, u.last_name, h.sent_at, h.received_at as came_at
  from presence_operations o
  left join users u on u.organization_id = o.organization_id and u.id = o.author_id
  left join sync_clients k on k.organization_id = o.organization_id and k.client_id = o.client_id
  left join sync_history h on h.organization_id = o.organization_id and h.id = o.sync_history_id
 where o.organization_id = :organization`;

/**
 * What is said about the cells of conflicts. Five statements at most, whatever the number of conflicts and candidates.
 * @param most so many candidates of each conflict: first those that wait for a decision or were taken, then the newest
 */
export async function versionsOf(
  em: EntityManager,
  disputed: Disputed[],
  most = MOST_SHOWN,
): Promise<Map<number, Versions>> {
  if (disputed.length === 0) return new Map();
  const conflicts = disputed.map(({ conflict }) => conflict);
  const { ids, totals } = await candidatesOf(em, conflicts, most);
  const candidates = ids.length
    ? await read<ReceiptRow>(em, `${RECEIPTS} and o.id in (:ids) order by o.id`, { ids })
    : [];
  // A cell of revision 0 was made for its candidate: it is the sign that nobody was marked.
  const marked = disputed.flatMap(({ incumbent }) => (incumbent && incumbent.revision > 0 ? [incumbent.op_id] : []));
  const known = marked.length ? await read<ReceiptRow>(em, `${RECEIPTS} and o.op_id in (:ops)`, { ops: marked }) : [];
  const receipts = new Map(known.map((row) => [row.op_id, row]));
  const byConflict = Map.groupBy(candidates, (row) => Number(row.conflict_id));

  const bases = disputed.flatMap(({ conflict, incumbent }) => {
    const own = receipts.get(incumbent?.op_id ?? '');
    const rows = byConflict.get(conflict) ?? [];
    return [...rows, ...(own ? [own] : [])].map((row) => ({ conflict, base: bodyOf(row).base }));
  });
  const seen = await seenBy(em, bases);

  return new Map(
    disputed.map(({ conflict, incumbent }) => {
      const saw = (row: ReceiptRow) => seen(conflict, bodyOf(row).base);
      const rows = byConflict.get(conflict) ?? [];
      const shown = [
        incumbentOf(incumbent, receipts.get(incumbent?.op_id ?? ''), saw),
        ...rows.map((row) => candidateOf(row, saw(row))),
      ];
      nameApart(shown);
      return [conflict, { shown, more: (totals.get(conflict) ?? 0) - rows.length }];
    }),
  );
}

/** Of what is to be decided between: one person's name alone does not say which of his two marks is meant. */
function nameApart(versions: Version[]): void {
  const between = versions.filter(({ side, status }) => side === 'server' || status === 'open');
  for (const version of between) {
    const { user, device } = version;
    const twice = user && between.filter((other) => other.user?.id === user.id).length > 1;
    if (!twice || !device?.label) continue;
    version.apart = `${device.label}, ${device.short}`;
    version.by = `${user.name} (${version.apart})`;
  }
}

/** Which receipts are shown, and how many candidates each conflict has. */
async function candidatesOf(em: EntityManager, conflicts: number[], most: number) {
  const rows = await read<{ id: number; conflict_id: number; total: number }>(
    em,
    `select c.id, c.conflict_id, c.total
       from (select o.id, o.conflict_id, count(*) over (partition by o.conflict_id) as total,
                    row_number() over (partition by o.conflict_id order by
                      case when o.settlement is null or o.settlement = 'taken' then 0 else 1 end, o.id desc) as place
               from presence_operations o
              where o.organization_id = :organization and o.conflict_id in (:conflicts) and o.outcome = 'conflict') c
      where c.place <= :most`,
    { conflicts, most },
  );
  return {
    ids: rows.map(({ id }) => Number(id)),
    totals: new Map(rows.map((row) => [Number(row.conflict_id), Number(row.total)])),
  };
}

/** The receipt's own text; of a refused operation nothing is kept. */
const bodyOf = (row: { body: string }): Body => (row.body === '' ? {} : (JSON.parse(row.body) as Body));

const flagsOf = (row: ReceiptRow): string[] => (row.flags ? row.flags.split(' ') : []);

function clockOffOf(row: ReceiptRow): number | null {
  if (row.client_id === null) return null;
  if (row.sent_at !== null && row.came_at !== null)
    return instant(row.came_at).getTime() - instant(row.sent_at).getTime();
  return instant(row.corrected_at).getTime() - instant(row.recorded_at).getTime();
}

/** By the device's own clock, whatever that says of the time: how long the mark waited on it. */
const waitedOf = (row: ReceiptRow): number | null =>
  row.sent_at === null ? null : Math.max(0, instant(row.sent_at).getTime() - instant(row.recorded_at).getTime());

const nameOf = (row: ReceiptRow): string => `${row.first_name ?? ''} ${row.last_name ?? ''}`.trim();

function candidateOf(row: ReceiptRow, saw: Saw | null): Version {
  const body = bodyOf(row);
  return {
    side: 'device',
    opId: row.op_id,
    state: body.presence_state ?? null,
    note: body.note || null,
    user: { id: Number(row.author_id), name: nameOf(row) },
    by: nameOf(row),
    apart: null,
    source: row.source,
    device: row.client_id === null ? null : deviceNamed(row.client_id, row.label, row.device_hash),
    recordedAt: instant(row.recorded_at),
    correctedAt: instant(row.corrected_at),
    receivedAt: instant(row.received_at),
    waited: waitedOf(row),
    clockOff: clockOffOf(row),
    baseRevision: body.base?.revision ?? saw?.revision ?? null,
    saw,
    flags: flagsOf(row),
    status: row.settlement ?? 'open',
  };
}

function incumbentOf(
  record: RecordJson | null,
  receipt: ReceiptRow | undefined,
  seen: (row: ReceiptRow) => Saw | null,
): Version {
  const isMarked = record !== null && record.revision > 0;
  const saw = receipt ? seen(receipt) : null;
  const device = receipt?.client_id ?? (isMarked ? record.device_id : null);
  return {
    side: 'server',
    opId: isMarked ? record.op_id : null,
    state: record?.presence_state ?? null,
    note: record?.note ?? null,
    user: isMarked ? record.recorded_by : null,
    by: isMarked ? (record.recorded_by?.name ?? null) : null,
    apart: null,
    source: isMarked ? record.source : null,
    device: device === null ? null : deviceNamed(device, receipt?.label ?? null, receipt?.device_hash ?? null),
    recordedAt: isMarked ? new Date(record.recorded_at) : null,
    correctedAt: !isMarked ? null : receipt ? instant(receipt.corrected_at) : new Date(record.recorded_at),
    receivedAt: isMarked ? new Date(record.received_at) : null,
    waited: receipt ? waitedOf(receipt) : null,
    clockOff: receipt ? clockOffOf(receipt) : null,
    baseRevision: receipt ? (bodyOf(receipt).base?.revision ?? saw?.revision ?? null) : null,
    saw,
    flags: receipt ? flagsOf(receipt) : [],
    status: null,
  };
}

/** Looks up what each person saw: the receipt that made the revision, or his own earlier operation. */
async function seenBy(em: EntityManager, bases: { conflict: number; base: Body['base'] }[]) {
  const revisions = [...new Set(bases.flatMap(({ base }) => (base?.revision ? [base.revision] : [])))];
  const ops = [...new Set(bases.flatMap(({ base }) => (base?.op ? [base.op] : [])))];
  const conflicts = [...new Set(bases.map(({ conflict }) => conflict))];
  const byRevision = new Map<string, Saw>();
  if (revisions.length > 0)
    for (const row of await read<{ conflict_id: number; revision: number; answer: string | null }>(
      em,
      `select c.id as conflict_id, o.revision, o.answer
         from sync_conflicts c
         join presence_operations o on o.organization_id = c.organization_id and o.session_id = c.session_id
          and o.participant_id = c.participant_id and o.outcome = 'applied' and o.revision in (:revisions)
        where c.organization_id = :organization and c.id in (:conflicts)`,
      { conflicts, revisions },
    )) {
      const record = row.answer === null ? null : (JSON.parse(row.answer) as RecordJson);
      if (record)
        byRevision.set(`${row.conflict_id} ${row.revision}`, { revision: row.revision, state: record.presence_state });
    }
  const byOp = new Map<string, Saw>();
  if (ops.length > 0)
    for (const row of await read<{ op_id: string; body: string; revision: number | null }>(
      em,
      'select op_id, body, revision from presence_operations where organization_id = :organization and op_id in (:ops)',
      { ops },
    ))
      byOp.set(row.op_id, { revision: row.revision ?? 0, state: bodyOf(row).presence_state ?? null });
  return (conflict: number, base: Body['base']): Saw | null => {
    if (base?.op) return byOp.get(base.op) ?? null;
    if (base?.revision === 0) return { revision: 0, state: null };
    return base?.revision === undefined ? null : (byRevision.get(`${conflict} ${base.revision}`) ?? null);
  };
}
