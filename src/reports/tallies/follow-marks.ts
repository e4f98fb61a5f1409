import { type EntityManager } from '@mikro-orm/core';
import { insertTaking, type Source } from '../../platform/database/insert-taking.js';
import { read } from '../../platform/database/read.js';
import { type Change, whenRecorded } from '../../platform/ledger/ledger.js';
import { type Counted, TallySums } from './tally-sums.js';
import { TallyChange } from './tally.entities.js';

/** The columns of a cell that decide where and as what it counts. */
const COUNTED = ['presence_state_id', 'disputed', 'participant_id'];
const AT_ONCE = 500;

/** Where a session's marks count. */
const PLACE: Source<TallyChange> = {
  table: 'session_days',
  key: 'session_id',
  take: ['groupId', 'day', 'hour'],
  where: 's.day is not null',
};

// Every change of a mark, by whatever door, is counted in its own transaction.
whenRecorded('presence_records', async (tx, changes) => {
  const seen = changes.filter(({ action, after }) => action !== 'update' || COUNTED.some((column) => column in after!));
  const sums = new TallySums<{ session: number; participantId: number }>();
  for (let at = 0; at < seen.length; at += AT_ONCE) await count(tx, seen.slice(at, at + AT_ONCE), sums);
  // In one order for everybody, because each session's row is held until the commit.
  const rows = sums.rows().sort((a, b) => a.session - b.session);
  await insertTaking(
    tx,
    TallyChange,
    rows.map(({ session, ...row }) => ({ of: session, row })),
    PLACE,
  );
});

interface Cell {
  session: number;
  participant: number;
  counted: Counted;
}

async function count(
  tx: EntityManager,
  changes: Change[],
  sums: TallySums<{ session: number; participantId: number }>,
): Promise<void> {
  const cells = await cellsOf(tx, changes);
  for (const { recordId, before, after, action } of changes) {
    const { session, participant, counted } = cells.get(recordId)!;
    if (after) sums.add({ session, participantId: participant }, counted, 1);
    if (action === 'create') continue;
    const was = cellOf(before!, { session, participant, counted });
    sums.add({ session, participantId: was.participant }, was.counted, -1);
  }
}

/** The cells as they are after the changes; of those that were deleted, as they were. By id. */
async function cellsOf(tx: EntityManager, changes: Change[]): Promise<Map<number, Cell>> {
  const cells = new Map<number, Cell>();
  const changed: number[] = [];
  for (const { recordId, action, before, after } of changes)
    if (action === 'update') changed.push(recordId);
    else cells.set(recordId, cellOf((after ?? before)!));
  if (changed.length === 0) return cells;
  const rows = await read<Record<string, number | boolean | null> & { id: number }>(
    tx,
    `select r.id, r.session_id, r.participant_id, r.presence_state_id, r.disputed from presence_records r
      where r.organization_id = :organization and r.id in (:changed)`,
    { changed },
  );
  for (const row of rows) cells.set(Number(row.id), cellOf(row));
  return cells;
}

/** @param values columns of a cell @param otherwise what holds for those that are not named */
function cellOf(values: Record<string, unknown>, otherwise?: Cell): Cell {
  const value = (column: string, other: unknown) => (column in values ? values[column] : other);
  const state = value('presence_state_id', otherwise?.counted.presenceStateId) as number | string | null | undefined;
  return {
    session: Number(value('session_id', otherwise?.session)),
    participant: Number(value('participant_id', otherwise?.participant)),
    counted: {
      presenceStateId: state === null || state === undefined ? null : Number(state),
      disputed: Boolean(value('disputed', otherwise?.counted.disputed)),
    },
  };
}
