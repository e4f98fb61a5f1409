import { type EntityManager } from '@mikro-orm/core';
import { inOwnGroups, ownGroupsParameters, type OwnGroups } from '../participants/index.js';
import { instant, read } from '../platform/database/read.js';
import { type StateCategory } from '../tenancy/index.js';
import { lateMinutes, type LatenessRule } from './lateness.js';

/** One session of a person, with the mark he has there. */
export interface StatementLine {
  session_id: number;
  session_name: string;
  group_name: string;
  starts_at: Date;
  state_label: string | null;
  color: string | null;
  category: StateCategory | null;
  note: string | null;
  arrived_at: Date | null;
  /** Whole minutes after the planned start; null where lateness says nothing. */
  late_minutes: number | null;
  revision: number;
  /** Somebody else says otherwise, and nobody has decided: the mark counts as it stands. */
  disputed: boolean;
}

interface Row extends Omit<StatementLine, 'starts_at' | 'disputed' | 'arrived_at' | 'late_minutes'> {
  starts_at: number | string;
  ends_at: number | string;
  arrived_at: number | string | null;
  recorded_at: number | string;
  disputed: number | boolean;
}

/**
 * The marks of one person, newest session first.
 * @param take at most so many, from the `skip`th on
 */
export async function statementOf(
  em: EntityManager,
  participant: number,
  own: OwnGroups,
  skip: number,
  take: number,
  lateness: LatenessRule,
): Promise<StatementLine[]> {
  const rows = await read<Row>(
    em,
    `select x.id as session_id, x.name as session_name, g.name as group_name, x.scheduled_start_at as starts_at,
            s.label as state_label, s.color, s.category, r.note, r.revision, r.disputed, r.arrived_at, r.recorded_at,
            x.scheduled_end_at as ends_at
       from presence_records r
       join sessions x on x.organization_id = r.organization_id and x.id = r.session_id
       join \`groups\` g on g.organization_id = x.organization_id and g.id = x.group_id
       left join presence_states s on s.organization_id = r.organization_id and s.id = r.presence_state_id
      where r.organization_id = :organization and r.participant_id = :participant and ${inOwnGroups(own, 'x.group_id')}
      order by x.scheduled_start_at desc, x.id desc limit :take offset :skip`,
    { ...ownGroupsParameters(own), participant, take, skip },
  );
  return rows.map(({ ends_at, recorded_at, ...row }) => {
    const [start, end] = [instant(row.starts_at), instant(ends_at)];
    const arrived = instant(row.arrived_at);
    const mark = {
      category: row.category,
      arrived_at: arrived?.toISOString() ?? null,
      recorded_at: instant(recorded_at).toISOString(),
    };
    return {
      ...row,
      session_id: Number(row.session_id),
      starts_at: start,
      arrived_at: arrived,
      late_minutes: lateMinutes(mark, { start, end }, lateness),
      disputed: Boolean(row.disputed),
    };
  });
}

/**
 * How many of a person's marks are in each category; unmarked cells are not counted. A disputed mark counts as it
 * stands, and `disputed` says how many of all these are.
 */
export async function marksByCategory(
  em: EntityManager,
  participant: number,
  own: OwnGroups,
): Promise<{ marks: Partial<Record<StateCategory, number>>; disputed: number }> {
  const rows = await read<{ category: StateCategory; marks: number; disputed: number }>(
    em,
    `select s.category, count(*) as marks, sum(case when r.disputed = :yes then 1 else 0 end) as disputed
       from presence_records r
       join sessions x on x.organization_id = r.organization_id and x.id = r.session_id
       join presence_states s on s.organization_id = r.organization_id and s.id = r.presence_state_id
      where r.organization_id = :organization and r.participant_id = :participant and x.status <> 'cancelled'
        and ${inOwnGroups(own, 'x.group_id')}
      group by s.category`,
    { ...ownGroupsParameters(own), participant, yes: true },
  );
  return {
    marks: Object.fromEntries(rows.map((row) => [row.category, Number(row.marks)])),
    disputed: rows.reduce((sum, row) => sum + Number(row.disputed), 0),
  };
}

/**
 * The attendance rate: (present + late) / (present + late + absent); excused, neutral and unmarked stay outside.
 * @returns 0 to 1, or null when nothing counts yet
 */
export function rateOf(marks: Partial<Record<StateCategory, number>>): number | null {
  const there = (marks.present ?? 0) + (marks.late ?? 0);
  const counted = there + (marks.absent ?? 0);
  return counted === 0 ? null : there / counted;
}
