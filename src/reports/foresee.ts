import { type EntityManager } from '@mikro-orm/core';
import { instant, readAside } from '../platform/database/read.js';
import { latenessRule, type LatenessRule } from '../presence/index.js';
import { type Consequence, dayOf, foreseeChanges } from '../tenancy/index.js';
import { isLate } from './kinds/late-arrivals.js';

/** Before a setting is saved that figures depend on: how many marks of the past would be told otherwise. */
foreseeChanges(async (em, organization, { grace_minutes, time_zone }) => {
  const told: Consequence[] = [];
  const rule = await latenessRule(em, organization);
  if (grace_minutes !== undefined && grace_minutes !== rule.grace) {
    const { more, less } = await ifLate(em, rule, { ...rule, grace: grace_minutes });
    if (more + less > 0)
      told.push({
        message:
          'With a grace of {minutes} min, the minutes late of {count} of the marks would change: {less} would be 0, {more} would not be 0 any more. No mark changes its state.',
        params: { minutes: grace_minutes, count: more + less, less, more },
      });
  }
  if (time_zone !== undefined && time_zone !== organization.timeZone) {
    const count = await ifZone(em, organization.timeZone, time_zone);
    if (count > 0)
      told.push({
        message: 'By the clocks of {zone}, {count} of the marks would count on another day.',
        params: { zone: time_zone, count },
      });
  }
  return told;
});

async function ifLate(
  em: EntityManager,
  before: LatenessRule,
  after: LatenessRule,
): Promise<{ more: number; less: number }> {
  const [was, will] = [isLate(em, before).sql, isLate(em, after).sql];
  const [row] = await readAside<{ less: number | null; more: number | null }>(
    em,
    `select sum(case when (${was}) and not (${will}) then 1 else 0 end) as less,
            sum(case when (${will}) and not (${was}) then 1 else 0 end) as more
       from session_days d
       join sessions x on x.organization_id = d.organization_id and x.id = d.session_id
       join presence_records r on r.organization_id = d.organization_id and r.session_id = d.session_id
       join presence_states s on s.organization_id = r.organization_id and s.id = r.presence_state_id
      where d.organization_id = :organization and d.day is not null and s.category in ('late', 'present')`,
  );
  return { less: Number(row!.less ?? 0), more: Number(row!.more ?? 0) };
}

async function ifZone(em: EntityManager, before: string, after: string): Promise<number> {
  const sessions = await readAside<{ starts_at: number | string; marks: number }>(
    em,
    `select x.scheduled_start_at as starts_at, count(*) as marks
       from session_days d
       join sessions x on x.organization_id = d.organization_id and x.id = d.session_id
       join presence_records r on r.organization_id = d.organization_id and r.session_id = d.session_id
      where d.organization_id = :organization and d.day is not null and r.presence_state_id is not null
      group by x.id, x.scheduled_start_at`,
  );
  return sessions.reduce((sum, { starts_at, marks }) => {
    const at = instant(starts_at);
    return dayOf(at, before) === dayOf(at, after) ? sum : sum + Number(marks);
  }, 0);
}
