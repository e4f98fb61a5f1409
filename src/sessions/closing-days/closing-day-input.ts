import { z } from 'zod';
import { dateText, flag, id, text } from '../../platform/http/parse.js';
import { invalid } from '../../platform/http/problem.js';
import { addDays } from '../../tenancy/index.js';
import { type ClosingDay } from '../closing-day.entity.js';

const day = dateText.refine((value) => value >= '1900-01-02' && value < '2199-12-30', {
  error: 'This year is out of reach.',
});
/** A closing day that lasts longer is a slip of the pen. */
const MOST_DAYS = 400;

/** Days on which nothing takes place, both inclusive: for everybody, or for a group and those below it. */
export const NewClosingDay = z
  .strictObject({
    name: text(255),
    from_on: day,
    to_on: day.optional(),
    group_id: id.nullable().optional(),
    /** Whether the sessions that stand on these days are cancelled at once. */
    cancel_sessions: flag.optional(),
  })
  .meta({ id: 'NewClosingDay' });
export type NewClosingDay = z.output<typeof NewClosingDay>;

/** What may be changed: absent is unchanged, null clears. */
export const ClosingDayChange = z
  .strictObject({
    name: text(255).optional(),
    from_on: day.optional(),
    to_on: day.optional(),
    group_id: id.nullable().optional(),
    cancel_sessions: flag.optional(),
    /** Whether sessions that were cancelled for it and are outside of its days now take place again. */
    revive_sessions: flag.optional(),
  })
  .meta({ id: 'ClosingDayChange' });
export type ClosingDayChange = z.output<typeof ClosingDayChange>;

/** What a person types: an empty last day is the first one, an empty group is everybody. */
export const ClosingDayForm = z.object({
  name: text(255),
  from_on: day,
  to_on: z.preprocess((value) => (value === '' ? undefined : value), day.optional()),
  group_id: z.preprocess((value) => (value === '' || value === undefined ? null : value), id.nullable()),
});

/** `?revive_sessions=true`: what was cancelled for the removed day takes place again. */
export const RemoveQuery = z.object({ revive_sessions: flag.optional() });
export const ClosingDayFilters = { from: day.optional(), to: day.optional(), group_id: id.optional() };

/** @throws Problem 422 unless the days are in order */
export function refuseImpossibleDays(from: string, to: string): void {
  if (to < from) throw invalid('to_on', 'The last day lies before the first one.');
  if (to > addDays(from, MOST_DAYS))
    throw invalid('to_on', 'At most {max} days fit into one.', 'invalid', { max: MOST_DAYS });
}

/** A closing day as programs see it. */
export const closingDayJson = (closing: ClosingDay) => ({
  id: closing.id,
  name: closing.name,
  from_on: closing.fromOn,
  to_on: closing.toOn,
  group_id: closing.group ?? null,
  created_at: closing.createdAt.toISOString(),
  updated_at: closing.updatedAt.toISOString(),
});
