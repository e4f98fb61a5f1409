import { LockMode, type EntityManager } from '@mikro-orm/core';
import { reachOf, type SignedInUser } from '../auth/index.js';
import { isOwnGroup, ownGroupsOf } from '../participants/index.js';
import { clock } from '../platform/clock.js';
import { current } from '../platform/current.js';
import { invalid } from '../platform/http/problem.js';
import { Session } from '../sessions/index.js';
import { settingsOf } from '../tenancy/index.js';
import { type Act } from './kept.js';
import { type RecordJson } from './record-json.js';
import { rosterOf } from './register.js';
import { type State, statesOf } from './states.query.js';

interface Options {
  batchId?: string | null;
  flags?: string;
  /** Locks the session against every other act. */
  exclusive?: boolean;
  /** As they were just now; else they are asked for. */
  states?: State[];
  /** Nobody waits for the answer: a session that is not his is no refusal, he just has no right there. */
  keepsEverything?: boolean;
}

/**
 * Gathers the circumstances of marks in a session, inside the transaction.
 * @throws Problem 422 `unknown` when there is no such session here
 */
export async function actOf(
  tx: EntityManager,
  sessionId: number,
  by: SignedInUser,
  options: Options = {},
): Promise<Act> {
  // Shared lock: many mark at once, but nobody cancels or locks the session before the commit.
  const lockMode = options.exclusive ? LockMode.PESSIMISTIC_WRITE : LockMode.PESSIMISTIC_READ;
  const session = await tx.findOne(Session, { id: sessionId }, { lockMode });
  const own = !!session && (await isOwnGroup(tx, ownGroupsOf(by), session.group));
  if (!session || (!own && !options.keepsEverything))
    throw invalid('session_id', 'There is no {session} with this id.', 'unknown');
  const { organization } = by;
  const may = (permission: 'presence.record' | 'presence.correct') =>
    reachOf(by.role, permission, organization.settings) ?? null;
  return {
    session,
    roster: rosterOf(session, by),
    states: options.states ?? (await statesOf(tx)),
    author: { id: by.id, name: by.name },
    mayRecord: own && may('presence.record') !== null && may('presence.record') !== 'own',
    mayCorrect: (record) =>
      may('presence.correct') === 'all' || (may('presence.correct') === 'groups' && isOwnRecent(record, by)),
    source: current().source,
    deviceId: current().sourceDevice,
    batchId: options.batchId ?? null,
    ...(options.flags ? { flags: options.flags } : {}),
    ...(options.keepsEverything ? { keepsEverything: true } : {}),
  };
}

function isOwnRecent(record: RecordJson | null, by: SignedInUser): boolean {
  if (record?.recorded_by?.id !== by.id) return false;
  // From the first mark on: a window that every correction opened anew would never close.
  return (
    clock.now().getTime() - Date.parse(record.created_at) <=
    settingsOf(by.organization).frontline_correction_hours * 3_600_000
  );
}
