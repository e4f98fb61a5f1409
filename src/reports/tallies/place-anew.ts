import { type EntityManager } from '@mikro-orm/core';
import { lockingRows, read } from '../../platform/database/read.js';
import { Problem } from '../../platform/http/problem.js';
import { transact } from '../../platform/database/transaction.js';
import { placeSessions } from './follow-sessions.js';

/** Sessions of one transaction. */
const AT_ONCE = 50;

/** Sessions whose day was told by the clocks of another time zone, or was never told. Needs :zone. */
const OUT_OF_ZONE = `d.organization_id = :organization and (d.time_zone < :zone or d.time_zone > :zone)`;

/** @returns whether figures by day can be trusted: every session stands on its day by the organization's clocks */
export async function isPlaced(em: EntityManager): Promise<boolean> {
  const rows = await read(em, `select 1 as yes from session_days d where ${OUT_OF_ZONE} limit 1`, {
    zone: await zoneOf(em),
  });
  return rows.length === 0;
}

/**
 * After a change of the time zone, and once after an upgrade: has sessions counted on the day on which they are by the
 * organization's clocks now. Fifty of them in one transaction.
 * @returns how many; call again until it answers 0
 */
export async function placeAnew(em: EntityManager): Promise<number> {
  return transact(em, 'sessions.placed', async (tx) => {
    const locking = lockingRows(tx, 'd');
    const rows = await read<{ session_id: number }>(
      tx,
      `select d.session_id from session_days d where ${OUT_OF_ZONE} order by d.session_id limit :take
        ${locking && `${locking} skip locked`}`,
      { zone: await zoneOf(tx), take: AT_ONCE },
    );
    if (rows.length > 0)
      await placeSessions(
        tx,
        rows.map(({ session_id }) => Number(session_id)),
      );
    return rows.length;
  });
}

/** How long a request itself sees to it that figures can be trusted, ms. */
const PATIENCE_MS = 2_000;

/**
 * Before a report: sees to it that every session stands on its day. Where that takes longer (years of sessions, right after
 * the time zone was changed) the report waits rather than telling wrong figures.
 * @throws Problem 503 while sessions have yet to be placed
 */
export async function refuseUncounted(em: EntityManager): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!(await isPlaced(em))) {
    if (performance.now() > end)
      throw new Problem(
        503,
        {
          code: 'counting',
          message:
            'The figures are being counted anew, because days begin at another time now. Nothing is lost: try again in a minute.',
        },
        { headers: { 'Retry-After': '60' } },
      );
    await placeAnew(em.fork({ keepTransactionContext: false }));
  }
}

async function zoneOf(em: EntityManager): Promise<string> {
  const [row] = await read<{ time_zone: string }>(
    em,
    'select o.time_zone from organizations o where o.id = :organization',
  );
  return row!.time_zone;
}
