import { type EntityManager } from '@mikro-orm/core';
import { read } from '../platform/database/read.js';
import { boundsOf, dayOf } from '../tenancy/index.js';
import { disputesIn } from './disputes.js';
import { countSessions, MINE_FIRST, sessionLines, type SessionLine, type Viewer } from './session-lines.query.js';

/** What the first page shows: a few of each, and how many there are. */
export interface Today {
  day: string;
  now: { lines: SessionLine[]; total: number };
  next: { lines: SessionLine[]; total: number };
  /** They began today, are over, and nobody completed their register. */
  open: { lines: SessionLine[]; total: number };
  /** Sessions of today whose register is complete. */
  completed: number;
  /** When nothing is today: what comes next. */
  later: SessionLine[];
  /** Whether there is anybody, any group, and any session at all: what to do first. */
  has: { participants: boolean; groups: boolean; sessions: boolean };
}

const SHOWN = 8;
/** A session that somebody forgot to end stops being "now" after a day. */
const DAY_MS = 86_400_000;

const UNDER_WAY = `(s.status = 'running' and s.scheduled_start_at > :yesterday and s.scheduled_start_at < :to)
  or (s.status = 'scheduled' and s.scheduled_start_at <= :now and s.scheduled_end_at > :now and s.scheduled_start_at > :lately)`;

/** Today of this organization, at this instant. Lists are short, and their number of statements is fixed. */
export async function today(em: EntityManager, viewer: Viewer, at: Date): Promise<Today> {
  const day = dayOf(at, viewer.timeZone);
  const bounds = boundsOf(day, viewer.timeZone);
  const parameters = {
    ...bounds,
    now: at,
    yesterday: new Date(bounds.from.getTime() - DAY_MS),
    lately: new Date(at.getTime() - 7 * DAY_MS),
  };
  const section = async (where: string, order?: string) => {
    const lines = await sessionLines(em, viewer, where, parameters, { take: SHOWN }, order);
    return { lines, total: lines.length < SHOWN ? lines.length : await countSessions(em, viewer, where, parameters) };
  };
  const inTime = `${MINE_FIRST}, s.scheduled_start_at, g.sort_name, s.id`;
  const now = await section(UNDER_WAY, inTime);
  const next = await section(
    `s.status = 'scheduled' and s.scheduled_start_at > :now and s.scheduled_start_at < :to`,
    inTime,
  );
  const begun = `s.scheduled_start_at >= :from and s.scheduled_start_at <= :now`;
  const open = await section(
    `${begun} and s.register_completed_at is null
       and (s.status = 'ended' or (s.status = 'scheduled' and s.scheduled_end_at <= :now))`,
    inTime,
  );
  const completed = await countSessions(
    em,
    viewer,
    `s.scheduled_start_at >= :from and s.scheduled_start_at < :to and s.register_completed_at is not null
       and s.status <> 'cancelled'`,
    bounds,
  );
  const later =
    now.total + next.total + open.total > 0
      ? []
      : await sessionLines(em, viewer, `s.status = 'scheduled' and s.scheduled_start_at >= :to`, bounds, { take: 3 });
  const lines = [now, next, open].flatMap((part) => part.lines);
  const disputes = await disputesIn(
    em,
    lines.map((line) => line.id),
  );
  for (const line of lines) line.disputed = disputes.get(line.id) ?? 0;
  return { day, now, next, open, completed, later, has: await whatThereIs(em) };
}

async function whatThereIs(em: EntityManager): Promise<Today['has']> {
  const any = (table: string) => `exists (select 1 from ${table} where organization_id = :organization)`;
  const [row] = await read<Record<keyof Today['has'], number>>(
    em,
    `select ${any('participants')} as participants, ${any('`groups`')} as \`groups\`, ${any('sessions')} as sessions`,
  );
  return { participants: Boolean(row!.participants), groups: Boolean(row!.groups), sessions: Boolean(row!.sessions) };
}
