import { RRuleTemporal } from 'rrule-temporal';
import { invalid } from '../platform/http/problem.js';
import { addDays, instantOf, localOf } from '../tenancy/index.js';

/** A rule is followed for so many days from its first start; one without an end is kept planned so far ahead. */
export const MOST_DAYS = 400;
/** And for so many dates. */
export const MOST_DATES = 1000;

/** When something repeats: an RRULE (RFC 5545), read by the wall clock of a time zone. */
export interface Recurrence {
  /** As parseRule() gives it. */
  recurrence: string;
  /** The first start by the wall clock: `2026-11-20T09:00`. Its time is that of every date. */
  localStart: string;
  timeZone: string;
}

/** One date of a rule. */
export interface Occurrence {
  day: string;
  /** Wall-clock time, as the rule gives it; a clock change may skip it. */
  local: string;
  at: Date;
}

const list = (each: string) => new RegExp(`^${each}(,${each}){0,60}$`);
const PARTS: Record<string, RegExp> = {
  FREQ: /^(DAILY|WEEKLY|MONTHLY|YEARLY)$/,
  INTERVAL: /^[1-9]\d{0,2}$/,
  COUNT: /^[1-9]\d{0,8}$/,
  UNTIL: /^\d{8}(T\d{6}Z?)?$/,
  BYDAY: list('([+-]?[1-9]\\d?)?(MO|TU|WE|TH|FR|SA|SU)'),
  BYMONTHDAY: list('[+-]?([1-9]|[12]\\d|3[01])'),
  BYMONTH: list('([1-9]|1[0-2])'),
  BYYEARDAY: list('[+-]?[1-9]\\d{0,2}'),
  BYWEEKNO: list('[+-]?[1-9]\\d?'),
  BYSETPOS: list('[+-]?[1-9]\\d{0,2}'),
  WKST: /^(MO|TU|WE|TH|FR|SA|SU)$/,
};

const FIELD = 'recurrence';
const NO_RULE = 'This is no rule of RFC 5545, for example FREQ=WEEKLY;BYDAY=MO,WE;COUNT=10.';

type Parts = Map<string, string>;
const written = (parts: Parts): string => [...parts].map(([name, value]) => `${name}=${value}`).join(';');
/** @returns the parts of a rule by name, in their order */
export const partsOf = (rule: string): Parts =>
  new Map(rule.split(';').map((part) => part.split('=', 2) as [string, string]));

/**
 * Reads a rule. It may repeat by day, week, month or year; the time of day is that of the first start, so it knows no
 * hours. UNTIL is kept as the end of its local day.
 * @param text the value of an RRULE, with or without that word
 * @throws Problem 422 on `recurrence`
 */
export function parseRule(text: string, start: Omit<Recurrence, 'recurrence'>): string {
  const rule = text
    .trim()
    .toUpperCase()
    .replace(/^RRULE:/, '')
    .replace(/;$/, '');
  if (rule.length > 400) throw invalid(FIELD, 'This rule is too long.', 'too_long');
  const parts: Parts = new Map();
  for (const part of rule.split(';')) {
    const [name = '', value = '', more] = part.split('=');
    if (/^(HOURLY|MINUTELY|SECONDLY)$/.test(value) || /^BY(HOUR|MINUTE|SECOND)$/.test(name))
      throw invalid(FIELD, 'A rule repeats by day, week, month or year; the time is that of the beginning.');
    if (more !== undefined || parts.has(name) || !PARTS[name]?.test(value)) throw invalid(FIELD, NO_RULE);
    parts.set(name, value);
  }
  if (!parts.has('FREQ')) throw invalid(FIELD, NO_RULE);
  if (parts.has('COUNT') && parts.has('UNTIL')) throw invalid(FIELD, 'A rule ends by COUNT or by UNTIL, not by both.');
  if (parts.has('UNTIL')) parts.set('UNTIL', endOfDay(lastDay(parts.get('UNTIL')!, start), start.timeZone));
  const parsed = written(parts);
  // What no pattern sees (1MO in a week, BYSETPOS alone) the library refuses.
  try {
    new RRuleTemporal({ rruleString: `DTSTART:20270101T000000Z\nRRULE:${parsed}`, strict: true });
  } catch {
    throw invalid(FIELD, NO_RULE);
  }
  return parsed;
}

/** The last local day on which a date may lie. UNTIL is a moment: a day whose start lies after it is not reached. */
function lastDay(until: string, start: Omit<Recurrence, 'recurrence'>): string {
  const [, year, month, day, time] = /^(\d{4})(\d\d)(\d\d)(T.*)?$/.exec(until)!;
  const date = `${year}-${month}-${day}`;
  try {
    if (!time) return Temporal.PlainDate.from(date, { overflow: 'reject' }).toString();
    const clock = `${time.slice(1, 3)}:${time.slice(3, 5)}:${time.slice(5, 7)}`;
    const local = time.endsWith('Z')
      ? localOf(new Date(Temporal.Instant.from(`${date}T${clock}Z`).epochMilliseconds), start.timeZone)
      : Temporal.PlainDateTime.from(`${date}T${clock}`, { overflow: 'reject' }).toString().slice(0, 16);
    return local.slice(11) < start.localStart.slice(11) ? addDays(local.slice(0, 10), -1) : local.slice(0, 10);
  } catch {
    throw invalid(FIELD, NO_RULE);
  }
}

/** @returns the last second of a local day as a rule writes it: 20270630T215959Z */
export function endOfDay(day: string, timeZone: string): string {
  const end = instantOf(`${day}T23:59:59`, timeZone);
  return end.toISOString().slice(0, 19).replace(/[-:]/g, '') + 'Z';
}

/** @returns the rule with another end, or with none */
export function endingWith(rule: string, end: { UNTIL?: string; COUNT?: string }): string {
  const parts = partsOf(rule);
  parts.delete('UNTIL');
  parts.delete('COUNT');
  for (const [name, value] of Object.entries(end)) parts.set(name, value);
  return written(parts);
}

const WEEK = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];

/**
 * A rule whose every date is moved by so many days: a week's days turn, days that follow from the start move with it.
 * @returns null when the rule names days that cannot be moved so (the last Friday, the 31st)
 */
export function movedBy(rule: string, days: number): string | null {
  const parts = partsOf(rule);
  const byDay = parts.get('BYDAY');
  if (byDay && parts.get('FREQ') === 'WEEKLY' && !parts.has('BYSETPOS'))
    parts.set(
      'BYDAY',
      byDay.replace(/[A-Z]{2}/g, (each) => WEEK[(((WEEK.indexOf(each) + days) % 7) + 7) % 7]!),
    );
  else if ([...parts.keys()].some((name) => name.startsWith('BY'))) return null;
  return written(parts);
}

/** Local days between which dates are asked for: `from` is the first of them, `to` the one after the last. */
export interface Window {
  from: string;
  to: string;
}

/** @returns the days for which a rule is followed when it is planned: MOST_DAYS from its first start */
export function firstWindow({ localStart }: Recurrence): Window {
  const from = localStart.slice(0, 10);
  return { from, to: addDays(from, MOST_DAYS) };
}

/** @returns whether a rule goes on for ever */
export const isOpen = (rule: string): boolean => !partsOf(rule).has('UNTIL') && !partsOf(rule).has('COUNT');

/**
 * The dates of a rule within some days, at most one more than MOST_DATES of them. The rule is followed by the wall clock
 * and only then turned into instants: each keeps its local time, and one that a clock change skips moves forward.
 */
export function occurrencesOf(series: Recurrence, window: Window = firstWindow(series)): Occurrence[] {
  const found: Occurrence[] = [];
  ruleOf(series, window.to).all((date) => {
    const local = String(date).slice(0, 16);
    const day = local.slice(0, 10);
    if (day >= window.to || found.length > MOST_DATES) return false;
    if (day >= window.from) found.push({ day, local, at: instantOf(local, series.timeZone) });
    return true;
  });
  return found;
}

/** The library follows the rule in a zone without clock changes, on the wall clock's own figures. */
function ruleOf({ recurrence, localStart, timeZone }: Recurrence, end: string): RRuleTemporal<Temporal.ZonedDateTime> {
  const parts = partsOf(recurrence);
  const until = parts.get('UNTIL');
  const start = `${localStart.replace(/[-:]/g, '')}00Z`;
  // Also beside a COUNT: a rule that never comes true is not looked for beyond.
  const horizon = `${end.replaceAll('-', '')}T000000Z`;
  parts.set('UNTIL', horizon);
  if (until) {
    const iso = until.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
    const wall = `${localOf(new Date(iso), timeZone).replace(/[-:]/g, '')}59Z`;
    parts.set('UNTIL', wall < horizon ? wall : horizon);
  }
  return new RRuleTemporal<Temporal.ZonedDateTime>({
    rruleString: `DTSTART:${start}\nRRULE:${written(parts)}`,
    temporal: Temporal,
    cache: false,
  });
}
