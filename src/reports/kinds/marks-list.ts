import { type EntityManager } from '@mikro-orm/core';
import { joinInOrder } from '../../platform/database/dialect.js';
import { instant, readAside } from '../../platform/database/read.js';
import { type StateCategory } from '../../tenancy/index.js';
import { type Asked } from '../asked.js';
import { marksOf } from '../figures.js';
import { type Slice } from '../report.js';
import { type Condition, DAY_OF_FOUND, marksInScope, marksOfScope } from '../scope.js';
import { countMarks } from '../tallies/count-marks.query.js';

/** One mark with everything that a list says about it. */
export interface ListedMark {
  id: number;
  participantId: number;
  firstName: string;
  lastName: string;
  identifier: string | null;
  sessionId: number;
  session: string;
  groupId: number;
  group: string;
  startsAt: Date;
  endsAt: Date;
  day: string;
  code: string;
  label: string;
  category: StateCategory;
  note: string | null;
  reason: string | null;
  arrivedAt: Date | null;
  leftAt: Date | null;
  recordedAt: Date;
  disputed: boolean;
}

type RawTime = number | string;
type Row = Record<'id' | 'participant_id' | 'session_id' | 'group_id', number> &
  Record<'first_name' | 'last_name' | 'session' | 'group_name' | 'day' | 'code' | 'label', string> &
  Record<'identifier' | 'note' | 'reason', string | null> &
  Record<'starts_at' | 'ends_at' | 'recorded_at', RawTime> &
  Record<'arrived_at' | 'left_at', RawTime | null> & { category: StateCategory; disputed: number | boolean };

const COLUMNS = `r.id, r.participant_id, p.first_name, p.last_name, p.identifier, d.session_id, x.name as session,
  d.group_id, g.name as group_name, x.scheduled_start_at as starts_at, x.scheduled_end_at as ends_at, d.day, s.code,
  s.label, s.category, r.note, r.reason, r.arrived_at, r.left_at, r.recorded_at, r.disputed`;

/** One person's marks are found by the person, everybody's by the days. */
const tablesFor = (em: EntityManager, { participant }: Asked): string => {
  const same = 'r.organization_id = d.organization_id and r.session_id = d.session_id';
  const sessions = `join sessions x on x.organization_id = d.organization_id and x.id = d.session_id
    join \`groups\` g on g.organization_id = d.organization_id and g.id = d.group_id`;
  return `${
    participant === null
      ? `session_days d ${sessions} join presence_records r on ${same}`
      : `presence_records r ${joinInOrder(em)} session_days d on ${same} ${sessions}`
  }
    join presence_states s on s.organization_id = r.organization_id and s.id = r.presence_state_id
    join participants p on p.organization_id = r.organization_id and p.id = r.participant_id`;
};

const dayFor = ({ participant }: Asked): string => (participant === null ? 'd.day' : DAY_OF_FOUND);

/**
 * Marks of a question, the newest day first. On which days they lie is known from the tallies, so only these days are
 * looked into: whichever page, and however few there are among a million.
 * `disputed` is of all marks of the question, whichever page, before a rule narrows them.
 * @param rule narrows them further, over the tables of the list; then only that there are more is known, not how many
 */
export async function listMarks(
  em: EntityManager,
  asked: Asked,
  { skip, take }: Slice,
  rule?: Condition,
): Promise<{ marks: ListedMark[]; total: number; isExact: boolean; disputed: number }> {
  const counts = await countMarks(em, marksOfScope(asked), ['day']);
  const byDay = new Map<string, number>();
  for (const count of counts) byDay.set(count.day!, marksOf(count));
  const days = [...byDay].sort(([a], [b]) => (a < b ? 1 : -1));
  const total = days.reduce((sum, [, marks]) => sum + marks, 0);
  const disputed = counts.reduce((sum, count) => sum + count.disputed, 0);
  const listed = rule ? sift(em, asked, days, { skip, take }, rule) : slice(em, asked, days, { skip, take }, total);
  return { ...(await listed), disputed };
}

async function slice(em: EntityManager, asked: Asked, days: [string, number][], { skip, take }: Slice, total: number) {
  let before = 0;
  let first = 0;
  while (first < days.length && before + days[first]![1] <= skip) before += days[first++]![1];
  let last = first;
  for (let sum = before; last < days.length && sum < skip + take; last++) sum += days[last]![1];
  if (first === last) return { marks: [], total, isExact: true };
  const marks = await marksOfDays(em, asked, days[last - 1]![0], days[first]![0], { skip: skip - before, take });
  return { marks, total, isExact: true };
}

/** Marks that are looked through at a time for those that a rule lets pass; more and more, where few do. */
const LOOKED_THROUGH = { first: 4000, most: 256_000 };

/** What stands before the slice is counted, not read: a late page costs no memory. */
async function sift(em: EntityManager, asked: Asked, days: [string, number][], { skip, take }: Slice, rule: Condition) {
  const marks: ListedMark[] = [];
  let before = 0;
  let through = LOOKED_THROUGH.first;
  for (let at = 0; at < days.length && marks.length <= take; through = Math.min(through * 2, LOOKED_THROUGH.most)) {
    const first = at;
    for (let sum = 0; at < days.length && sum < through; at++) sum += days[at]![1];
    const [from, to] = [days[at - 1]![0], days[first]![0]];
    const passed = before < skip ? await countOfDays(em, asked, from, to, rule) : Infinity;
    if (before + passed <= skip) {
      before += passed;
      continue;
    }
    const more = { skip: skip - before, take: take + 1 - marks.length };
    before = skip;
    marks.push(...(await marksOfDays(em, asked, from, to, more, rule)));
  }
  return { marks: marks.slice(0, take), total: before + marks.length, isExact: marks.length <= take };
}

async function countOfDays(
  em: EntityManager,
  asked: Asked,
  from: string,
  to: string,
  rule: Condition,
): Promise<number> {
  const day = dayFor(asked);
  const { sql, parameters } = marksInScope(asked, day);
  const [row] = await readAside<{ marks: number }>(
    em,
    `select count(*) as marks from ${tablesFor(em, asked)}
      where r.organization_id = :organization and ${sql} and ${day} >= :listed_from and ${day} <= :listed_to and ${rule.sql}`,
    { ...parameters, ...rule.parameters, listed_from: from, listed_to: to },
  );
  return Number(row!.marks);
}

async function marksOfDays(
  em: EntityManager,
  asked: Asked,
  from: string,
  to: string,
  { skip, take }: Slice,
  rule?: Condition,
): Promise<ListedMark[]> {
  const day = dayFor(asked);
  const { sql, parameters } = marksInScope(asked, day);
  const rows = await readAside<Row>(
    em,
    `select ${COLUMNS} from ${tablesFor(em, asked)}
      where r.organization_id = :organization and ${sql} and ${day} >= :listed_from and ${day} <= :listed_to ${rule ? `and ${rule.sql}` : ''}
      order by d.day desc, x.scheduled_start_at desc, d.session_id, p.sort_name, p.id limit :take offset :skip`,
    { ...parameters, ...rule?.parameters, listed_from: from, listed_to: to, take: Math.min(take, 1_000_000), skip },
  );
  return rows.map(markOf);
}

const markOf = (row: Row): ListedMark => ({
  id: Number(row.id),
  participantId: Number(row.participant_id),
  firstName: row.first_name,
  lastName: row.last_name,
  identifier: row.identifier,
  sessionId: Number(row.session_id),
  session: row.session,
  groupId: Number(row.group_id),
  group: row.group_name,
  startsAt: instant(row.starts_at),
  endsAt: instant(row.ends_at),
  day: row.day,
  code: row.code,
  label: row.label,
  category: row.category,
  note: row.note,
  reason: row.reason,
  arrivedAt: instant(row.arrived_at),
  leftAt: instant(row.left_at),
  recordedAt: instant(row.recorded_at),
  disputed: Boolean(row.disputed),
});
