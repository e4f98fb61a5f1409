const MINUTE_MS = 60_000;

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
 * @param grace minutes after the start in which nobody is late
 * @returns null where lateness says nothing (absent, excused, not marked) or is not known
 */
export function lateMinutes(mark: Arrival, session: { start: Date; end: Date }, grace: number): number | null {
  if (mark.category !== 'late' && !(mark.category === 'present' && mark.arrived_at)) return null;
  const at = new Date(mark.arrived_at ?? mark.recorded_at);
  if (!mark.arrived_at && (at > session.end || at < session.start)) return null;
  const minutes = Math.floor((at.getTime() - session.start.getTime()) / MINUTE_MS);
  return minutes <= grace ? 0 : minutes;
}
