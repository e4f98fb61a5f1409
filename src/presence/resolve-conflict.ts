import { randomUUID } from 'node:crypto';
import { CommandHandler, type ICommand, type ICommandHandler } from '@nestjs/cqrs';
import { EntityManager } from '@mikro-orm/core';
import { type SignedInUser } from '../auth/index.js';
import { clock } from '../platform/clock.js';
import { current } from '../platform/current.js';
import { transact } from '../platform/database/transaction.js';
import { Problem } from '../platform/http/problem.js';
import { applyToCells, cellsOf } from './cells.js';
import { actOf } from './act.js';
import { close, openConflictsOf, settle, type OpenConflict } from './conflicts.js';
import { type Kept } from './kept.js';
import { type Mark } from './mark.js';
import { keepReceipts, receiptRow } from './receipts.js';
import { type RecordJson, type RecordRow } from './record-json.js';
import { SyncConflict } from './sync-conflict.entity.js';

export type Choice = 'server' | 'device' | 'other' | 'void';

export interface ResolveInput {
  ids: number[];
  choice: Choice;
  /** With `other`: the code of a state in use. */
  presence_state?: string | null;
  /** With `device`: which candidate; the newest open one without it. */
  op_id?: string | null;
  reason: string;
  /** By id: the conflict's revision that the person saw. Without it any open conflict will do. */
  revisions?: Record<number, number>;
}

export interface Resolved {
  id: number;
  ok: boolean;
  /** stale | not_found | state_unknown */
  code?: string;
  record?: RecordJson;
}

/**
 * Ends conflicts: keep the mark in force, take the device's, another value, or none. Each resolution is a transaction of
 * its own and a revision of its own, with the reason; of two people who resolve at once the second one is told.
 * Who: conflict.resolve; a lock of the session does not stop it. The caller has checked that a reason is given.
 */
export class ResolveConflicts implements ICommand {
  constructor(
    readonly input: ResolveInput,
    readonly by: SignedInUser,
  ) {}
}

@CommandHandler(ResolveConflicts)
export class ResolveConflictsHandler implements ICommandHandler<ResolveConflicts, Resolved[]> {
  constructor(private readonly em: EntityManager) {}

  async execute({ input, by }: ResolveConflicts): Promise<Resolved[]> {
    const results: Resolved[] = [];
    for (const id of new Set(input.ids)) {
      try {
        results.push({ id, ok: true, record: await this.resolve(id, input, by) });
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        results.push({ id, ok: false, code: error.refusals[0]!.code });
      }
    }
    return results;
  }

  private resolve(id: number, input: ResolveInput, by: SignedInUser): Promise<RecordJson> {
    return transact(this.em, 'presence.resolved', async (tx) => {
      const known = await tx.findOne(SyncConflict, { id });
      if (!known) throw refused(404, 'not_found');
      const act = await actOf(tx, known.session, by);
      // The cell first, as everybody does; then nothing of the conflict changes any more.
      const cells = await cellsOf(tx, known.session, [known.participant]);
      const open = (await openConflictsOf(tx, known.session, [known.participant])).get(known.participant);
      const row = cells.get(known.participant);
      if (!open || open.conflict.id !== id || !row) throw refused(409, 'stale');
      await tx.refresh(open.conflict);
      const seen = input.revisions?.[id];
      if (!open.conflict.isOpen || (seen !== undefined && seen !== open.conflict.revision)) throw refused(409, 'stale');

      const { mark, taken } = chosen(input, open, row);
      // What stands already, or was seen on a device, may be a state that was retired since; a new value may not.
      const mayBeRetired = input.choice !== 'other';
      const stands = mayBeRetired && mark.state === row.state_code;
      const offered = act.states.some((state) => state.code === mark.state && (state.is_active || mayBeRetired));
      if (mark.state && !stands && !offered) throw refused(422, 'state_unknown');
      const kept: Kept = { mark, judgement: { outcome: 'applied' }, record: null, created: false };
      const now = clock.now();
      const resolution = { ...act, source: current().source };
      await applyToCells(tx, resolution, [kept], cells, new Set(), now);
      await keepReceipts(tx, [{ ...receiptRow(resolution, kept, now), kind: 'resolution', conflict: id }]);
      const { conflict, candidates } = open;
      const equal = candidates.filter((each) => each.opId !== taken && each.state === mark.state);
      const rest = candidates.filter((each) => each.opId !== taken && each.state !== mark.state);
      const ids = (list: { id: number }[]) => list.map((each) => each.id);
      await settle(tx, ids(candidates.filter((each) => each.opId === taken)), 'taken', input.reason);
      await settle(tx, ids(equal), 'merged', input.reason);
      await settle(tx, ids(rest), 'declined', input.reason);
      close(conflict, input.choice);
      conflict.reason = input.reason;
      conflict.resolvedWith = candidates.find((each) => each.opId === taken)?.id ?? null;
      conflict.revision++;
      await tx.flush();
      return kept.record!;
    });
  }
}

const refused = (status: number, code: string) =>
  new Problem(status, { code, message: 'Somebody has settled this conflict meanwhile.' });

/** The mark that a choice comes to, and the candidate that is taken, if one is. */
function chosen(
  { choice, presence_state, op_id, reason }: ResolveInput,
  { candidates }: OpenConflict,
  row: RecordRow,
): { mark: Mark; taken: string | null } {
  const mark = (fields: Partial<Mark>): Mark => ({
    opId: randomUUID(),
    participant: Number(row.participant_id),
    state: row.state_code,
    base: row.revision,
    reason,
    ...fields,
  });
  if (choice === 'void') return { mark: mark({ state: null }), taken: null };
  if (choice === 'other') return { mark: mark({ state: presence_state ?? null }), taken: null };
  if (choice === 'server') return { mark: mark({}), taken: null };
  const candidate = op_id ? candidates.find((each) => each.opId === op_id) : candidates.at(-1);
  if (!candidate) throw refused(409, 'stale');
  const time = (text: string | null | undefined) => (text ? new Date(text) : undefined);
  const { note, arrived_at, left_at } = candidate.body;
  return {
    mark: mark({
      state: candidate.state,
      // As the candidate meant it: nothing said leaves the note, an empty one takes it away.
      note: note === undefined || note === null ? undefined : note === '' ? null : note,
      arrivedAt: time(arrived_at),
      leftAt: time(left_at),
      recordedAt: candidate.recordedAt,
    }),
    taken: candidate.opId,
  };
}
