import { type ICommand } from '@nestjs/cqrs';
import { invalid } from '../platform/http/problem.js';
import { CancelSeries, ReviveSeries } from './cancel-series.js';
import { ChangeSeries } from './change-series.js';
import { ChangeSession } from './change-session.js';
import { type Scope } from './series-sessions.js';
import { type SessionChange } from './session-input.js';

/**
 * The act that a change asks for: of one session, or of its series. A session that repeats nothing is always alone.
 * @param repeats whether the session belongs to a series
 * @param expected the version that the asker has seen (If-Match)
 * @throws Problem 422 when a change of a whole series mixes its status with something else
 */
export function changeIn(
  scope: Scope,
  repeats: boolean,
  session: number,
  { status, ...plan }: SessionChange,
  expected: string | null,
): ICommand {
  if (scope === 'this' || !repeats) return new ChangeSession(session, { status, ...plan }, expected);
  if (status === undefined) return new ChangeSeries(session, scope, plan, expected);
  if (Object.values(plan).some((value) => value !== undefined))
    throw invalid('status', 'For several {sessions}, change the status by itself.');
  if (status === 'cancelled') return new CancelSeries(session, scope, expected);
  if (status === 'scheduled') return new ReviveSeries(session, scope, expected);
  throw invalid(
    'status',
    'The status scheduled brings it back and cancelled cancels it; start and end have their own address.',
  );
}
