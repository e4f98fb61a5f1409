import { RRuleTemporal } from 'rrule-temporal';
import { MOST_DAYS } from '../recurrence.js';
import { addDays, localOf } from '../../tenancy/index.js';
import { MOST_EVENTS, type WrittenCalendar, type WrittenEvent, type WrittenTime } from './read-calendar.js';
import { type Clock, clocksOf } from './zones.js';

/** An event at one time, as a session would be. */
export interface Draft {
  /** By what it is found again: the event's UID, and the start that its rule gave where it repeats. */
  externalId: string;
  uid: string;
  number: number;
  summary: string;
  location: string | null;
  categories: string[];
  starts: Date;
  ends: Date;
  repeats: boolean;
  cancelled: boolean;
}

/** Why an event was left out. */
export interface LeftOut {
  number: number;
  summary: string;
  code: string;
  message: string;
  params?: Record<string, string | number>;
}

class Unusable extends Error {
  constructor(
    message: string,
    readonly params?: Record<string, string>,
  ) {
    super(message);
  }
}

/** Rules are followed from so long before today, or from their start, for MOST_DAYS from today or their start. */
interface Window {
  from: string;
  to: string;
}

/**
 * Every event at each of its times. All-day events are no sessions; what cannot be used is told.
 * @param own the organization's time zone
 */
export function draftsOf(
  calendar: WrittenCalendar,
  own: string,
  now: Date,
): { drafts: Draft[]; left: LeftOut[]; allDay: number } {
  const clocks = clocksOf(own, calendar.zones);
  const left: LeftOut[] = calendar.broken.map((number) => ({
    number,
    summary: '',
    code: 'malformed',
    message: 'This event cannot be read.',
  }));
  const drafts = new Map<string, Draft>();
  let allDay = 0;
  // Those that replace an occurrence come after what they replace.
  const sorted = [...calendar.events].sort((a, b) => Number(!!a.replaces) - Number(!!b.replaces));
  for (const event of sorted) {
    if (event.start?.isDay) {
      allDay++;
      continue;
    }
    try {
      for (const draft of draftsOfEvent(event, clocks, localOf(now, own).slice(0, 10))) {
        drafts.set(draft.externalId, draft);
        if (drafts.size > MOST_EVENTS) throw new TooMany();
      }
    } catch (error) {
      if (!(error instanceof Unusable)) throw error;
      const params = error.params ? { params: error.params } : {};
      left.push({ number: event.number, summary: event.summary, code: 'invalid', message: error.message, ...params });
    }
  }
  return { drafts: [...drafts.values()], left, allDay };
}

/** The events repeat more often than a timetable can. */
export class TooMany extends Error {}

function draftsOfEvent(event: WrittenEvent, clocks: ReturnType<typeof clocksOf>, today: string): Draft[] {
  if (!event.uid) throw new Unusable('This event has no UID, so it could not be found again.');
  if (!event.start) throw new Unusable('This event has no start.');
  if (event.andFollowing) throw new Unusable('A change of this and all following events is not understood.');
  const at = (time: WrittenTime): Date => clockFor(time, clocks)(wallOf(time));
  const starts = at(event.start);
  const ends = event.end ? at(event.end) : event.duration === null ? null : new Date(+starts + event.duration);
  if (!ends) throw new Unusable('This event has no end.');
  if (ends <= starts) throw new Unusable('The end must lie after the start.');
  for (const each of [starts, ends])
    if (!(each.getUTCFullYear() >= 1900 && each.getUTCFullYear() < 2200))
      throw new Unusable('This year is out of reach.');
  const draft = (start: Date, original: Date | null): Draft => ({
    externalId: externalId(event.uid!, original),
    uid: event.uid!,
    number: event.number,
    summary: clean(event.summary),
    location: clean(event.location) || null,
    categories: event.categories.map(clean).filter(Boolean),
    starts: start,
    ends: new Date(+start + (+ends - +starts)),
    repeats: original !== null,
    cancelled: event.cancelled,
  });
  if (event.replaces) return [draft(starts, at(event.replaces))];
  if (!event.rule && event.alsoOn.length === 0) return [draft(starts, null)];
  const without = new Set(event.notOn.map((time) => (time.isDay ? time.wall : +at(time))));
  const instants = event.rule
    ? followed(event, event.start, clockFor(event.start, clocks), today)
    : [{ wall: event.start.wall, at: starts }];
  for (const time of event.alsoOn) instants.push({ wall: wallOf(time), at: at(time) });
  return instants
    .filter((each) => !without.has(+each.at) && !without.has(each.wall.slice(0, 10)))
    .map((each) => draft(each.at, each.at));
}

const wallOf = (time: WrittenTime): string => (time.isDay ? `${time.wall}T00:00:00` : time.wall);

function clockFor(time: WrittenTime, clocks: ReturnType<typeof clocksOf>): Clock {
  const clock = clocks(time.zone);
  if (!clock) throw new Unusable('The time zone {zone} is not known.', { zone: time.zone ?? '' });
  return (wall) => {
    try {
      return clock(wall);
    } catch {
      throw new Unusable('A time of this event cannot be read.');
    }
  };
}

/** Follows the rule of an event by its wall clock: each date keeps its local time, whatever the clocks do. */
function followed(event: WrittenEvent, start: WrittenTime, clock: Clock, today: string) {
  const rule = event.rule!;
  if (/FREQ=(HOURLY|MINUTELY|SECONDLY)/.test(rule) || /BYSECOND=/.test(rule) || /BY(HOUR|MINUTE)=\d+,/.test(rule))
    throw new Unusable('A rule repeats by day, week, month or year; the time is that of the beginning.');
  const first = start.wall.slice(0, 10);
  const window: Window = {
    from: first > addDays(today, -MOST_DAYS) ? first : addDays(today, -MOST_DAYS),
    to: addDays(first > today ? first : today, MOST_DAYS),
  };
  const wall = (day: string) => Temporal.ZonedDateTime.from(`${day}T00:00:00[UTC]`);
  try {
    const dates = new RRuleTemporal<Temporal.ZonedDateTime>({
      rruleString: `DTSTART:${start.wall.replace(/[-:]/g, '')}Z\nRRULE:${onTheWall(rule, clock)}`,
      temporal: Temporal,
      cache: false,
    });
    return dates.between(wall(window.from), wall(window.to), true).map((date) => {
      const local = String(date).slice(0, 19);
      return { wall: local, at: clock(local) };
    });
  } catch (error) {
    if (error instanceof Unusable) throw error;
    throw new Unusable('The rule by which this event repeats cannot be followed.');
  }
}

/** UNTIL in UTC, as the figures that the event's own clock shows then; a day counts to its end. */
function onTheWall(rule: string, clock: Clock): string {
  return rule.replace(/UNTIL=(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z)?)?/, (_, year, month, day, h, m, s, z) => {
    const wall = h ? `${year}-${month}-${day}T${h}:${m}:${s}` : `${year}-${month}-${day}T23:59:59`;
    const figures = z ? shownAt(new Date(`${wall}Z`), clock) : wall;
    return `UNTIL=${figures.replace(/[-:]/g, '')}Z`;
  });
}

/** What a clock shows at an instant: its offset there is what it differs from UTC by. */
function shownAt(at: Date, clock: Clock): string {
  const utc = at.toISOString().slice(0, 19);
  const offset = +at - +clock(utc);
  return new Date(+at + offset).toISOString().slice(0, 19);
}

const stamp = (at: Date): string => `${at.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;

/** How many characters of a UID are kept; beside them a stamp fits into the column. */
const UID_LENGTH = 230;

/** @param original the start that the rule gave; null for an event that happens once */
export const externalId = (uid: string, original: Date | null): string =>
  original ? `${keptUid(uid)}/${stamp(original)}` : keptUid(uid);

/** @returns the part by which all occurrences of an event are found */
export const keptUid = (uid: string): string => uid.slice(0, UID_LENGTH);

/** Text as a session keeps it: one line, no control characters, not too long. */
const clean = (text: string): string =>
  [
    ...text
      .replace(/[\p{Cc}\ufffd]+/gu, ' ')
      .toWellFormed()
      .trim(),
  ]
    .slice(0, 255)
    .join('')
    .trim();
