import { clock } from '../platform/clock.js';
import { type SignedInUser } from '../auth/index.js';
import { type Session } from '../sessions/index.js';
import { dayOf } from '../tenancy/index.js';
import { type RosterOf } from './roster.js';

/** Completed, or of a day that is over in the organization's time zone. */
function isClosed(session: Session, me: SignedInUser): boolean {
  const { timeZone } = me.organization;
  return !!session.registerCompletedAt || dayOf(session.scheduledStartAt, timeZone) < dayOf(clock.now(), timeZone);
}

/** @returns whose register this is: the session, its group, and its local day in the organization's time zone */
export function rosterOf(session: Session, me: SignedInUser): RosterOf {
  return {
    session: session.id,
    group: session.group,
    day: dayOf(session.scheduledStartAt, me.organization.timeZone),
    closed: isClosed(session, me),
  };
}
