import { type EntityManager } from '@mikro-orm/core';
import { instant, read } from '../platform/database/read.js';
import { type StateCategory } from '../tenancy/index.js';
import { type PresenceState } from './presence-state.entity.js';
import { rateOf } from './statement.query.js';

/** What another category of a state would do to the figures of the past. Rates are shares from 0 to 1, or null. */
export interface StateFigures {
  /** Marks that have the state now. */
  marks: number;
  sessions: number;
  participants: number;
  /** When the first and the last of these sessions were planned, ISO text in UTC; null without a mark. */
  from: string | null;
  to: string | null;
  /** (present + late) / (present + late + absent) over every mark of the organization. */
  rate_before: number | null;
  rate_after: number | null;
}

/** @returns the figures as they are, and as they were if the state counted as `category` */
export async function ifCounted(
  em: EntityManager,
  state: Pick<PresenceState, 'id' | 'category'>,
  category: StateCategory,
): Promise<StateFigures> {
  const [own] = await read<{ marks: number; sessions: number; participants: number; first: any; last: any }>(
    em,
    `select count(*) as marks, count(distinct r.session_id) as sessions, count(distinct r.participant_id) as participants,
            min(s.scheduled_start_at) as first, max(s.scheduled_start_at) as last
       from presence_records r join sessions s on s.organization_id = r.organization_id and s.id = r.session_id
      where r.organization_id = :organization and r.presence_state_id = :state`,
    { state: state.id },
  );
  const rows = await read<{ category: StateCategory; marks: number }>(
    em,
    `select p.category, count(*) as marks from presence_records r
       join presence_states p on p.organization_id = r.organization_id and p.id = r.presence_state_id
      where r.organization_id = :organization group by p.category`,
  );
  const before = new Map(rows.map((row) => [row.category, Number(row.marks)]));
  const after = new Map(before);
  const marks = Number(own!.marks);
  after.set(state.category, (after.get(state.category) ?? 0) - marks);
  after.set(category, (after.get(category) ?? 0) + marks);
  const iso = (value: any) => instant(value as number | string | Date | null)?.toISOString() ?? null;
  return {
    marks,
    sessions: Number(own!.sessions),
    participants: Number(own!.participants),
    from: iso(own!.first),
    to: iso(own!.last),
    rate_before: rateOf(Object.fromEntries(before)),
    rate_after: rateOf(Object.fromEntries(after)),
  };
}
