import { type Session } from './session.entity.js';

/** A session as programs see it: the contract's object. */
export function sessionJson(session: Session) {
  const iso = (time: Date | null | undefined) => time?.toISOString() ?? null;
  return {
    id: session.id,
    group_id: session.group,
    name: session.name,
    location: session.location ?? null,
    scheduled_start_at: iso(session.scheduledStartAt),
    scheduled_end_at: iso(session.scheduledEndAt),
    actual_start_at: iso(session.actualStartAt),
    actual_end_at: iso(session.actualEndAt),
    status: session.status,
    locked: !!session.lockedAt,
    register_completed_at: iso(session.registerCompletedAt),
    series_id: session.seriesId ?? null,
    extra_data: session.extraData,
    created_at: iso(session.createdAt),
    updated_at: iso(session.updatedAt),
  };
}
