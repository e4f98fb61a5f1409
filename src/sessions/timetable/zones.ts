import ICAL from 'ical.js';
import { instantOf } from '../../tenancy/index.js';
import { type WrittenTime } from './read-calendar.js';

/** Turns a wall-clock time into an instant. */
export type Clock = (wall: string) => Date;

/**
 * @param own the organization's time zone, for times that name none
 * @param brought the zones that the file defines itself
 * @returns for a zone of the file its clock, or null when nobody knows it
 */
export function clocksOf(
  own: string,
  brought: Map<string, ICAL.Timezone>,
): (zone: WrittenTime['zone']) => Clock | null {
  const known = new Map<string, Clock | null>();
  return (zone) => {
    const name = zone ?? own;
    let clock = known.get(name);
    if (clock === undefined) known.set(name, (clock = clockOf(name, brought)));
    return clock;
  };
}

/** A name of the IANA database is taken as such: programs define it in the file in simpler and older ways. */
function clockOf(name: string, brought: Map<string, ICAL.Timezone>): Clock | null {
  // Mozilla and others put a path before the name: /mozilla.org/20050126_1/Europe/Paris.
  for (const each of [name, /([A-Za-z_]+\/[A-Za-z_-]+)$/.exec(name)?.[1]])
    if (each && isIana(each)) return (wall) => instantOf(wall, each);
  const zone = brought.get(name);
  if (!zone) return null;
  return (wall) => {
    const time = ICAL.Time.fromDateTimeString(wall);
    time.zone = zone;
    return new Date(time.toUnixTime() * 1000);
  };
}

function isIana(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return /^[A-Za-z]/.test(name);
  } catch {
    return false;
  }
}
