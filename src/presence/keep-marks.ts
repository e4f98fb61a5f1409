import { type EntityManager } from '@mikro-orm/core';
import { clock } from '../platform/clock.js';
import { type Source } from '../platform/current.js';
import { instant, lockingRows, read } from '../platform/database/read.js';
import { Problem, type Refusal } from '../platform/http/problem.js';
import { insertRows, updateRows } from '../platform/ledger/audited-rows.js';
import { type Session } from '../sessions/index.js';
import { judgeOperation, type Cell, type Facts, type Judgement } from './judge-operation.js';
import { bodyOf, type Mark } from './mark.js';
import { PresenceOperation } from './presence-operation.entity.js';
import { PresenceRecord } from './presence-record.entity.js';
import { RECORD_COLUMNS, RECORD_JOINS, recordJson, type RecordJson, type RecordRow } from './record-json.js';
import { standings, type RosterOf } from './roster.js';
import { type State } from './states.query.js';

/** The circumstances of marks that come in together. */
export interface Act {
  /** Read in this transaction, so that it can neither be cancelled nor locked before the commit. */
  session: Session;
  roster: RosterOf;
  states: State[];
  author: { id: number; name: string };
  mayRecord: boolean;
  /** Whether the author may change this cell after the lock. */
  mayCorrect: (cell: RecordJson | null) => boolean;
  source: Source;
  deviceId: string | null;
  batchId: string | null;
  flags?: string;
}

export interface Kept {
  mark: Mark;
  judgement: Judgement;
  /** The record after this operation; for a duplicate as it was answered first; null while there is none. */
  record: RecordJson | null;
  /** Whether this operation made the cell (then, for a duplicate too, the answer is 201). */
  created: boolean;
}

/**
 * The one road on which marks are judged and kept, by whatever door they came: receipts, cells and audit rows, each as
 * one statement per 500, inside the caller's transaction. It writes what is `applied` or `merged`; of everything else
 * nothing, and the caller decides whether the rest may stand.
 * @param marks one per participant
 * @throws OptimisticLockError, UniqueConstraintViolationException: another writer came first; transact() tries again
 */
export async function keepMarks(tx: EntityManager, act: Act, marks: Mark[]): Promise<Kept[]> {
  if (marks.length === 0) return [];
  refuseTwice(marks);
  const { session } = act;
  const people = marks.map((mark) => mark.participant);
  const asked = marks.map((mark) => ({ mark, ...bodyOf(session.id, mark) }));
  // The cells first: who waited for their lock then sees the receipts of whoever held it.
  const cells = await cellsOf(tx, session.id, people);
  const receipts = await receiptsOf(
    tx,
    marks.map((mark) => mark.opId),
  );
  const roster = await standings(tx, act.roster, people);
  const inUse = new Set(act.states.filter((state) => state.is_active).map((state) => state.code));
  const now = clock.now();

  const kept = asked.map(({ mark, hash }): Kept => {
    const receipt = receipts.get(mark.opId) ?? null;
    const row = cells.get(mark.participant) ?? null;
    const standing = roster.get(mark.participant);
    const record = row && recordJson(row);
    const facts: Facts = {
      hash,
      receipt,
      target: !standing ? 'unknown' : standing.erased ? 'erased' : 'live',
      mayRecord: act.mayRecord,
      mayCorrect: act.mayCorrect(record),
      session,
      onRoster: standing?.onRoster ?? false,
      stateKnown: !mark.state || inUse.has(mark.state) || mark.state === record?.presence_state,
      cell: row && cellOf(row),
      observedAt: now,
    };
    const judgement = judgeOperation(mark, facts);
    if (judgement.outcome === 'duplicate')
      return { mark, judgement, record: receipt!.answer, created: receipt!.created };
    return { mark, judgement, record, created: false };
  });

  await applyToCells(tx, act, kept, cells, now);
  await keepReceipts(tx, act, kept, new Map(asked.map((each) => [each.mark, each])), now);
  return kept;
}

/** The same person, or the same operation, twice in one act is a mistake of the sender, not two marks. */
function refuseTwice(marks: Mark[]): void {
  const people = new Set<number>();
  const ops = new Set<string>();
  const refusals: Refusal[] = [];
  marks.forEach((mark, row) => {
    if (people.has(mark.participant))
      refusals.push({
        code: 'invalid',
        field: 'participant_id',
        row,
        message: 'This person stands in the request twice.',
      });
    else if (ops.has(mark.opId))
      refusals.push({
        code: 'invalid',
        field: 'op_id',
        row,
        message: 'This operation id stands in the request twice.',
      });
    people.add(mark.participant);
    ops.add(mark.opId);
  });
  if (refusals.length > 0) throw new Problem(422, refusals.slice(0, 100));
}

interface Receipt {
  hash: string;
  answer: RecordJson | null;
  created: boolean;
}

async function receiptsOf(tx: EntityManager, opIds: string[]): Promise<Map<string, Receipt>> {
  const receipts = new Map<string, Receipt>();
  for (let at = 0; at < opIds.length; at += 1000) {
    const rows = await read<{
      op_id: string;
      hash: string;
      answer: string | null;
      outcome: string;
      revision: number | null;
    }>(
      tx,
      `select op_id, hash, answer, outcome, revision from presence_operations
        where organization_id = :organization and op_id in (:ops)`,
      { ops: opIds.slice(at, at + 1000) },
    );
    for (const row of rows)
      receipts.set(row.op_id, {
        hash: row.hash,
        answer: row.answer === null ? null : (JSON.parse(row.answer) as RecordJson),
        created: row.outcome === 'applied' && row.revision === 1,
      });
  }
  return receipts;
}

/** The cells as they are now, locked until the commit where the database has row locks. */
async function cellsOf(tx: EntityManager, session: number, participants: number[]): Promise<Map<number, RecordRow>> {
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

const cellOf = (row: RecordRow): Cell => ({
  revision: row.revision,
  state: row.state_code,
  note: row.note,
  reason: row.reason,
  arrivedAt: instant(row.arrived_at),
  leftAt: instant(row.left_at),
});

/** Makes the new cells and changes the known ones; puts the record as it is afterwards into each `Kept`. */
async function applyToCells(tx: EntityManager, act: Act, kept: Kept[], cells: Map<number, RecordRow>, now: Date) {
  const applied = kept.filter((each) => each.judgement.outcome === 'applied');
  const stateIds = new Map(act.states.map((state) => [state.code, state.id]));
  const stateOf = ({ state }: Mark, row: RecordRow | undefined): number | null => {
    const before = row && row.presence_state_id !== null ? Number(row.presence_state_id) : null;
    if (state === undefined) return before;
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
      disputed: false,
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
      category: act.states.find(({ code }) => code === state)?.category ?? null,
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
      disputed: row ? Boolean(row.disputed) : false,
      created_at: row ? instant(row.created_at).toISOString() : now.toISOString(),
      updated_at: now.toISOString(),
    };
  });
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
    updatedAt: instant(row.updated_at),
  };
}

async function keepReceipts(
  tx: EntityManager,
  act: Act,
  kept: Kept[],
  asked: Map<Mark, { body: string; hash: string }>,
  now: Date,
): Promise<void> {
  const rows = kept.flatMap(({ mark, judgement, record }) => {
    if (judgement.outcome !== 'applied' && judgement.outcome !== 'merged') return [];
    const { body, hash } = asked.get(mark)!;
    return [
      {
        opId: mark.opId,
        hash,
        session: act.session.id,
        participant: mark.participant,
        author: act.author.id,
        kind: 'presence',
        body,
        outcome: judgement.outcome,
        code: null,
        flags: act.flags ?? null,
        revision: record?.revision ?? 0,
        answer: record ? JSON.stringify(record) : null,
        source: act.source,
        batchId: act.batchId,
        recordedAt: mark.recordedAt ?? now,
        correctedAt: now,
        receivedAt: now,
      },
    ];
  });
  await insertRows(tx, PresenceOperation, rows);
}
