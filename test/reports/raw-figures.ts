import { type EntityManager } from '@mikro-orm/core';
import { Group, GroupMembership, Participant } from '../../src/participants/index.js';
import { PresenceRecord, PresenceState } from '../../src/presence/index.js';
import { Session } from '../../src/sessions/index.js';
import { Organization } from '../../src/tenancy/index.js';

/**
 * Figures counted one mark after the other from the rows as they stand, with calendar arithmetic of its own: nothing here
 * uses what the product counts with.
 */

export interface Mark {
  participant: number;
  session: Session;
  day: string;
  hour: number;
  state: PresenceState;
  disputed: boolean;
  record: PresenceRecord;
}

export interface Raw {
  timeZone: string;
  today: string;
  grace: number;
  /** Whether a state in use says that somebody is late. */
  tellsLate: boolean;
  groups: Map<number, Group>;
  people: Map<number, Participant>;
  memberships: GroupMembership[];
  sessions: (Session & { day: string; hour: number })[];
  records: PresenceRecord[];
  marks: Mark[];
}

export async function rawOf(em: EntityManager, organization: number, now = new Date()): Promise<Raw> {
  const { timeZone, settings } = await em.findOneOrFail(Organization, { id: organization });
  const clock = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' });
  const placed = (session: Session) => {
    const [day, time] = clock.format(session.scheduledStartAt).split(' ') as [string, string];
    return Object.assign(session, { day, hour: Number(time.slice(0, 2)) });
  };
  const sessions = (await em.find(Session, {})).filter(({ status }) => status !== 'cancelled').map(placed);
  const byId = new Map(sessions.map((session) => [session.id, session]));
  const states = new Map((await em.find(PresenceState, {})).map((state) => [state.id, state]));
  const records = await em.find(PresenceRecord, {});
  const marks = records.flatMap((record): Mark[] => {
    const session = byId.get(record.session);
    if (!session || !record.presenceState) return [];
    return [
      {
        participant: record.participant,
        session,
        day: session.day,
        hour: session.hour,
        state: states.get(record.presenceState)!,
        disputed: record.disputed,
        record,
      },
    ];
  });
  return {
    timeZone,
    today: clock.format(now).slice(0, 10),
    grace: settings.grace_minutes ?? 5,
    tellsLate: [...states.values()].some((state) => state.isActive && state.category === 'late'),
    groups: new Map((await em.find(Group, {})).map((group) => [group.id, group])),
    people: new Map((await em.find(Participant, {})).map((person) => [person.id, person])),
    memberships: await em.find(GroupMembership, {}),
    sessions,
    records,
    marks,
  };
}

export interface Asked {
  from?: string;
  to?: string;
  group_id?: number;
  group_type?: string;
  participant_id?: number;
  presence_state?: string;
  category?: string;
}

/** Whether a session lies in the range and the groups. */
export function sessionFits(raw: Raw, asked: Asked, session: Raw['sessions'][number]): boolean {
  const { from, to } = asked;
  if (from && (from.length === 10 ? session.day < from : session.scheduledStartAt < new Date(from))) return false;
  if (to && (to.length === 10 ? session.day > to : session.scheduledStartAt >= new Date(to))) return false;
  if (asked.group_type && raw.groups.get(session.group)!.groupType !== asked.group_type) return false;
  if (!asked.group_id) return true;
  for (let group = raw.groups.get(session.group); group; group = raw.groups.get(group.parent ?? 0))
    if (group.id === asked.group_id) return true;
  return false;
}

export const sessionsFor = (raw: Raw, asked: Asked) =>
  raw.sessions.filter((session) => sessionFits(raw, asked, session));

export function marksFor(raw: Raw, asked: Asked): Mark[] {
  const named = asked.participant_id && raw.people.get(asked.participant_id)!;
  const person = named ? (named.mergedInto ?? named.id) : null;
  return raw.marks.filter(
    (mark) =>
      sessionFits(raw, asked, mark.session as Raw['sessions'][number]) &&
      (person === null || mark.participant === person) &&
      (!asked.presence_state || mark.state.code === asked.presence_state) &&
      (!asked.category || mark.state.category === asked.category),
  );
}

export function figures(marks: Mark[]) {
  const of = (category: string) => marks.filter(({ state }) => state.category === category).length;
  const [present, late, absent] = [of('present'), of('late'), of('absent')];
  return {
    present,
    late,
    absent,
    excused: of('excused'),
    neutral: of('neutral'),
    disputed: marks.filter(({ disputed }) => disputed).length,
    rate: present + late + absent === 0 ? null : (present + late) / (present + late + absent),
  };
}

/** The marks by whatever tells them apart. */
export function by<K>(marks: Mark[], keyOf: (mark: Mark) => K): Map<K, Mark[]> {
  const found = new Map<K, Mark[]>();
  for (const mark of marks) found.set(keyOf(mark), [...(found.get(keyOf(mark)) ?? []), mark]);
  return found;
}

/** How many on a register have no mark. */
export function unmarked(raw: Raw, session: Raw['sessions'][number]): number {
  const isClosed = !!session.registerCompletedAt || session.day < raw.today;
  const people = new Set<number>();
  for (const { group, participant, joinedOn, leftOn } of raw.memberships)
    if (group === session.group && joinedOn <= session.day && (!leftOn || leftOn >= session.day))
      if (raw.people.get(participant)!.isActive || isClosed) people.add(participant);
  const records = raw.records.filter((record) => record.session === session.id);
  for (const { participant } of records) if (!raw.people.get(participant)!.mergedInto) people.add(participant);
  for (const { participant, presenceState } of records) if (presenceState) people.delete(participant);
  return people.size;
}

/** 2026-W47: the week of ISO 8601, counted from its Thursday. */
export function weekOf(day: string): string {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + 4 - (date.getUTCDay() || 7));
  const first = Date.UTC(date.getUTCFullYear(), 0, 1);
  const week = Math.ceil(((date.getTime() - first) / 86_400_000 + 1) / 7);
  return `${date.getUTCFullYear()}-W${String(week).padStart(2, '0')}`;
}

/** Absences in a row at the end, by participant. */
export function runs(marks: Mark[]): Map<number, number> {
  const found = new Map<number, number>();
  for (const [participant, own] of by(marks, (mark) => mark.participant)) {
    const counting = own
      .filter(({ state }) => ['present', 'late', 'absent'].includes(state.category))
      .sort((a, b) => +b.session.scheduledStartAt - +a.session.scheduledStartAt || b.session.id - a.session.id);
    const end = counting.findIndex(({ state }) => state.category !== 'absent');
    found.set(participant, end < 0 ? counting.length : end);
  }
  return found;
}

/** Whole minutes late; 0 within the grace; null where lateness says nothing or is not known. */
export function minutesLate(raw: Raw, { record, session, state }: Mark): number | null {
  if (state.category !== 'late' && !(raw.tellsLate && state.category === 'present' && record.arrivedAt)) return null;
  const [start, end] = [+session.scheduledStartAt, +session.scheduledEndAt];
  const at = +(record.arrivedAt ?? record.recordedAt);
  if (!record.arrivedAt && (at < start || at > end)) return null;
  const minutes = Math.floor((at - start) / 60_000);
  return minutes <= raw.grace ? 0 : minutes;
}
