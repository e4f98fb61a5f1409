import { type EntityManager } from '@mikro-orm/core';
import { readAside } from '../../platform/database/read.js';

/** Whether participant `m` is a member of the group of session day `d` on its day. */
const ON_DAY = `m.organization_id = d.organization_id and m.group_id = d.group_id
  and m.joined_on <= d.day and (m.left_on is null or m.left_on >= d.day)`;

/**
 * The two sets are not made, but counted: who has a cell, and the members who have none. Cells of people who were merged
 * into others are taken out again, and cells without a state are no marks; both are few, and have an index.
 */
const COUNTED = `select q.session_id, sum(q.people) as people, sum(q.marked) as marked from (
  select c.session_id, count(*) as people, count(*) as marked from presence_records c
   where c.organization_id = :organization and c.session_id in (:sessions) group by c.session_id
  union all
  select c.session_id, 0, -count(*) from presence_records c
   where c.organization_id = :organization and c.presence_state_id is null and +c.session_id in (:sessions)
   group by c.session_id
  union all
  select d.session_id, -count(*), -count(c.presence_state_id)
    from participants k
    join presence_records c on c.organization_id = k.organization_id and c.participant_id = k.id
    join session_days d on d.organization_id = c.organization_id and d.session_id = c.session_id
   where k.organization_id = :organization and k.merged_into_id is not null and d.session_id in (:sessions)
     and not exists (select 1 from group_memberships m where ${ON_DAY} and m.participant_id = k.id)
   group by d.session_id
  union all
  select d.session_id, count(*) - count(r.participant_id), 0
    from session_days d
    join sessions x on x.organization_id = d.organization_id and x.id = d.session_id
    join group_memberships m on ${ON_DAY}
    left join presence_records r on r.organization_id = d.organization_id and r.session_id = d.session_id
     and r.participant_id = m.participant_id
   where d.organization_id = :organization and d.session_id in (:sessions)
     and (d.day < :today or x.register_completed_at is not null or exists (
       select 1 from participants a where a.organization_id = m.organization_id and a.id = m.participant_id and a.is_active = :yes))
   group by d.session_id) q
  join session_days d on d.organization_id = :organization and d.session_id = q.session_id and d.day is not null
 group by q.session_id`;

/** Sessions of one statement. */
const AT_ONCE = 500;

/**
 * How many people are on the registers of sessions, and for how many of them nobody has said anything: the direct members
 * of the group on the session's day and everybody with a cell there, as the roll call has them (presence/roster.ts).
 * @param today the organization's day: from registers that are over nobody is taken any more
 * @returns by session; of sessions that are cancelled, nothing
 */
export async function registersOf(
  em: EntityManager,
  sessions: number[],
  today: string,
): Promise<Map<number, { people: number; unmarked: number }>> {
  const found = new Map<number, { people: number; unmarked: number }>();
  for (let at = 0; at < sessions.length; at += AT_ONCE) {
    const rows = await readAside<{ session_id: number; people: number; marked: number }>(em, COUNTED, {
      sessions: sessions.slice(at, at + AT_ONCE),
      today,
      yes: true,
    });
    for (const row of rows)
      found.set(Number(row.session_id), {
        people: Number(row.people),
        unmarked: Number(row.people) - Number(row.marked),
      });
  }
  return found;
}
