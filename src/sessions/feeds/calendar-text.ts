import { type SessionLine } from '../session-lines.query.js';

/** A session as a calendar program reads it. */
export interface FeedEvent extends Pick<
  SessionLine,
  'id' | 'name' | 'location' | 'group_name' | 'starts_at' | 'ends_at'
> {
  cancelled: boolean;
  changed_at: Date;
}

/**
 * Sessions as iCalendar text (RFC 5545). Times are UTC, so that no program needs to know a time zone. The same sessions
 * are always the same text.
 * @param options name: what programs call the calendar; address: where the sessions' pages are
 */
export function calendarText(events: FeedEvent[], options: { name: string; address: string }): string {
  const host = new URL(options.address).hostname;
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Omnipresence//Sessions//EN',
    'CALSCALE:GREGORIAN',
    'METHOD:PUBLISH',
    `X-WR-CALNAME:${escaped(options.name)}`,
    'REFRESH-INTERVAL;VALUE=DURATION:PT1H',
    ...events.flatMap((event) => [
      'BEGIN:VEVENT',
      `UID:session-${event.id}@${host}`,
      `DTSTAMP:${utc(event.changed_at)}`,
      `LAST-MODIFIED:${utc(event.changed_at)}`,
      `DTSTART:${utc(event.starts_at)}`,
      `DTEND:${utc(event.ends_at)}`,
      `SUMMARY:${escaped(event.name === event.group_name ? event.name : `${event.name} (${event.group_name})`)}`,
      `CATEGORIES:${escaped(event.group_name)}`,
      ...(event.location ? [`LOCATION:${escaped(event.location)}`] : []),
      `STATUS:${event.cancelled ? 'CANCELLED' : 'CONFIRMED'}`,
      `URL:${options.address}/sessions/${event.id}`,
      'END:VEVENT',
    ]),
    'END:VCALENDAR',
  ];
  return lines.map(folded).join('\r\n') + '\r\n';
}

const utc = (at: Date): string => `${at.toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;

const escaped = (text: string): string => text.replace(/[\\;,]/g, (each) => `\\${each}`).replace(/\r\n?|\n/g, '\\n');

/** Lines are at most 75 bytes long and go on after a space; no character is cut. */
function folded(line: string): string {
  if (Buffer.byteLength(line) <= 75) return line;
  const parts = [''];
  let bytes = 0;
  for (const character of line) {
    const size = Buffer.byteLength(character);
    // The space at the beginning of a line that goes on counts, too.
    if (bytes + size > (parts.length > 1 ? 74 : 75)) {
      parts.push('');
      bytes = 0;
    }
    parts[parts.length - 1] += character;
    bytes += size;
  }
  return parts.join('\r\n ');
}
