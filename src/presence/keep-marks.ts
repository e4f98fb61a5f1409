import { OptimisticLockError, type EntityManager } from '@mikro-orm/core';
import { clock } from '../platform/clock.js';
import { Problem, type Refusal } from '../platform/http/problem.js';
import { applyToCells, cellOf, makeDisputedCell, setDisputed } from './cells.js';
import { addCandidate, type Candidate, openConflictsOf, settle, settleEqual, takeOut } from './conflicts.js';
import { judgeOperation, type Judgement } from './judge-operation.js';
import { type Act, type Kept } from './kept.js';
import { bodyOf, type Mark } from './mark.js';
import {
  baseOf,
  isAnother,
  isSame,
  keepReceipts,
  type Receipt,
  receiptRow,
  receiptsOf,
  replaceReceipt,
  sinceRestored,
} from './receipts.js';
import { recordJson, type RecordRow } from './record-json.js';
import { cellsAndStandings, type Standing } from './roster.js';

/**
 * The one road on which marks are judged and kept, by whatever door they came: cells, conflicts, receipts and audit
 * rows, inside the caller's transaction. It writes what is `applied` or `merged`; of everything else nothing, and the
 * caller decides whether the rest may stand - unless the act keeps everything, as the sync door does.
 * @param marks one per participant
 * @throws OptimisticLockError, UniqueConstraintViolationException: another writer came first; transact() tries again
 */
export async function keepMarks(tx: EntityManager, act: Act, marks: Mark[]): Promise<Kept[]> {
  if (marks.length === 0) return [];
  refuseTwice(marks);
  const people = marks.map((mark) => mark.participant);
  // The cells first: who waited for their lock then sees the receipts of whoever held it.
  const { cells, standings } = await cellsAndStandings(tx, act.roster, people);
  const now = clock.now();
  const { kept, candidates } = await judge(tx, act, marks, cells, standings, now);

  const written = kept.filter(({ judgement }) => isKept(act, judgement));
  const touched = written.filter(({ mark }) => cells.get(mark.participant)?.disputed);
  const open = await openConflictsOf(
    tx,
    act.session.id,
    touched.map(({ mark }) => mark.participant),
  );
  const disputed = new Set<number>();
  for (const each of written) {
    const { mark, judgement } = each;
    const conflict = open.get(mark.participant);
    const candidate = candidates.get(each);
    // A later operation of the same device stands for the earlier one; with it the device may have come round.
    if (conflict && candidate?.conflict === conflict.conflict.id && stands(judgement)) {
      if (judgement.outcome === 'conflict') await settle(tx, [candidate.id], 'superseded');
      else if (!(await takeOut(tx, conflict, candidate.id, 'superseded'))) {
        await setDisputed(tx, cells.get(mark.participant)!, false);
        if (each.record) each.record.disputed = false;
      }
    }
    if (judgement.outcome === 'applied' && conflict?.conflict.isOpen) {
      const state = mark.state === undefined ? (each.record?.presence_state ?? null) : mark.state;
      if (await settleEqual(tx, conflict, state)) disputed.add(mark.participant);
    }
    if (judgement.outcome === 'conflict') {
      const row = cells.get(mark.participant);
      // Who says the same again, from another device or against another revision, has one candidate, not many.
      const again = conflict?.candidates.filter(
        (other) => other.id !== candidate?.id && other.author === act.author.id && saysAgain(mark, other),
      );
      await settle(tx, again?.map(({ id }) => id) ?? [], 'superseded');
      each.conflict = await addCandidate(tx, act, each, each.record, conflict);
      if (row) await setDisputed(tx, row, true);
      else await makeDisputedCell(tx, act, mark, now);
      if (each.record) each.record.disputed = true;
    }
  }
  const applied = written.filter(({ judgement }) => judgement.outcome === 'applied');
  await applyToCells(tx, act, applied, cells, disputed, now);
  const rows = written.map((each) => receiptRow(act, each, now));
  if (act.replaces) await replaceReceipt(tx, act.replaces, rows[0]!);
  else await keepReceipts(tx, rows);
  return kept;
}

/** Whether this outcome leaves a receipt. */
const isKept = (act: Act, { outcome }: Judgement): boolean =>
  outcome === 'applied' || outcome === 'merged' || (!!act.keepsEverything && outcome !== 'duplicate');

/** Whether a mark says all that an earlier candidate says: its state, and a note or a time where that has one. */
const saysAgain = (mark: Mark, { state, body }: Candidate): boolean =>
  state === (mark.state ?? null) &&
  !(body.note && mark.note === undefined) &&
  !(body.arrived_at && mark.arrivedAt === undefined) &&
  !(body.left_at && mark.leftAt === undefined);

/** What is parked or rejected says nothing yet: the candidate before it goes on waiting. */
const stands = ({ outcome }: Judgement): boolean => outcome === 'conflict' || outcome === 'merged';

/** Gathers what the judge may know, and asks him about each mark. */
async function judge(
  tx: EntityManager,
  act: Act,
  marks: Mark[],
  cells: Map<number, RecordRow>,
  standings: Map<number, Standing>,
  now: Date,
) {
  // What is judged again has a receipt of its own, which says nothing new.
  const receipts =
    act.replaces || act.isNew
      ? new Map<string, Receipt>()
      : await receiptsOf(
          tx,
          marks.map((mark) => mark.opId),
        );
  const inUse = new Set(act.states.filter((state) => state.is_active).map((state) => state.code));
  const candidates = new Map<Kept, { id: number; conflict: number }>();
  const kept: Kept[] = [];
  for (const mark of marks) {
    const { hash } = mark.captured ?? bodyOf(act.session.id, mark);
    const receipt = receipts.get(mark.opId) ?? null;
    const row = cells.get(mark.participant) ?? null;
    const standing = standings.get(mark.participant);
    // Asked for the whole batch a moment ago: whoever was merged since is somebody else now.
    if (act.isNew && standing?.merged) throw new OptimisticLockError('merged meanwhile');
    const record = row && recordJson(row);
    const { base: told, candidate } = await baseOf(tx, act.session.id, act.author.id, mark);
    const base = await sinceRestored(tx, act, mark, told, row);
    const judgement = judgeOperation(mark, {
      known: receipt && (isSame(receipt, hash, act.author.id) ? 'same' : 'other'),
      target: !standing ? 'unknown' : standing.erased ? 'erased' : 'live',
      isAnother: isAnother(act, mark, standing),
      foreign: act.foreign ?? false,
      mayRecord: act.mayRecord,
      mayCorrect: act.mayCorrect(record),
      session: act.session,
      onRoster: !!act.adopting || (standing?.onRoster ?? false),
      moved: standing?.moved ?? false,
      stateKnown: !mark.state || inUse.has(mark.state) || mark.state === record?.presence_state,
      cell: row && cellOf(row),
      // A person decided that it counts: what it stands on is missing for good, so it is weighed as a clash.
      base: act.adopting && (base.kind === 'missing' || base.kind === 'parked') ? { kind: 'concurrent' } : base,
      observedAt: mark.captured?.correctedAt ?? now,
    });
    const each: Kept =
      judgement.outcome === 'duplicate'
        ? { mark, judgement, record: receipt!.answer, created: receipt!.created }
        : { mark, judgement, record, created: false };
    if (candidate) candidates.set(each, candidate);
    kept.push(each);
  }
  return { kept, candidates };
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
