import { z } from 'zod';
import { id as idText, optionalText, text } from '../platform/http/parse.js';
import { type Refusal } from '../platform/http/problem.js';
import { addDays, dayOf, instantOf, localOf } from '../tenancy/index.js';
import { type NewSession } from './session-input.js';
import { type Session } from './session.entity.js';

const day = z.iso.date({ error: 'Give a day.' }).refine((value) => value >= '1900-01-02' && value < '2199-12-30', {
  error: 'This year is out of reach.',
});
const time = z
  .string()
  .trim()
  .regex(/^([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/, 'Give a time, for example 09:30.')
  .transform((value) => (/^\d:/.test(value) ? `0${value}` : value).slice(0, 5));

/** What a person types: local day and times of the organization. An end that is not after the start is on the next day. */
export const SessionForm = z.object({
  group_id: idText.or(z.literal('').transform(() => undefined)).pipe(z.number({ error: 'Choose one.' })),
  name: text(255),
  location: optionalText(255).optional(),
  date: day,
  start: time,
  end: time,
  end_date: day.or(z.literal('')).optional(),
});

/**
 * @param input a parsed form
 * @returns what the use case takes: instants
 */
export function plannedSession(input: z.output<typeof SessionForm>, timeZone: string): NewSession {
  const nextDay = input.end < input.start ? addDays(input.date, 1) : input.date;
  return {
    group_id: input.group_id,
    name: input.name,
    location: input.location ?? null,
    scheduled_start_at: instantOf(`${input.date}T${input.start}`, timeZone),
    scheduled_end_at: instantOf(`${input.end_date || nextDay}T${input.end}`, timeZone),
  };
}

const FORM_FIELDS: Record<string, string> = { scheduled_start_at: 'start', scheduled_end_at: 'end' };

/** The refusals of the use case, at the fields of the form. */
export const atFormFields = (refusals: Refusal[]): Refusal[] =>
  refusals.map((each) => (each.field ? { ...each, field: FORM_FIELDS[each.field] ?? each.field } : each));

/** @returns a session as its form shows it; `end_date` only where the rule of the next day does not say it */
export function formOf(session: Session, timeZone: string) {
  const [start, end] = [localOf(session.scheduledStartAt, timeZone), localOf(session.scheduledEndAt, timeZone)];
  const [date, startTime] = [start.slice(0, 10), start.slice(11)];
  const [endDate, endTime] = [end.slice(0, 10), end.slice(11)];
  const usual = endTime < startTime ? addDays(date, 1) : date;
  return {
    group_id: session.group,
    name: session.name,
    location: session.location ?? '',
    date,
    start: startTime,
    end: endTime,
    end_date: endDate === usual ? '' : endDate,
  };
}

/** A new form: today at the next quarter of an hour, another day at nine; as long as the template. */
export function blankForm(
  now: Date,
  timeZone: string,
  wanted: { date?: string | undefined; minutes: number; start?: string | undefined },
) {
  const quarter = 15 * 60_000;
  const next = new Date(Math.ceil(now.getTime() / quarter) * quarter);
  const today = dayOf(next, timeZone);
  const date = wanted.date ?? today;
  const start = wanted.start ?? (date === today ? localOf(next, timeZone).slice(11) : '09:00');
  const end = localOf(new Date(instantOf(`${date}T${start}`, timeZone).getTime() + wanted.minutes * 60_000), timeZone);
  return { date, start, end: end.slice(11) };
}
