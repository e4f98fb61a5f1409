import { type EntityManager } from '@mikro-orm/core';
import { onRegister } from '../participants/index.js';
import { instant, lockingRows, read } from '../platform/database/read.js';
import { RECORD_COLUMNS, RECORD_JOINS, type RecordRow } from './record-json.js';

/**
 * Who belongs to a register: the direct members of the session's group on the session's local day, and everybody who
 * has a cell there. People who were deactivated since leave the registers to come, never those of the past. For a record
 * that was merged the one stands that it was merged into.
 * Needs :organization and the values of `rosterValues`.
 */
export const ROSTER = `people(id) as (
  select m.participant_id from group_memberships m
    join participants a on a.organization_id = m.organization_id and a.id = m.participant_id and (a.is_active = :yes or :closed = :yes)
   where m.organization_id = :organization and m.group_id = :group and ${onRegister('m')}
  union
  select c.participant_id from presence_records c
    join participants k on k.organization_id = c.organization_id and k.id = c.participant_id and k.merged_into_id is null
   where c.organization_id = :organization and c.session_id = :session)`;

/** Whether participant `p` with the cell `r` is one of them: for a mark the whole register is not read. */
const ON_ROSTER = `p.merged_into_id is null and (
  r.id is not null or ((p.is_active = :yes or :closed = :yes) and exists (
    select 1 from group_memberships m
     where m.organization_id = :organization and m.group_id = :group and m.participant_id = p.id and ${onRegister('m')})))`;

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
  /** Into another record: his marks belong to that one. */
  merged: boolean;
  createdAt: Date;
}

/**
 * How each of these participants stands to a register, and the cells as they are now, by participant; who is unknown is
 * absent. Until the commit nobody changes these cells, and nobody is merged into another one: his mark would come to a
 * record that nobody looks at.
 */
export async function cellsAndStandings(
  tx: EntityManager,
  roster: RosterOf,
  participants: number[],
): Promise<{ cells: Map<number, RecordRow>; standings: Map<number, Standing> }> {
  const cells = new Map<number, RecordRow>();
  const standings = new Map<number, Standing>();
  for (let at = 0; at < participants.length; at += 1000) {
    const rows = await read<(RecordRow | { [column in keyof RecordRow]: null }) & PersonRow>(
      tx,
      `select p.id as person, p.anonymized_at, p.merged_into_id, p.created_at as person_since,
            case when ${ON_ROSTER} then 1 else 0 end as on_roster, ${RECORD_COLUMNS}
       from participants p
       left join presence_records r on r.organization_id = p.organization_id and r.session_id = :session and r.participant_id = p.id
       ${RECORD_JOINS}
      where p.organization_id = :organization and p.id in (:participants)
      order by p.id ${lockingRows(tx, 'p', 'share')} ${lockingRows(tx, 'r')}`,
      { ...rosterValues(roster), participants: participants.slice(at, at + 1000) },
    );
    for (const row of rows) {
      const person = Number(row.person);
      if (row.id !== null) cells.set(person, row);
      standings.set(person, {
        onRoster: Number(row.on_roster) === 1,
        moved: false,
        erased: row.anonymized_at !== null,
        merged: row.merged_into_id !== null,
        createdAt: instant(row.person_since),
      });
    }
  }
  const missing = [...standings].filter(([, standing]) => !standing.onRoster).map(([id]) => id);
  for (const id of await expectedElsewhere(tx, roster, missing)) standings.get(id)!.moved = true;
  return { cells, standings };
}

interface PersonRow {
  person: number;
  anonymized_at: unknown;
  merged_into_id: number | null;
  person_since: number | string;
  on_roster: number;
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
