import { z } from 'zod';
import { invalid } from '../platform/http/problem.js';
import { addDays } from '../tenancy/index.js';
import { endOfDay, partsOf } from './recurrence.js';

export const WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const;
/** How a form says that something repeats. `kept`: as the series does now. */
export const REPEATS = ['never', 'kept', 'daily', 'weekly', 'monthly_date', 'monthly_weekday'] as const;

const whole = (max: number, message: string) =>
  z
    .string()
    .trim()
    .regex(/^\d{1,4}$/, message)
    .transform(Number)
    .pipe(z.number().min(1, message).max(max, message));
const absent = (value: unknown) => (value === '' ? undefined : value);

/** The part of a form that says when a session repeats: plain fields, all of them always there. */
export const RepeatForm = z
  .object({
    repeat: z.enum(REPEATS, { error: 'Choose how it repeats.' }).default('never'),
    every: z.preprocess(absent, whole(99, 'Give a whole number from 1 to 99.').default(1)),
    weekdays: z.preprocess((value) => [value].flat().filter(Boolean), z.array(z.enum(WEEKDAYS))),
    ends: z.enum(['until', 'count', 'open'], { error: 'Choose how it ends.' }).default('open'),
    until: z.preprocess(absent, z.iso.date({ error: 'Give a day.' }).optional()),
    count: z.preprocess(absent, whole(1000, 'Give a whole number from 1 to 1000.').optional()),
  })
  .superRefine((form, context) => {
    if (form.repeat === 'never' || form.repeat === 'kept') return;
    const missing = form.ends === 'until' ? 'until' : 'count';
    if (form.ends !== 'open' && form[missing] === undefined)
      context.addIssue({
        code: 'custom',
        path: [missing],
        message: 'This field is needed.',
        params: { code: 'required' },
      });
  });
export type RepeatForm = z.output<typeof RepeatForm>;

/** The fields of the form, for a page that carries them on. */
export const REPEAT_FIELDS = ['repeat', 'every', 'weekdays', 'ends', 'until', 'count'] as const;

/**
 * @param date the day of the first session: it decides what "the same day of the month" is
 * @returns the rule that was chosen; null when none was
 * @throws Problem 422 on `until` when it ends before it begins
 */
export function ruleOf(form: RepeatForm, date: string, timeZone: string): string | null {
  const first = Temporal.PlainDate.from(date);
  const weekday = WEEKDAYS[first.dayOfWeek - 1]!;
  const parts: string[] = [];
  if (form.repeat === 'daily') parts.push('FREQ=DAILY');
  else if (form.repeat === 'weekly')
    parts.push('FREQ=WEEKLY', `BYDAY=${form.weekdays.length > 0 ? form.weekdays.join(',') : weekday}`);
  else if (form.repeat === 'monthly_date') parts.push('FREQ=MONTHLY', `BYMONTHDAY=${first.day}`);
  else if (form.repeat === 'monthly_weekday') {
    // Not every month has a fifth one: that means the last.
    const nth = Math.ceil(first.day / 7);
    parts.push('FREQ=MONTHLY', `BYDAY=${nth > 4 ? -1 : nth}${weekday}`);
  } else return null;
  if (form.every > 1) parts.push(`INTERVAL=${form.every}`);
  if (form.ends === 'until' && form.until! < date) throw invalid('until', 'The last day lies before the first one.');
  if (form.ends === 'until') parts.push(`UNTIL=${endOfDay(form.until!, timeZone)}`);
  if (form.ends === 'count') parts.push(`COUNT=${form.count}`);
  return parts.join(';');
}

/** A rule as a page tells it and as its form begins with it; `freq` is null when it is more than that form can say. */
export function shapeOf(rule: string, timeZone: string) {
  const parts = partsOf(rule);
  const freq = parts.get('FREQ')!;
  const days = parts.get('BYDAY')?.split(',') ?? [];
  const known = new Set(['FREQ', 'INTERVAL', 'COUNT', 'UNTIL', 'BYDAY', 'WKST']);
  const simple = [...parts.keys()].every((name) => known.has(name)) && days.every((each) => each.length === 2);
  const until = parts.get('UNTIL')?.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
  return {
    rule,
    freq: simple && (freq === 'WEEKLY' || (freq === 'DAILY' && days.length === 0)) ? freq : null,
    every: Number(parts.get('INTERVAL') ?? 1),
    weekdays: days,
    count: parts.has('COUNT') ? Number(parts.get('COUNT')) : null,
    until: until ? Temporal.Instant.from(until).toZonedDateTimeISO(timeZone).toPlainDate().toString() : null,
  };
}

/** What a new form offers: nothing repeats; if it did, on its own weekday, for half a year. */
export const blankRepeat = (date: string) => ({
  repeat: 'never',
  every: '1',
  weekdays: [WEEKDAYS[Temporal.PlainDate.from(date).dayOfWeek - 1]!],
  ends: 'until',
  until: addDays(date, 182),
  count: '',
});
