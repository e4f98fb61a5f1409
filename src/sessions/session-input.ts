import { z } from 'zod';
import { extraData, id, instantText, optionalText, text } from '../platform/http/parse.js';
import { SCOPES } from './series-sessions.js';
import { invalid } from '../platform/http/problem.js';

// A recurrence is the value of an RRULE (RFC 5545); what it may say is judged with its start.
const optional = {
  recurrence: optionalText(500).optional(),
  location: optionalText(255).optional(),
  extra_data: extraData.nullable().optional(),
};

/** What a session is made of. Times carry an offset. */
export const NewSession = z
  .strictObject({
    group_id: id,
    name: text(255),
    scheduled_start_at: instantText,
    scheduled_end_at: instantText,
    ...optional,
  })
  .meta({ id: 'NewSession' });
export type NewSession = z.output<typeof NewSession>;

/** `?scope=`: which sessions of a series are meant. */
export const ScopeQuery = z.object({
  scope: z.enum(SCOPES, { error: 'Choose this, following or all.' }).default('this'),
});

/** What may be changed: absent is unchanged, null clears. `status` scheduled revives, cancelled cancels. */
export const SessionChange = z
  .strictObject({
    group_id: id.optional(),
    name: text(255).optional(),
    scheduled_start_at: instantText.optional(),
    scheduled_end_at: instantText.optional(),
    status: z
      .enum(['scheduled', 'running', 'ended', 'cancelled'], { error: 'Choose scheduled, running, ended or cancelled.' })
      .optional(),
    ...optional,
  })
  .meta({ id: 'SessionChange' });
export type SessionChange = z.output<typeof SessionChange>;

/** When it happened (absent: now) and why. A request without a body is fine. */
export const SessionAct = z.preprocess(
  (body) => body ?? {},
  z.strictObject({ at: instantText.optional(), reason: optionalText(2000).optional() }).meta({ id: 'SessionAct' }),
);
export type SessionAct = z.output<typeof SessionAct>;

/** @throws Problem 422 unless the end lies after the start */
export function refuseEndBeforeStart(start: Date, end: Date): void {
  if (end <= start) throw invalid('scheduled_end_at', 'The end must lie after the start.');
}

/** Keeps the reason of an act with the session, and so in the ledger; without one nothing changes. */
export const withReason = (
  kept: Record<string, unknown>,
  act: string,
  { reason }: { reason?: string | null | undefined },
): Record<string, unknown> => (reason ? { ...kept, [`${act}_reason`]: reason } : kept);
