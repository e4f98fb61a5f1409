import { z } from 'zod';
import { dateText, flag, id } from '../../platform/http/parse.js';
import { addDays } from '../../tenancy/index.js';

const day = dateText.refine((value) => value >= '1900-01-10' && value < '2199-12-01', {
  error: 'This year is out of reach.',
});
/** So many weeks are filled at once. */
export const MOST_WEEKS = 30;

/** A week is named by any of its days. */
export const CopyWeekInput = z
  .strictObject({
    from: day,
    to: z.array(day).min(1, 'Name at least one week.').max(MOST_WEEKS, 'At most 30 weeks can be filled at once.'),
    group_id: id.nullable().optional(),
    dry_run: flag.optional(),
  })
  .meta({ id: 'CopyWeek' });
export type CopyWeekInput = z.output<typeof CopyWeekInput>;

const empty = (value: unknown) => (value === '' ? undefined : value);
/** What the page's form says: the first week to fill, and how many. */
export const CopyWeekForm = z
  .object({
    from: day,
    to: day,
    weeks: z.preprocess(
      empty,
      z
        .string()
        .regex(/^\d{1,2}$/, 'Give a whole number from 1 to 30.')
        .transform(Number)
        .pipe(
          z.number().min(1, 'Give a whole number from 1 to 30.').max(MOST_WEEKS, 'Give a whole number from 1 to 30.'),
        )
        .default(1),
    ),
    group_id: z.preprocess((value) => (value === '' ? null : value), id.nullable().optional()),
  })
  .transform(({ weeks, to, ...rest }): CopyWeekInput => ({
    ...rest,
    to: Array.from({ length: weeks }, (_, at) => addDays(to, at * 7)),
  }));

/** What a copy is known by: its first session and a random mark that all of them bear. */
export const CopyName = z.object({
  copy: z
    .string()
    .regex(/^[1-9]\d{0,14}\.[0-9a-f-]{36}$/, 'This is not a copy that was made here.')
    .transform((text) => ({ first: Number(text.split('.')[0]), mark: text.split('.')[1]! })),
});
