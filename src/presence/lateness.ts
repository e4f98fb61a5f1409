import { type EntityManager } from '@mikro-orm/core';
import { read } from '../platform/database/read.js';
import { type OrganizationSettings, settingsOf } from '../tenancy/index.js';

const MINUTE_MS = 60_000;

/** When somebody counts as late. */
export interface LatenessRule {
  /** Minutes after the start in which nobody is late. */
  grace: number;
  /**
   * Whether a time of arrival alone makes somebody late. It does where one of the states in use says so; at a hotel's
   * breakfast, which has none, guests come when they like.
   */
  byArrival: boolean;
}

/** @returns the rule of the organization in whose name is read */
export async function latenessRule(
  em: EntityManager,
  organization: { settings: OrganizationSettings },
): Promise<LatenessRule> {
  const late = await read(
    em,
    `select s.id from presence_states s join organizations o on o.id = s.organization_id and o.domain_type = s.domain
      where s.organization_id = :organization and s.category = 'late' and s.is_active = :yes limit 1`,
    { yes: true },
  );
  return { grace: settingsOf(organization).grace_minutes, byArrival: late.length > 0 };
}

/** What lateness is counted from. */
export interface Arrival {
  category: string | null;
  arrived_at: string | null;
  /** The device's claim of when the mark was made. */
  recorded_at: string;
}

/**
 * How late somebody came, in whole minutes from the planned start; 0 within the grace. It counts from when he arrived
 * where that was noted; for somebody marked late without it, from when he was marked, if that was before the end.
 * @param session planned start and end
 * @returns null where lateness says nothing (absent, excused, not marked) or is not known
 */
export function lateMinutes(
  mark: Arrival,
  session: { start: Date; end: Date },
  { grace, byArrival }: LatenessRule,
): number | null {
  const isTold = mark.category === 'late' || (byArrival && mark.category === 'present' && mark.arrived_at !== null);
  if (!isTold) return null;
  const at = new Date(mark.arrived_at ?? mark.recorded_at);
  if (!mark.arrived_at && (at > session.end || at < session.start)) return null;
  const minutes = Math.floor((at.getTime() - session.start.getTime()) / MINUTE_MS);
  return minutes <= grace ? 0 : minutes;
}
