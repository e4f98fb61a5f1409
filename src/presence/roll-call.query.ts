import { type EntityManager } from '@mikro-orm/core';
import { read } from '../platform/database/read.js';
import { disputesOf, type Dispute } from './disputes.query.js';
import { RECORD_COLUMNS, RECORD_JOINS, recordJson, type RecordJson, type RecordRow } from './record-json.js';
import { ROSTER, rosterValues, type RosterOf } from './roster.js';

/** One person of a register as the page shows it. */
export interface RollCallRow {
  id: number;
  first_name: string;
  last_name: string;
  identifier: string | null;
  /** 0 while nobody marked this person. */
  revision: number;
  state: string | null;
  state_label: string | null;
  has_note: boolean;
  /** Who says otherwise, while nobody has decided. */
  dispute: Dispute | null;
}

interface Row {
  id: number;
  first_name: string;
  last_name: string;
  identifier: string | null;
  revision: number | null;
  state: string | null;
  state_label: string | null;
  has_note: number | null;
  disputed: number | boolean | null;
}

/**
 * The register of one session in the order of names: one statement whatever the size, and one more when somebody's mark
 * is disputed.
 * @param participant only this one
 */
export async function rollCall(em: EntityManager, roster: RosterOf, participant?: number): Promise<RollCallRow[]> {
  const rows = await read<Row>(
    em,
    `with ${ROSTER}
     select p.id, p.first_name, p.last_name, p.identifier, r.revision, s.code as state, s.label as state_label,
            case when r.note is null then 0 else 1 end as has_note, r.disputed
       from people q join participants p on p.organization_id = :organization and p.id = q.id
       left join presence_records r
         on r.organization_id = :organization and r.session_id = :session and r.participant_id = q.id
       left join presence_states s on s.organization_id = :organization and s.id = r.presence_state_id
      ${participant === undefined ? '' : 'where p.id = :participant'}
      order by p.sort_name, p.id`,
    participant === undefined ? rosterValues(roster) : { ...rosterValues(roster), participant },
  );
  const disputes = rows.some((row) => row.disputed)
    ? await disputesOf(em, roster.session, participant)
    : new Map<number, Dispute>();
  return rows.map((row) => ({
    id: Number(row.id),
    first_name: row.first_name,
    last_name: row.last_name,
    identifier: row.identifier,
    revision: row.revision ?? 0,
    state: row.state,
    state_label: row.state_label,
    has_note: row.has_note === 1,
    dispute: row.disputed ? (disputes.get(Number(row.id)) ?? { conflict: null, others: [] }) : null,
  }));
}

/** How many have which state, by code; how many are on the register in all, and of how many the mark is disputed. */
export async function tallyOf(
  em: EntityManager,
  roster: RosterOf,
): Promise<{ byCode: Map<string, number>; total: number; disputed: number }> {
  const rows = await read<{ code: string | null; people: number; disputed: number }>(
    em,
    `with ${ROSTER}
     select s.code, count(*) as people, sum(case when r.disputed = :yes then 1 else 0 end) as disputed
       from people q
       left join presence_records r
         on r.organization_id = :organization and r.session_id = :session and r.participant_id = q.id
       left join presence_states s on s.organization_id = :organization and s.id = r.presence_state_id
      group by s.code`,
    rosterValues(roster),
  );
  const byCode = new Map<string, number>();
  let total = 0;
  let disputed = 0;
  for (const row of rows) {
    total += Number(row.people);
    disputed += Number(row.disputed);
    if (row.code !== null) byCode.set(row.code, Number(row.people));
  }
  return { byCode, total, disputed };
}

export interface RosterEntry {
  participant: { id: number; first_name: string; last_name: string; identifier: string | null };
  presence: RecordJson | null;
}

/** The register with whole records, as programs see it. */
export async function rosterEntries(em: EntityManager, roster: RosterOf): Promise<RosterEntry[]> {
  const rows = await read<
    RecordRow & { person_id: number; first_name: string; last_name: string; identifier: string | null }
  >(
    em,
    `with ${ROSTER}
     select p.id as person_id, p.first_name, p.last_name, p.identifier, ${RECORD_COLUMNS}
       from people q join participants p on p.organization_id = :organization and p.id = q.id
       left join presence_records r
         on r.organization_id = :organization and r.session_id = :session and r.participant_id = q.id
       ${RECORD_JOINS}
      order by p.sort_name, p.id`,
    rosterValues(roster),
  );
  return rows.map((row) => ({
    participant: {
      id: Number(row.person_id),
      first_name: row.first_name,
      last_name: row.last_name,
      identifier: row.identifier,
    },
    presence: row.id === null ? null : recordJson(row),
  }));
}
