import { type EntityManager } from '@mikro-orm/core';
import { instant, lockingRows, read } from '../../platform/database/read.js';
import { insertRows, updateRows } from '../../platform/ledger/audited-rows.js';
import { whenRecorded } from '../../platform/ledger/ledger.js';
import { localOf } from '../../tenancy/index.js';
import { SessionDay } from './session-day.entity.js';
import { TallySums } from './tally-sums.js';
import { TallyChange } from './tally.entities.js';

/** The columns of a session that decide where its marks count. */
const PLACING = ['group_id', 'scheduled_start_at', 'status'];
const AT_ONCE = 200;

// Every change of a session, by whatever door, takes its marks along.
whenRecorded('sessions', async (tx, changes) => {
  const seen = changes.filter(({ action, after }) => action !== 'update' || PLACING.some((column) => column in after!));
  const ids = [...new Set(seen.map(({ recordId }) => recordId))].sort((a, b) => a - b);
  for (let at = 0; at < ids.length; at += AT_ONCE) await placeSessions(tx, ids.slice(at, at + AT_ONCE));
});

interface Row {
  id: number;
  group_id: number;
  start: number | string;
  status: string;
  time_zone: string;
}
interface DayRow {
  id: number;
  session_id: number;
  group_id: number;
  day: string | null;
  hour: number | null;
  time_zone: string;
}

/** Where a session is counted, as its row in session_days says it. */
type Placed = Pick<SessionDay, 'groupId' | 'timeZone'> & { day: string | null; hour: number | null };

/**
 * Has these sessions counted where they belong: writes their rows anew, and takes their marks from the old place to the
 * new one. Nobody marks in them before the commit.
 */
export async function placeSessions(tx: EntityManager, sessions: number[]): Promise<void> {
  const days = await read<DayRow>(
    tx,
    `select d.id, d.session_id, d.group_id, d.day, d.hour, d.time_zone from session_days d
      where d.organization_id = :organization and d.session_id in (:sessions)
      order by d.session_id ${lockingRows(tx, 'd')}`,
    { sessions },
  );
  const rows = await read<Row>(
    tx,
    `select s.id, s.group_id, s.scheduled_start_at as start, s.status, o.time_zone
       from sessions s join organizations o on o.id = s.organization_id
      where s.organization_id = :organization and s.id in (:sessions) order by s.id`,
    { sessions },
  );
  const known = new Map(days.map((day) => [Number(day.session_id), day]));
  await insertRows(
    tx,
    SessionDay,
    rows.flatMap((row) => (known.has(Number(row.id)) ? [] : [{ session: Number(row.id), ...placeOf(row) }])),
  );
  const moved = rows.flatMap((row) => {
    const day = known.get(Number(row.id));
    if (!day) return [];
    const before: Placed = {
      groupId: Number(day.group_id),
      day: day.day,
      hour: day.hour === null ? null : Number(day.hour),
      timeZone: day.time_zone,
    };
    return [{ session: Number(row.id), id: Number(day.id), before, after: placeOf(row) }];
  });
  await updateRows(tx, SessionDay, moved);
  await moveMarks(
    tx,
    moved.filter(({ before, after }) => !isSamePlace(before, after)),
  );
}

function placeOf({ group_id, start, status, time_zone }: Row): Placed {
  const place = { groupId: Number(group_id), timeZone: time_zone };
  if (status === 'cancelled') return { ...place, day: null, hour: null };
  const local = localOf(instant(start), time_zone);
  return { ...place, day: local.slice(0, 10), hour: Number(local.slice(11, 13)) };
}

const isSamePlace = (a: Placed, b: Placed): boolean =>
  a.day === b.day && (a.day === null || (a.groupId === b.groupId && a.hour === b.hour));

async function moveMarks(
  tx: EntityManager,
  moved: { session: number; before: Placed; after: Placed }[],
): Promise<void> {
  if (moved.length === 0) return;
  const ways = new Map(moved.map((each) => [each.session, each]));
  const sums = new TallySums<Pick<TallyChange, 'participantId' | 'groupId' | 'day' | 'hour'>>();
  const cells = await read<Record<'session_id' | 'participant_id' | 'presence_state_id' | 'disputed', number>>(
    tx,
    `select r.session_id, r.participant_id, r.presence_state_id, r.disputed from presence_records r
      where r.organization_id = :organization and r.session_id in (:sessions) and r.presence_state_id is not null`,
    { sessions: [...ways.keys()] },
  );
  for (const cell of cells) {
    const { before, after } = ways.get(Number(cell.session_id))!;
    const counted = { presenceStateId: Number(cell.presence_state_id), disputed: Boolean(cell.disputed) };
    const participantId = Number(cell.participant_id);
    for (const [place, sign] of [
      [before, -1],
      [after, 1],
    ] as const)
      if (place.day !== null)
        sums.add({ participantId, groupId: place.groupId, day: place.day, hour: place.hour! }, counted, sign);
  }
  await insertRows(tx, TallyChange, sums.rows());
}
