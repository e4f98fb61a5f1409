import { type EntityManager } from '@mikro-orm/core';
import { whenMerging, type MergePreview } from '../participants/index.js';
import { clock } from '../platform/clock.js';
import { current, currentUser } from '../platform/current.js';
import { instant, lockingRows, read } from '../platform/database/read.js';
import { Problem } from '../platform/http/problem.js';
import { insertRows, updateRows } from '../platform/ledger/audited-rows.js';
import { canonicalJson, sha256 } from '../platform/text.js';
import { PresenceOperation } from './presence-operation.entity.js';
import { PresenceRecord } from './presence-record.entity.js';
import { RECORD_COLUMNS, RECORD_JOINS, recordJson, type RecordRow } from './record-json.js';
import { SyncConflict } from './sync-conflict.entity.js';

/** Why a cell changes when two records of one person become one. English; a key of the translation. */
const BROUGHT = 'A mark of another record of this person, which was merged into this one.';
const KEPT = 'As it stood before another record of this person was merged into this one.';
const VOIDED = 'This record was merged into another one of the same person.';
const DISPUTED =
  'Both records have a mark in the same {session}, and one of these marks is disputed. Settle the conflict first.';
/** More than this a preview does not list. */
const LISTED = 50;

/** A session in which both records have a mark, or only the one that goes. */
interface Pair {
  other: LabelledRow;
  kept: LabelledRow | null;
}

type LabelledRow = RecordRow & { state_label: string | null };
type Both = Pair & { kept: LabelledRow };

/** When two records of one person become one, his marks, with all that was said about them, go to the one that stays. */
whenMerging({
  name: 'marks',
  async preview(em, from, into): Promise<MergePreview> {
    const pairs = await pairsOf(em, from, into, false);
    const clashing = pairs.filter(clashes);
    const names = await sessionsOf(em, clashing.slice(0, LISTED));
    const both = pairs.filter((pair): pair is Both => pair.kept !== null);
    return {
      moves: pairs.length - clashing.length,
      refusal: (await openConflicts(em, both, from, into)) > 0 ? DISPUTED : null,
      clashes: clashing.slice(0, LISTED).map(({ kept, other }) => {
        const session = names.get(Number(other.session_id))!;
        return { name: session.name, at: instant(session.at), kept: kept!.state_label, other: other.state_label };
      }),
    };
  },
  async move(tx, from, into) {
    const pairs = await pairsOf(tx, from, into, true);
    const both = pairs.filter((pair): pair is Both => pair.kept !== null);
    await refuseOpenConflicts(tx, both, from, into);
    const stays = new Set(both.map(({ other }) => Number(other.session_id)));
    await moveWhole(tx, from, into, stays);
    for (const pair of both) await bringIn(tx, pair, from, into);
  },
});

/** They say different things about one session. */
const clashes = ({ other, kept }: Pair): boolean =>
  !!kept && other.state_code !== null && kept.state_code !== null && other.state_code !== kept.state_code;

async function pairsOf(em: EntityManager, from: number, into: number, locked: boolean): Promise<Pair[]> {
  const rows = await read<LabelledRow>(
    em,
    `select ${RECORD_COLUMNS}, s.label as state_label from presence_records r ${RECORD_JOINS}
      where r.organization_id = :organization and r.participant_id in (:both) order by r.id
      ${locked ? lockingRows(em, 'r') : ''}`,
    { both: [from, into] },
  );
  const kept = new Map(rows.filter((row) => Number(row.participant_id) === into).map((row) => [row.session_id, row]));
  return rows
    .filter((row) => Number(row.participant_id) === from)
    .map((other) => ({ other, kept: kept.get(other.session_id) ?? null }));
}

async function sessionsOf(em: EntityManager, pairs: Pair[]) {
  if (pairs.length === 0) return new Map<number, { name: string; at: number | string }>();
  const rows = await read<{ id: number; name: string; at: number | string }>(
    em,
    'select id, name, scheduled_start_at as at from sessions where organization_id = :organization and id in (:ids)',
    { ids: pairs.map(({ other }) => Number(other.session_id)) },
  );
  return new Map(rows.map((row) => [Number(row.id), row]));
}

function openConflicts(em: EntityManager, both: Both[], from: number, into: number): Promise<number> {
  const sessions = both.map(({ other }) => Number(other.session_id));
  const where = { session: { $in: sessions }, participant: { $in: [from, into] }, isOpen: true };
  return em.count(SyncConflict, where);
}

/** @throws Problem 409 `in_use`: what is said about one of two marks could not be judged any more */
async function refuseOpenConflicts(tx: EntityManager, both: Both[], from: number, into: number): Promise<void> {
  if ((await openConflicts(tx, both, from, into)) > 0) throw new Problem(409, { code: 'in_use', message: DISPUTED });
}

/** Everything about sessions in which the record that stays has no mark: cells, receipts, conflicts, as they are. */
async function moveWhole(tx: EntityManager, from: number, into: number, stays: Set<number>): Promise<void> {
  const moves = (row: { session_id: number | null }) => !stays.has(Number(row.session_id));
  const cells = await read<{ id: number; session_id: number; revision: number }>(
    tx,
    `select id, session_id, revision from presence_records
      where organization_id = :organization and participant_id = :from order by id ${lockingRows(tx, 'presence_records')}`,
    { from },
  );
  await updateRows(
    tx,
    PresenceRecord,
    cells.filter(moves).map(({ id, revision }) => ({
      id: Number(id),
      before: { participant: from },
      after: { participant: into },
      expected: { revision },
    })),
  );
  const sessions = await read<{ session_id: number }>(
    tx,
    `select distinct session_id from presence_records where organization_id = :organization and participant_id = :into`,
    { into },
  );
  for (let at = 0; at < sessions.length; at += 500) {
    const ids = sessions
      .slice(at, at + 500)
      .filter(moves)
      .map((row) => Number(row.session_id));
    if (ids.length === 0) continue;
    const receipts = await read<{
      id: number;
      redirected_from: number | null;
      client_id: string | null;
      outcome: string;
    }>(
      tx,
      `select id, redirected_from, client_id, outcome from presence_operations
        where organization_id = :organization and session_id in (:ids) and participant_id = :from`,
      { ids, from },
    );
    // Who was meant stays readable: the receipts say from whom they came.
    const moved = (told: boolean) =>
      receipts
        .filter((receipt) => told === (receipt.client_id !== null && receipt.outcome !== 'applied'))
        .map(({ id, redirected_from: before }) => ({
          id: Number(id),
          before: { participant: from, redirectedFrom: before },
          after: { participant: into, redirectedFrom: before === null ? from : Number(before) },
        }));
    // The audit goes on telling of those of which it tells: see keepReceipts.
    await updateRows(tx, PresenceOperation, moved(true), { audited: true });
    await updateRows(tx, PresenceOperation, moved(false));
    for (const conflict of await tx.find(SyncConflict, { session: { $in: ids }, participant: from }))
      conflict.participant = into;
    await tx.flush();
  }
}

/**
 * Both have a cell. What the other one says becomes a revision of the cell that stays, so that its history tells it, and
 * the mark that stays is the one after it. The other cell is voided, so that nobody is counted twice.
 */
async function bringIn(tx: EntityManager, { other, kept }: Both, from: number, into: number) {
  const said = { ...other, note: other.note ?? kept.note, reason: BROUGHT };
  const at = (time: LabelledRow['arrived_at']) => instant(time)?.getTime();
  const same =
    other.state_code === kept.state_code &&
    (other.note === null || other.note === kept.note) &&
    (other.arrived_at === null || at(other.arrived_at) === at(kept.arrived_at)) &&
    (other.left_at === null || at(other.left_at) === at(kept.left_at));
  if (other.presence_state_id !== null && !same) {
    const next = await revise(tx, kept, said, into, from);
    if (kept.presence_state_id !== null) await revise(tx, next, { ...kept, reason: KEPT }, into, from);
  }
  if (other.presence_state_id !== null) await revise(tx, other, { ...other, ...NOTHING, reason: VOIDED }, from, null);
}

/** What a cell says, and who said it when; the audit tells who merged. */
type Said = Pick<
  RecordRow,
  'presence_state_id' | 'state_code' | 'note' | 'reason' | 'arrived_at' | 'left_at' | 'recorded_at' | 'recorded_by'
>;

const NOTHING = { presence_state_id: null, state_code: null, note: null, arrived_at: null, left_at: null };

/** One more revision of a cell, with its receipt. @returns the cell as it is afterwards */
async function revise(
  tx: EntityManager,
  row: RecordRow,
  said: Said,
  participant: number,
  redirectedFrom: number | null,
): Promise<RecordRow> {
  const now = clock.now();
  const opId = crypto.randomUUID();
  const { source } = current();
  const author = currentUser();
  const saying = (cell: Said) => ({
    presenceState: cell.presence_state_id === null ? null : Number(cell.presence_state_id),
    note: cell.note,
    reason: cell.reason,
    arrivedAt: instant(cell.arrived_at),
    leftAt: instant(cell.left_at),
    recordedAt: instant(cell.recorded_at),
    recordedBy: cell.recorded_by === null ? null : Number(cell.recorded_by),
  });
  const before = { receivedAt: instant(row.received_at), source: row.source as typeof source, opId: row.op_id };
  await updateRows(tx, PresenceRecord, [
    {
      id: Number(row.id),
      before: { ...saying(row), ...before, revision: row.revision },
      after: { ...saying(said), receivedAt: now, source, opId, revision: row.revision + 1 },
      expected: { revision: row.revision },
      opId,
    },
  ]);
  const [next] = await read<RecordRow>(
    tx,
    `select ${RECORD_COLUMNS} from presence_records r ${RECORD_JOINS}
      where r.organization_id = :organization and r.id = :id`,
    { id: Number(row.id) },
  );
  const body = canonicalJson({
    session_id: Number(row.session_id),
    participant_id: participant,
    presence_state: said.state_code,
    reason: said.reason,
  });
  await insertRows(tx, PresenceOperation, [
    {
      opId,
      hash: sha256(body),
      session: Number(row.session_id),
      participant,
      author,
      kind: 'merge',
      body,
      outcome: 'applied',
      revision: next!.revision,
      answer: JSON.stringify(recordJson(next!)),
      source,
      redirectedFrom,
      recordedAt: instant(next!.recorded_at),
      correctedAt: now,
      receivedAt: now,
    },
  ]);
  return next!;
}
