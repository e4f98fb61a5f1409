import { type EntityManager } from '@mikro-orm/core';
import { onRegister } from '../participants/index.js';
import { instant, read } from '../platform/database/read.js';

/**
 * Who belongs to a register: the direct members of the session's group on the session's local day, and everybody who
 * has a cell there. People who were deactivated since leave the registers to come, never those of the past.
 * Needs :organization and the values of `rosterValues`.
 */
export const ROSTER = people();

/** The same, among those who are asked about (:participants): the whole register is not read for one mark. */
const ROSTER_AMONG = people('in (:participants)');

function people(among = ''): string {
  return `people(id) as (
  select m.participant_id from group_memberships m
    join participants a on a.organization_id = m.organization_id and a.id = m.participant_id and (a.is_active = :yes or :closed = :yes)
   where m.organization_id = :organization and m.group_id = :group ${among && `and m.participant_id ${among}`}
     and ${onRegister('m')}
  union
  select c.participant_id from presence_records c
   where c.organization_id = :organization and c.session_id = :session ${among && `and c.participant_id ${among}`})`;
}

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

/** How somebody stands to a register. `moved`: not on it, but on that of another session at the same time. */
export interface Standing {
  onRoster: boolean;
  moved: boolean;
  erased: boolean;
  createdAt: Date;
}

/** How each of these participants stands to a register; who is unknown is absent. */
export async function standings(
  em: EntityManager,
  roster: RosterOf,
  participants: number[],
): Promise<Map<number, Standing>> {
  const found = new Map<number, Standing>();
  for (let at = 0; at < participants.length; at += 1000) {
    const rows = await read<{ id: number; anonymized_at: unknown; created_at: number | string; on_roster: number }>(
      em,
      `with ${ROSTER_AMONG}
     select p.id, p.anonymized_at, p.created_at, case when q.id is null then 0 else 1 end as on_roster
       from participants p left join people q on q.id = p.id
      where p.organization_id = :organization and p.id in (:participants)`,
      { ...rosterValues(roster), participants: participants.slice(at, at + 1000) },
    );
    for (const row of rows)
      found.set(Number(row.id), {
        onRoster: Number(row.on_roster) === 1,
        moved: false,
        erased: row.anonymized_at !== null,
        createdAt: instant(row.created_at),
      });
  }
  const missing = [...found].filter(([, standing]) => !standing.onRoster).map(([id]) => id);
  for (const id of await expectedElsewhere(em, roster, missing)) found.get(id)!.moved = true;
  return found;
}

/** Who of these is expected on that day in another session that overlaps this one. */
async function expectedElsewhere(em: EntityManager, roster: RosterOf, participants: number[]): Promise<number[]> {
  if (participants.length === 0) return [];
  const rows = await read<{ id: number }>(
    em,
    `select distinct m.participant_id as id
       from sessions t
       join sessions x on x.organization_id = t.organization_id and x.id <> t.id and x.status <> 'cancelled'
        and x.scheduled_start_at < t.scheduled_end_at and x.scheduled_end_at > t.scheduled_start_at
       join group_memberships m on m.organization_id = x.organization_id and m.group_id = x.group_id and ${onRegister('m')}
      where t.organization_id = :organization and t.id = :session and m.participant_id in (:participants)`,
    { session: roster.session, day: roster.day, participants: participants.slice(0, 5000) },
  );
  return rows.map((row) => Number(row.id));
}
