import { type EntityManager } from '@mikro-orm/core';
import { lockingRows, type Parameters, read } from '../../platform/database/read.js';
import { invalid } from '../../platform/http/problem.js';
import { type RowChange, updateRows } from '../../platform/ledger/audited-rows.js';
import { addDays, boundsOf } from '../../tenancy/index.js';
import { type ClosingDay } from '../closing-day.entity.js';
import { markedAmong } from '../marks.js';
import { Session } from '../session.entity.js';
import { withoutWhy, withWhy } from '../why-cancelled.js';

type Days = Pick<ClosingDay, 'id' | 'fromOn' | 'toOn' | 'group'>;

/** So many sessions are cancelled, or brought back, at once. */
const MOST = 20_000;
/** How far from its present days a closing day is searched for what was cancelled for it: it may have been moved. */
const REACH_DAYS = 800;

/** A condition on sessions s: they begin on these days, in this group or one below it. */
export function onTheseDays(closing: Days, timeZone: string): { sql: string; parameters: Parameters } {
  const bounds = { from: boundsOf(closing.fromOn, timeZone).from, to: boundsOf(closing.toOn, timeZone).to };
  const days = 's.scheduled_start_at >= :from and s.scheduled_start_at < :to';
  if (closing.group == null) return { sql: days, parameters: bounds };
  return {
    sql: `${days} and s.group_id in (
      with recursive down(id, depth) as (
        select g.id, 0 from \`groups\` g where g.organization_id = :organization and g.id = :group
        union all
        select g.id, down.depth + 1 from down
          join \`groups\` g on g.organization_id = :organization and g.parent_id = down.id where down.depth < 20)
      select id from down)`,
    parameters: { ...bounds, group: closing.group },
  };
}

/** Nothing has happened in them yet; marks are asked for apart. */
export const UNTOUCHED = `s.status = 'scheduled' and s.locked_at is null and s.register_completed_at is null`;

/** A condition on sessions s: they are cancelled because of this closing day. */
function cancelledFor(closing: Days, timeZone: string): { sql: string; parameters: Parameters } {
  return {
    sql: `s.status = 'cancelled' and s.scheduled_start_at >= :reach_from and s.scheduled_start_at < :reach_to
      and json_extract(s.extra_data, '$.closed_by') = :closing`,
    parameters: {
      reach_from: boundsOf(addDays(closing.fromOn, -REACH_DAYS), timeZone).from,
      reach_to: boundsOf(addDays(closing.toOn, REACH_DAYS), timeZone).to,
      closing: closing.id,
    },
  };
}

/** How many sessions stand on the days of a closing day, and how many are cancelled for it: on its days, and elsewhere. */
export async function sessionsOf(em: EntityManager, closing: Days, timeZone: string) {
  const days = onTheseDays(closing, timeZone);
  const cancelled = cancelledFor(closing, timeZone);
  const [count] = await read<Record<'standing' | 'cancelled' | 'outside', number | null>>(
    em,
    `select (select count(*) from sessions s where s.organization_id = :organization and ${UNTOUCHED} and ${days.sql})
              as standing,
            (select count(*) from sessions s where s.organization_id = :organization and ${cancelled.sql}) as cancelled,
            (select count(*) from sessions s
              where s.organization_id = :organization and ${cancelled.sql} and not (${days.sql})) as outside`,
    { ...days.parameters, ...cancelled.parameters },
  );
  return {
    standing: Number(count!.standing),
    cancelled: Number(count!.cancelled),
    outside: Number(count!.outside),
  };
}

/** Cancels what stands on these days, inside the caller's transaction. @returns how many; those with marks stay */
export async function cancelOn(tx: EntityManager, closing: Days, timeZone: string) {
  const days = onTheseDays(closing, timeZone);
  const rows = await lockedRows(tx, `${UNTOUCHED} and ${days.sql}`, days.parameters);
  const marked = await markedAmong(
    tx,
    rows.map((row) => row.id),
  );
  const free = rows.filter((row) => !marked.has(row.id));
  await updateRows(
    tx,
    Session,
    free.map((row) => changed(row, 'cancelled', withWhy(row.extraData, { closed_by: closing.id }))),
  );
  return { cancelled: free.length, left_alone: rows.length - free.length };
}

/**
 * Brings back what was cancelled for a closing day, inside the caller's transaction.
 * @param only outside: what is not on its days any more
 * @returns how many
 */
export async function reviveFrom(
  tx: EntityManager,
  closing: Days,
  timeZone: string,
  only: 'all' | 'outside',
): Promise<number> {
  const cancelled = cancelledFor(closing, timeZone);
  const days = onTheseDays(closing, timeZone);
  const where = only === 'all' ? cancelled.sql : `${cancelled.sql} and not (${days.sql})`;
  const rows = await lockedRows(tx, where, { ...days.parameters, ...cancelled.parameters });
  await updateRows(
    tx,
    Session,
    rows.map((row) => changed(row, 'scheduled', withoutWhy(row.extraData))),
  );
  return rows.length;
}

interface LockedRow {
  id: number;
  status: Session['status'];
  extraData: Record<string, unknown>;
}

/**
 * The sessions of a condition on sessions s, held until the commit, in the order of their ids.
 * @throws Problem 422 when they are more than one act can change
 */
async function lockedRows(tx: EntityManager, where: string, parameters: Parameters): Promise<LockedRow[]> {
  const rows = await read<{ id: number; status: Session['status']; extra_data: string | object }>(
    tx,
    `select s.id, s.status, s.extra_data from sessions s where s.organization_id = :organization and ${where}
      order by s.id limit :most ${lockingRows(tx, 's')}`,
    { ...parameters, most: MOST + 1 },
  );
  if (rows.length > MOST)
    throw invalid('to_on', 'More than {max} {sessions} fall on these days. Divide them.', 'invalid', { max: MOST });
  return rows.map(({ id, status, extra_data }) => ({
    id: Number(id),
    status,
    extraData: (typeof extra_data === 'string' ? JSON.parse(extra_data) : extra_data) as Record<string, unknown>,
  }));
}

const changed = (
  row: LockedRow,
  status: Session['status'],
  extraData: Record<string, unknown>,
): RowChange<Session> => ({
  id: row.id,
  before: { status: row.status, extraData: row.extraData },
  after: { status, extraData },
});
