import { type EntityManager } from '@mikro-orm/core';
import { type Source } from '../platform/current.js';
import { instant, lockingRows, read } from '../platform/database/read.js';
import { insertRows, updateRows } from '../platform/ledger/audited-rows.js';
import { factOf } from '../platform/ledger/ledger.js';
import { tell } from '../platform/ledger/outbox.js';
import { type StateCategory } from '../tenancy/index.js';
import { type Act, type Kept } from './kept.js';
import { type Cell } from './judge-operation.js';
import { type Mark } from './mark.js';
import { PresenceRecord } from './presence-record.entity.js';
import { RECORD_COLUMNS, RECORD_JOINS, type RecordRow } from './record-json.js';

/** The cells as they are now, locked until the commit where the database has row locks; by participant. */
export async function cellsOf(
  tx: EntityManager,
  session: number,
  participants: number[],
): Promise<Map<number, RecordRow>> {
  const rows: RecordRow[] = [];
  for (let at = 0; at < participants.length; at += 1000)
    rows.push(
      ...(await read<RecordRow>(
        tx,
        `select ${RECORD_COLUMNS} from presence_records r ${RECORD_JOINS}
          where r.organization_id = :organization and r.session_id = :session and r.participant_id in (:participants)
          order by r.id ${lockingRows(tx, 'r')}`,
        { session, participants: participants.slice(at, at + 1000) },
      )),
    );
  return new Map(rows.map((row) => [Number(row.participant_id), row]));
}

export const cellOf = (row: RecordRow): Cell => ({
  revision: row.revision,
  state: row.state_code,
  note: row.note,
  reason: row.reason,
  arrivedAt: instant(row.arrived_at),
  leftAt: instant(row.left_at),
  receivedAt: instant(row.received_at),
});

/**
 * Makes the new cells and changes the known ones; puts the record as it is afterwards into each `Kept`.
 * @param applied what was judged `applied`
 * @param disputed participants whose cell stays disputed although it takes the mark
 */
export async function applyToCells(
  tx: EntityManager,
  act: Act,
  applied: Kept[],
  cells: Map<number, RecordRow>,
  disputed: Set<number>,
  now: Date,
): Promise<void> {
  const stateIds = new Map(act.states.map((state) => [state.code, state.id]));
  const stateOf = ({ state }: Mark, row: RecordRow | undefined): number | null => {
    const before = row && row.presence_state_id !== null ? Number(row.presence_state_id) : null;
    // What the cell says already stays the state that it is: one of a former domain may have the code of one of today.
    if (state === undefined || (before !== null && state === row!.state_code)) return before;
    return state === null ? null : (stateIds.get(state) ?? before);
  };
  const after = applied.map(({ mark }) => {
    const row = cells.get(mark.participant);
    const carried = <T>(asked: T | undefined, before: T): T => (asked === undefined ? before : asked);
    return {
      presenceState: stateOf(mark, row),
      revision: (row?.revision ?? 0) + 1,
      note: carried(mark.note, row?.note ?? null),
      reason: mark.reason ?? null,
      arrivedAt: carried(mark.arrivedAt, instant(row?.arrived_at ?? null)),
      leftAt: carried(mark.leftAt, instant(row?.left_at ?? null)),
      recordedAt: mark.recordedAt ?? now,
      receivedAt: now,
      recordedBy: act.author.id,
      source: act.source,
      sourceDeviceId: act.deviceId,
      opId: mark.opId,
      disputed: disputed.has(mark.participant),
      updatedAt: now,
    };
  });

  // In one order for everybody: two registers that are marked at once then wait for each other instead of colliding.
  const fresh = applied
    .flatMap((each, at) => (cells.has(each.mark.participant) ? [] : [{ each, values: after[at]! }]))
    .sort((a, b) => a.each.mark.participant - b.each.mark.participant);
  const ids = await insertRows(
    tx,
    PresenceRecord,
    fresh.map(({ each, values }) => ({
      session: act.session.id,
      participant: each.mark.participant,
      ...values,
      extraData: {},
      createdAt: now,
    })),
    { opIds: fresh.map(({ each }) => each.mark.opId) },
  );
  const idOf = new Map(fresh.map(({ each }, at) => [each, ids[at]!]));

  await updateRows(
    tx,
    PresenceRecord,
    applied.flatMap((each, at) => {
      const row = cells.get(each.mark.participant);
      if (!row) return [];
      const values = after[at]!;
      return [
        {
          id: Number(row.id),
          before: propertiesOf(row),
          after: values,
          expected: { revision: row.revision },
          opId: each.mark.opId,
        },
      ];
    }),
  );

  applied.forEach((each, at) => {
    const row = cells.get(each.mark.participant);
    const values = after[at]!;
    const state = each.mark.state === undefined ? (row?.state_code ?? null) : each.mark.state;
    each.created = !row;
    each.record = {
      id: row ? Number(row.id) : idOf.get(each)!,
      session_id: act.session.id,
      participant_id: each.mark.participant,
      presence_state: state,
      category: categoryOf(act, row, state),
      note: values.note,
      reason: values.reason,
      arrived_at: values.arrivedAt?.toISOString() ?? null,
      left_at: values.leftAt?.toISOString() ?? null,
      recorded_at: values.recordedAt.toISOString(),
      received_at: now.toISOString(),
      recorded_by: act.author,
      source: act.source,
      device_id: act.deviceId,
      op_id: each.mark.opId,
      revision: values.revision,
      disputed: values.disputed,
      created_at: row ? instant(row.created_at).toISOString() : now.toISOString(),
      updated_at: now.toISOString(),
    };
  });
  if (!act.untold) await tellPresence(tx, applied);
}

/** How a state counts; that of a cell which keeps it as it was, whatever the domain's states are now. */
function categoryOf(act: Act, row: RecordRow | undefined, state: string | null): StateCategory | null {
  if (state !== null && state === row?.state_code) return row.state_category;
  return act.states.find(({ code }) => code === state)?.category ?? null;
}

/** Acts that put right what stood there, instead of saying it first. */
const CORRECTIONS = new Set(['presence.corrected', 'presence.resolved', 'presence.undone']);

/** Whoever reacts to marks is told, in the same transaction. */
async function tellPresence(tx: EntityManager, applied: Kept[]): Promise<void> {
  const fact = CORRECTIONS.has(factOf(tx)) ? 'presence.corrected' : 'presence.recorded';
  await tell(
    tx,
    fact,
    applied.flatMap(({ record }) => (record ? [{ recordId: record.id, record }] : [])),
  );
}

/** Says that a cell is disputed, or no longer: its mark and its revision stay as they are. */
export async function setDisputed(tx: EntityManager, row: RecordRow, disputed: boolean): Promise<void> {
  if (Boolean(row.disputed) === disputed) return;
  await updateRows(tx, PresenceRecord, [
    {
      id: Number(row.id),
      before: { disputed: Boolean(row.disputed) },
      after: { disputed },
      expected: { revision: row.revision },
    },
  ]);
}

/**
 * A cell for a candidate of a device that knows more than the server: nobody is marked, and that is disputed.
 * @returns the cell's id
 */
export async function makeDisputedCell(tx: EntityManager, act: Act, { opId, participant }: Mark, now: Date) {
  const [id] = await insertRows(tx, PresenceRecord, [
    {
      session: act.session.id,
      participant,
      presenceState: null,
      revision: 0,
      recordedAt: now,
      receivedAt: now,
      recordedBy: null,
      source: act.source,
      sourceDeviceId: act.deviceId,
      opId,
      disputed: true,
      extraData: {},
      createdAt: now,
      updatedAt: now,
    },
  ]);
  return id!;
}

/** The columns of a cell that a mark may change, as entity properties. */
function propertiesOf(row: RecordRow) {
  return {
    presenceState: row.presence_state_id === null ? null : Number(row.presence_state_id),
    revision: row.revision,
    note: row.note,
    reason: row.reason,
    arrivedAt: instant(row.arrived_at),
    leftAt: instant(row.left_at),
    recordedAt: instant(row.recorded_at),
    receivedAt: instant(row.received_at),
    recordedBy: row.recorded_by === null ? null : Number(row.recorded_by),
    source: row.source as Source,
    sourceDeviceId: row.source_device_id,
    opId: row.op_id,
    disputed: Boolean(row.disputed),
    updatedAt: instant(row.updated_at),
  };
}
