import { type EntityManager } from '@mikro-orm/core';
import { type SignedInUser } from '../auth/index.js';
import { inOwnGroups, onRegister, ownGroupsOf, ownGroupsParameters } from '../participants/index.js';
import { clock } from '../platform/clock.js';
import { instant, read } from '../platform/database/read.js';
import { invalid } from '../platform/http/problem.js';
import { sha256 } from '../platform/text.js';
import { boundsOf, dayOf } from '../tenancy/index.js';
import { type Changes, type RosterSummary } from './wire.js';

/** Registers of one day that a device keeps. */
const ROSTERS = 300;
/** Cells of one answer. */
const CELLS = 2000;
/**
 * A mark is dated before it is committed, so a later answer reads the last minute again: what committed late is in it.
 * Whatever is later still shows in the digests.
 */
const OVERLAP_MS = 60_000;

/**
 * What a device that keeps today's registers asks for: the registers of the organization's day, what was marked in them
 * since the cursor, and digests that heal what a cursor could miss. Four statements.
 * @param cursor of the answer before; absent: everything of today
 */
export async function changesSince(em: EntityManager, me: SignedInUser, cursor: string | undefined): Promise<Changes> {
  const since = readCursor(cursor);
  const now = clock.now();
  const day = dayOf(now, me.organization.timeZone);
  const own = ownGroupsOf(me);
  const values = { ...boundsOf(day, me.organization.timeZone), ...ownGroupsParameters(own) };
  const sessions = `select s.id, s.name, s.group_id, s.scheduled_start_at, s.scheduled_end_at from sessions s
      where s.organization_id = :organization and s.status <> 'cancelled'
        and s.scheduled_start_at < :to and s.scheduled_end_at > :from and ${inOwnGroups(own, 's.group_id')}
      order by s.scheduled_start_at, s.id limit ${ROSTERS}`;
  const rows = await read<{
    id: number;
    name: string;
    scheduled_start_at: number | string;
    scheduled_end_at: number | string;
  }>(em, sessions, values);
  if (rows.length === 0) return { cells: [], rosters: [], digests: {}, cursor: cursorAt(now), more: false };
  const ids = rows.map((row) => Number(row.id));

  const people = await read<{ session_id: number; participant_id: number }>(
    em,
    `select s.id as session_id, m.participant_id from sessions s
       join group_memberships m on m.organization_id = s.organization_id and m.group_id = s.group_id and ${onRegister('m')}
       join participants p on p.organization_id = m.organization_id and p.id = m.participant_id and p.is_active = :yes
      where s.organization_id = :organization and s.id in (:sessions)
      union select c.session_id, c.participant_id from presence_records c
      where c.organization_id = :organization and c.session_id in (:sessions)`,
    { sessions: ids, day, yes: true },
  );
  const expected = grouped(people, (row) => String(row.participant_id));
  const rosters = rows.map((row): RosterSummary => {
    const lines = (expected.get(Number(row.id)) ?? []).sort((a, b) => Number(a) - Number(b));
    return {
      session_id: Number(row.id),
      name: row.name,
      scheduled_start_at: instant(row.scheduled_start_at).toISOString(),
      scheduled_end_at: instant(row.scheduled_end_at).toISOString(),
      participants_digest: sha256(lines.join('\n')),
      people: lines.length,
    };
  });

  const revisions = await read<{ session_id: number; participant_id: number; revision: number }>(
    em,
    `select session_id, participant_id, revision from presence_records
      where organization_id = :organization and session_id in (:sessions)`,
    { sessions: ids },
  );
  const lines = grouped(revisions, (row) => `${row.participant_id}:${row.revision}`);
  const digests = Object.fromEntries(ids.map((id) => [id, digestOf(lines.get(id) ?? [])]));

  const cells = await read<{
    id: number;
    session_id: number;
    participant_id: number;
    code: string | null;
    revision: number;
    disputed: number | boolean;
    updated_at: number | string;
  }>(
    em,
    `select r.id, r.session_id, r.participant_id, s.code, r.revision, r.disputed, r.updated_at from presence_records r
       left join presence_states s on s.organization_id = r.organization_id and s.id = r.presence_state_id
      where r.organization_id = :organization and r.session_id in (:sessions)
        and (r.updated_at > :at or (r.updated_at = :at and r.id > :after))
      order by r.updated_at, r.id limit ${CELLS + 1}`,
    { sessions: ids, at: since.at, after: since.id },
  );
  const more = cells.length > CELLS;
  const told = cells.slice(0, CELLS);
  const last = told.at(-1);
  return {
    cells: told.map((row) => ({
      session_id: Number(row.session_id),
      participant_id: Number(row.participant_id),
      presence_state: row.code,
      revision: row.revision,
      disputed: Boolean(row.disputed),
    })),
    rosters,
    digests,
    cursor: more && last ? `${instant(last.updated_at).getTime()}.${last.id}` : cursorAt(now),
    more,
  };
}

/** By session: SHA-256 of its sorted lines `participant:revision`. */
export const digestOf = (lines: string[]): string => sha256(lines.sort().join('\n'));

function grouped<R extends { session_id: number }>(rows: R[], line: (row: R) => string): Map<number, string[]> {
  const bySession = new Map<number, string[]>();
  for (const row of rows) {
    const id = Number(row.session_id);
    const lines = bySession.get(id);
    if (lines) lines.push(line(row));
    else bySession.set(id, [line(row)]);
  }
  return bySession;
}

const cursorAt = (now: Date) => `${now.getTime() - OVERLAP_MS}.0`;

function readCursor(cursor: string | undefined): { at: Date; id: number } {
  if (!cursor) return { at: new Date(0), id: 0 };
  const match = /^(\d{1,14})\.(\d{1,15})$/.exec(cursor);
  if (!match) throw invalid('cursor', 'This is no cursor of an earlier answer.');
  return { at: new Date(Number(match[1])), id: Number(match[2]) };
}
