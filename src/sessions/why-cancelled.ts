import { type Session } from './session.entity.js';

/**
 * Why a session is cancelled, where no person cancelled it alone. Kept in its extra_data, so that what brings the reason
 * to an end can bring back exactly these sessions.
 */
export interface WhyCancelled {
  /** The closing day for which it was cancelled. */
  closed_by?: number;
  /** The rule of its series was changed and has no such date any more. */
  replanned?: true;
  /** It was cancelled with others of its series, in the act of this id. */
  cancelled_in?: string;
  /** The calendar from which it was imported has it no more, or cancelled it. */
  left_calendar?: true;
}

const KEYS = ['closed_by', 'replanned', 'cancelled_in', 'left_calendar'];

export const withWhy = (extraData: Record<string, unknown>, why: WhyCancelled): Record<string, unknown> => ({
  ...withoutWhy(extraData),
  ...why,
});

/** The same data without a reason: what a session has when it takes place. */
export const withoutWhy = (extraData: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(extraData).filter(([name]) => !KEYS.includes(name)));

/** What a cancelled session was before: its start and end were kept. */
export const statusBefore = (session: Pick<Session, 'actualStartAt' | 'actualEndAt'>): Session['status'] =>
  session.actualEndAt ? 'ended' : session.actualStartAt ? 'running' : 'scheduled';
