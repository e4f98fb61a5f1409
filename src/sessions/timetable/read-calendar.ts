import { setImmediate } from 'node:timers/promises';
import ICAL from 'ical.js';
import { Problem } from '../../platform/http/problem.js';

/** A timetable holds no more events than this, and a file no more bytes. */
export const MOST_EVENTS = 20_000;
export const MOST_BYTES = 10 * 1024 * 1024;

/** A time as the file writes it: `2026-09-01T08:00:00` by the wall clock of its zone, or a whole day. */
export interface WrittenTime {
  wall: string;
  /** A TZID; 'UTC' for Z; null: whatever clock hangs there. */
  zone: string | null;
  isDay: boolean;
}

/** One VEVENT, as it is written. */
export interface WrittenEvent {
  /** Which one of the file, from 1 on. */
  number: number;
  uid: string | null;
  summary: string;
  location: string;
  categories: string[];
  start: WrittenTime | null;
  end: WrittenTime | null;
  /** In milliseconds, where it is said instead of an end. */
  duration: number | null;
  rule: string | null;
  alsoOn: WrittenTime[];
  notOn: WrittenTime[];
  /** Which occurrence of its series this event replaces. */
  replaces: WrittenTime | null;
  andFollowing: boolean;
  cancelled: boolean;
}

export interface WrittenCalendar {
  events: WrittenEvent[];
  /** Events that cannot be read at all, by their number. */
  broken: number[];
  /** The zones that the file brings itself. */
  zones: Map<string, ICAL.Timezone>;
}

type Property = [name: string, parameters: Record<string, string | string[]>, type: string, ...values: unknown[]];
type Component = [name: string, properties: Property[], components: Component[]];

/** So many events are parsed before others get their turn. */
const SLICE = 250;
const WORD = 'BEGIN:VCALENDAR';

const notCalendar = () =>
  new Problem(415, {
    code: 'unsupported_media_type',
    message: 'This is no iCalendar file. Nothing was changed.',
    field: 'file',
  });

/**
 * Reads an iCalendar file (RFC 5545). It is parsed in slices, so that a large one holds up nobody; one broken event does
 * not spoil the others.
 * @throws Problem 415 when it is no iCalendar file, 422 when it is empty or holds too many events
 */
export async function readCalendar(text: string): Promise<WrittenCalendar> {
  const file = text.replace(/^\uFEFF/, '').trimStart();
  if (!file.slice(0, WORD.length).toUpperCase().startsWith(WORD)) throw notCalendar();
  const cancelAll = /^METHOD:CANCEL\s*$/im.test(file.slice(0, 2000));
  const blocks = blocksOf(file, 'VEVENT');
  if (blocks.length === 0)
    throw new Problem(422, { code: 'invalid', message: 'There is no event in this file.', field: 'file' });
  if (blocks.length > MOST_EVENTS)
    throw new Problem(422, {
      code: 'invalid',
      message: 'This file holds more than {max} events. Divide it.',
      params: { max: MOST_EVENTS },
      field: 'file',
    });
  const calendar: WrittenCalendar = { events: [], broken: [], zones: zonesOf(file) };
  for (let at = 0; at < blocks.length; at += SLICE) {
    const slice = blocks.slice(at, at + SLICE);
    const parsed = parsedEvents(slice) ?? slice.map((block) => parsedEvents([block])?.[0] ?? null);
    parsed.forEach((component, index) => {
      const number = at + index + 1;
      if (component) calendar.events.push(eventOf(component, number, cancelAll));
      else calendar.broken.push(number);
    });
    await setImmediate();
  }
  return calendar;
}

/** The components of a kind as text; they do not nest in one another. */
function blocksOf(file: string, name: string): string[] {
  const blocks: string[] = [];
  const [begin, end] = [new RegExp(`^BEGIN:${name}[ \\t]*$`, 'gim'), new RegExp(`^END:${name}[ \\t]*$`, 'gim')];
  for (let match = begin.exec(file); match; match = begin.exec(file)) {
    end.lastIndex = begin.lastIndex;
    const close = end.exec(file);
    if (!close) break;
    blocks.push(file.slice(match.index, end.lastIndex));
    begin.lastIndex = end.lastIndex;
  }
  return blocks;
}

/** @returns null when one of them cannot be read */
function parsedEvents(blocks: string[]): Component[] | null {
  try {
    const [, , components] = ICAL.parse(`${WORD}\r\n${blocks.join('\r\n')}\r\nEND:VCALENDAR`) as unknown as Component;
    return components.length === blocks.length ? components : null;
  } catch {
    return null;
  }
}

function zonesOf(file: string): Map<string, ICAL.Timezone> {
  const zones = new Map<string, ICAL.Timezone>();
  for (const block of blocksOf(file, 'VTIMEZONE').slice(0, 200)) {
    const [component] = parsedEvents([block]) ?? [];
    const tzid = component && textOf(component, 'tzid');
    if (!component || !tzid) continue;
    zones.set(tzid, new ICAL.Timezone({ component: new ICAL.Component(component as never), tzid }));
  }
  return zones;
}

const all = ([, properties]: Component, name: string): Property[] => properties.filter((each) => each[0] === name);
const textOf = (component: Component, name: string): string => {
  const value = all(component, name)[0]?.[3];
  return typeof value === 'string' ? value : '';
};
const timesOf = (component: Component, name: string): WrittenTime[] =>
  all(component, name).flatMap(([, parameters, type, ...values]) =>
    values.flatMap((value) => (typeof value === 'string' ? [timeOf(value, parameters.tzid, type)] : [])),
  );

function timeOf(value: string, tzid: string | string[] | undefined, type: string): WrittenTime {
  const isDay = type === 'date' || value.length === 10;
  const zone = value.endsWith('Z') ? 'UTC' : typeof tzid === 'string' && tzid ? tzid : null;
  return { wall: value.replace(/Z$/, ''), zone, isDay };
}

function eventOf(component: Component, number: number, cancelAll: boolean): WrittenEvent {
  const duration = all(component, 'duration')[0]?.[3];
  const rule = all(component, 'rrule')[0]?.[3] as Record<string, unknown> | undefined;
  const replaces = all(component, 'recurrence-id')[0];
  return {
    number,
    uid: textOf(component, 'uid') || null,
    summary: textOf(component, 'summary'),
    location: textOf(component, 'location'),
    categories: all(component, 'categories').flatMap(([, , , ...values]) => values.map(String)),
    start: timesOf(component, 'dtstart')[0] ?? null,
    end: timesOf(component, 'dtend')[0] ?? null,
    duration: typeof duration === 'string' ? ICAL.Duration.fromString(duration).toSeconds() * 1000 : null,
    rule: rule ? ruleText(rule) : null,
    alsoOn: timesOf(component, 'rdate'),
    notOn: timesOf(component, 'exdate'),
    replaces: timesOf(component, 'recurrence-id')[0] ?? null,
    andFollowing: replaces?.[1].range === 'THISANDFUTURE',
    cancelled: cancelAll || textOf(component, 'status').toUpperCase() === 'CANCELLED',
  };
}

/** The parsed rule as an RRULE's value again. */
const ruleText = (rule: Record<string, unknown>): string =>
  Object.entries(rule)
    .map(([name, value]) => {
      const text = [value].flat().join(',');
      return `${name.toUpperCase()}=${name === 'until' ? text.replace(/[-:]/g, '') : text}`;
    })
    .join(';');
