import { IsolationLevel, type EntityManager } from '@mikro-orm/core';
import { type Orm } from '../../src/platform/database/orm.js';
import { PresenceRecord } from '../../src/presence/index.js';
import { GroupTally, ParticipantTally, TallyChange } from '../../src/reports/index.js';
import { Session } from '../../src/sessions/index.js';
import { Organization } from '../../src/tenancy/index.js';

type Sums = Map<string, { marks: number; disputed: number }>;

/**
 * The proof that what reports add up is what was marked: counts the marks of an organization one by one, by calendar
 * arithmetic of its own, and compares with the tallies and what has yet to be folded into them. Every world runs it when it
 * closes, so every database test proves it for the doors that it used.
 * @returns one sentence for each difference
 */
export async function tallyDifferences(orm: Orm, organization: number): Promise<string[]> {
  const em = orm.em.fork({ disableContextResolution: true, clear: true }) as EntityManager;
  em.setFilterParams('tenant', { organization });
  // One moment for all tables: a job may fold in between.
  const options = { isolationLevel: IsolationLevel.REPEATABLE_READ } as never;
  return em.transactional((tx) => differences(tx as EntityManager, organization), options) as Promise<string[]>;
}

async function differences(em: EntityManager, organization: number): Promise<string[]> {
  const { timeZone } = await em.findOneOrFail(Organization, { id: organization });
  const clock = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' });
  const sessions = new Map((await em.find(Session, {})).map((session) => [session.id, session]));
  const told: Sums = new Map();
  const counted: Sums = new Map();
  const add = (sums: Sums, key: string, marks: number, disputed: number) => {
    const sum = sums.get(key) ?? { marks: 0, disputed: 0 };
    sums.set(key, { marks: sum.marks + marks, disputed: sum.disputed + disputed });
  };
  const addMark = (
    sums: Sums,
    [participant, group, day, hour, state]: [number, number, string, number, number],
    marks: number,
    disputed: number,
  ) => {
    add(sums, `group ${group} on ${day} at ${hour}: ${state}`, marks, disputed);
    const [year, month] = [Number(day.slice(0, 4)), Number(day.slice(5, 7))];
    const spans = { M: month, Q: [1, 4, 7, 10][Math.floor((month - 1) / 3)]!, Y: 1 };
    for (const [span, first] of Object.entries(spans)) {
      const start = `${String(year).padStart(4, '0')}-${String(first).padStart(2, '0')}-01`;
      add(sums, `participant ${participant} in ${group}, ${span} of ${start}: ${state}`, marks, disputed);
    }
  };
  for (const cell of await em.find(PresenceRecord, { presenceState: { $ne: null } })) {
    const session = sessions.get(cell.session)!;
    if (session.status === 'cancelled') continue;
    const [day, time] = clock.format(session.scheduledStartAt).split(' ') as [string, string];
    addMark(
      counted,
      [cell.participant, session.group, day, Number(time.slice(0, 2)), cell.presenceState!],
      1,
      cell.disputed ? 1 : 0,
    );
  }
  for (const row of await em.find(TallyChange, {}))
    addMark(told, [row.participantId, row.groupId, row.day, row.hour, row.presenceStateId], row.marks, row.disputed);
  for (const row of await em.find(GroupTally, {}))
    add(told, `group ${row.groupId} on ${row.day} at ${row.hour}: ${row.presenceStateId}`, row.marks, row.disputed);
  for (const row of await em.find(ParticipantTally, {}))
    add(
      told,
      `participant ${row.participantId} in ${row.groupId}, ${row.span} of ${row.startsOn}: ${row.presenceStateId}`,
      row.marks,
      row.disputed,
    );
  const none = { marks: 0, disputed: 0 };
  const say = (sum = none) => `${sum.marks} marks, ${sum.disputed} disputed`;
  return [...new Set([...told.keys(), ...counted.keys()])].flatMap((key) =>
    say(told.get(key)) === say(counted.get(key))
      ? []
      : [`${key}: the tallies say ${say(told.get(key))}, there are ${say(counted.get(key))}`],
  );
}
