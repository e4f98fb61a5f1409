import { type EntityManager } from '@mikro-orm/core';
import { onRegister } from '../participants/index.js';
import { read } from '../platform/database/read.js';

/**
 * Who belongs to a register: the direct members of the session's group on the session's local day, and everybody who
 * has a cell there. People who were deactivated since leave the registers to come, never those of the past.
 * Needs :organization and the values of `rosterValues`.
 */
export const ROSTER = `people(id) as (
  select m.participant_id from group_memberships m
    join participants a on a.organization_id = m.organization_id and a.id = m.participant_id and (a.is_active = :yes or :closed = :yes)
   where m.organization_id = :organization and m.group_id = :group
     and ${onRegister('m')}
  union
  select c.participant_id from presence_records c
   where c.organization_id = :organization and c.session_id = :session)`;

export interface RosterOf {
  session: number;
  group: number;
  /** The session's local day in the organization's time zone. */
  day: string;
  /** Whether the register is of the past: completed, or of a day that is over. Nobody leaves it any more. */
  closed: boolean;
}

/** @returns the named values of ROSTER */
export const rosterValues = (roster: RosterOf) => ({ ...roster, yes: true });

/** How each of these participants stands to a register: on it, known but not on it, or unknown (absent). */
export async function standings(
  em: EntityManager,
  roster: RosterOf,
  participants: number[],
): Promise<Map<number, { onRoster: boolean; erased: boolean }>> {
  const found = new Map<number, { onRoster: boolean; erased: boolean }>();
  for (let at = 0; at < participants.length; at += 1000) {
    const rows = await read<{ id: number; anonymized_at: unknown; on_roster: number }>(
      em,
      `with ${ROSTER}
     select p.id, p.anonymized_at, case when q.id is null then 0 else 1 end as on_roster
       from participants p left join people q on q.id = p.id
      where p.organization_id = :organization and p.id in (:participants)`,
      { ...rosterValues(roster), participants: participants.slice(at, at + 1000) },
    );
    for (const row of rows)
      found.set(Number(row.id), { onRoster: Number(row.on_roster) === 1, erased: row.anonymized_at !== null });
  }
  return found;
}
