import { type EntityManager } from '@mikro-orm/core';
import { instant, readAside } from '../../platform/database/read.js';
import { addDays, boundsOf } from '../../tenancy/index.js';
import { type Asked } from '../asked.js';
import { marksOf } from '../figures.js';
import { inOrderOfNames, nameOf, peopleById } from '../people.query.js';
import { type Column } from '../report-table.js';
import { type Report } from '../report.js';
import { marksInScope, marksOfScope, sessionsInScope } from '../scope.js';
import { countMarks } from '../tallies/count-marks.query.js';
import { PARTICIPANT_ID } from './id-columns.js';

const IN_A_ROW = 3;
/** Days before the end of the range, and marks of these days, that are looked through for who was there: most people are among them. */
const NEAR_DAYS = 60;
const NEAR_MARKS = 30_000;
/** People who are asked about at a time. */
const AT_ONCE = 500;

const COLUMNS: Column[] = [
  { key: 'participant', head: { text: '{participant}' }, kind: 'text' },
  { key: 'identifier', head: { text: 'Identifier' }, kind: 'text' },
  { key: 'absences', head: { text: 'Absences in a row' }, kind: 'count' },
  { key: 'since', head: { text: 'Since' }, kind: 'time' },
  { key: 'last', head: { text: 'Last' }, kind: 'time' },
  { key: 'disputed', head: { text: 'Disputed' }, kind: 'count' },
  PARTICIPANT_ID,
];

/** Who has been absent so many times in a row at the end of the range. */
export const consecutiveAbsences: Report = {
  code: 'consecutive-absences',
  title: 'Absent in a row',
  about: 'Who has been absent several times in a row and has not come back.',
  fields: ['from', 'to', 'absences', 'group_id', 'group_type', 'participant_id'],
  never: ['presence_state', 'category'],
  defaults: (today) => ({ from: Temporal.PlainDate.from(today).subtract({ days: 89 }).toString(), to: today }),
  async answer(em, asked, { skip, take }) {
    const least = asked.query.absences ?? IN_A_ROW;
    const runs = await runsOf(em, { ...asked, states: null }, least);
    const place = new Map(
      (await inOrderOfNames(em, new Set(runs.map(({ id }) => id)))).map((id, index) => [id, index]),
    );
    runs.sort((a, b) => b.absences - a.absences || place.get(a.id)! - place.get(b.id)!);
    const shown = runs.slice(skip, skip + take);
    const people = await peopleById(
      em,
      shown.map(({ id }) => id),
    );
    return {
      columns: COLUMNS,
      rows: shown.map(({ id, absences, since, last, disputed }) => {
        const person = people.get(id)!;
        return [nameOf(person), person.identifier, absences, since, last, disputed, id];
      }),
      total: runs.length,
      isExact: true,
      notes: [
        {
          text: 'Counted back from the end of the range: {count} or more absences, with no presence after them. Excused, neutral and unmarked neither count nor interrupt.',
          params: { count: least },
        },
      ],
    };
  },
};

interface Run {
  id: number;
  absences: number;
  since: Date;
  last: Date;
  disputed: number;
}

/** A mark that counts. */
interface Mark {
  participant_id: number;
  session_id: number;
  presence_state_id: number;
  disputed: number | boolean;
}

/**
 * The runs of absences at the end of a range. Only who was absent so often in the range at all comes into question; for
 * nearly all of them the last marks tell that they were there since, and only for the rest more is read.
 */
async function runsOf(em: EntityManager, asked: Asked, least: number): Promise<Run[]> {
  const ids = (...categories: string[]) =>
    asked.everyState.filter(({ category }) => categories.includes(category)).map(({ id }) => id);
  const absent = new Set(ids('absent'));
  const counting = ids('present', 'late', 'absent');
  const from = await nearest(em, asked);
  const [absences, near, starts] = await Promise.all([
    countMarks(em, { ...marksOfScope(asked), states: [...absent] }, ['participant']),
    marksFrom(em, asked, counting, { from }),
    startsOf(em, asked),
  ]);
  const open = new Set(absences.filter((count) => marksOf(count) >= least).map(({ participant }) => participant!));
  if (open.size === 0) return [];
  for (const [id, marks] of byPerson(near, starts)) if (!absent.has(marks[0]!.presence_state_id)) open.delete(id);
  const runs: Run[] = [];
  const rest = [...open];
  for (let at = 0; at < rest.length; at += AT_ONCE) {
    const all = await marksFrom(em, asked, counting, { people: rest.slice(at, at + AT_ONCE) });
    for (const [id, marks] of byPerson(all, starts)) {
      const end = marks.findIndex((mark) => !absent.has(mark.presence_state_id));
      const run = end < 0 ? marks : marks.slice(0, end);
      if (run.length >= least) runs.push(runOf(id, run, starts));
    }
  }
  return runs;
}

const runOf = (id: number, run: Mark[], starts: Map<number, number>): Run => ({
  id,
  absences: run.length,
  since: new Date(starts.get(run.at(-1)!.session_id)!),
  last: new Date(starts.get(run[0]!.session_id)!),
  disputed: run.filter(({ disputed }) => disputed).length,
});

/** @returns when the sessions of a question begin, ms since 1970, by id */
async function startsOf(em: EntityManager, asked: Asked): Promise<Map<number, number>> {
  const { sql, parameters } = sessionsInScope(asked);
  const rows = await readAside<{ id: number; starts_at: number | string }>(
    em,
    `select x.id, x.scheduled_start_at as starts_at from session_days d
       join sessions x on x.organization_id = d.organization_id and x.id = d.session_id where ${sql}`,
    parameters,
  );
  return new Map(rows.map((row) => [Number(row.id), instant(row.starts_at).getTime()]));
}

/** @returns the day from which on so many marks lie as are looked through */
async function nearest(em: EntityManager, asked: Asked): Promise<string> {
  const lastDay = asked.lastDay && asked.lastDay < asked.today ? asked.lastDay : asked.today;
  const from = boundsOf(addDays(lastDay, -NEAR_DAYS), asked.timeZone).from;
  const scope = marksOfScope(asked);
  const days = await countMarks(em, { ...scope, from: scope.from && scope.from > from ? scope.from : from }, ['day']);
  let [sum, first] = [0, lastDay];
  for (const count of days.sort((a, b) => (a.day! < b.day! ? 1 : -1))) {
    if (sum > 0 && sum + marksOf(count) > NEAR_MARKS) break;
    sum += marksOf(count);
    first = count.day!;
  }
  return first;
}

/** @param which from a day on, or of these people */
async function marksFrom(
  em: EntityManager,
  asked: Asked,
  counting: number[],
  which: { from: string } | { people: number[] },
): Promise<Mark[]> {
  const columns = 'r.participant_id, r.session_id, r.presence_state_id, r.disputed';
  const counts = new Set(counting);
  let rows: Mark[];
  if ('people' in which)
    // By the person, in one index; which of his sessions are meant is known.
    rows = await readAside<Mark>(
      em,
      `select ${columns} from presence_records r
        where r.organization_id = :organization and r.participant_id in (:people)
          and r.presence_state_id is not null`,
      { people: which.people },
    );
  else {
    const { sql, parameters } = marksInScope(asked);
    rows = await readAside<Mark>(
      em,
      `select ${columns} from session_days d
         join sessions x on x.organization_id = d.organization_id and x.id = d.session_id
         join presence_records r on r.organization_id = d.organization_id and r.session_id = d.session_id
        where ${sql} and d.day >= :near`,
      { ...parameters, near: which.from },
    );
  }
  return rows
    .map((row) => ({
      participant_id: Number(row.participant_id),
      session_id: Number(row.session_id),
      presence_state_id: Number(row.presence_state_id),
      disputed: row.disputed,
    }))
    .filter((mark) => counts.has(mark.presence_state_id));
}

/** @returns the marks of each person in sessions that are meant, the newest first */
function byPerson(marks: Mark[], starts: Map<number, number>): Map<number, Mark[]> {
  const people = new Map<number, Mark[]>();
  for (const mark of marks) {
    if (!starts.has(mark.session_id)) continue;
    const own = people.get(mark.participant_id);
    if (own) own.push(mark);
    else people.set(mark.participant_id, [mark]);
  }
  for (const own of people.values())
    own.sort((a, b) => starts.get(b.session_id)! - starts.get(a.session_id)! || b.session_id - a.session_id);
  return people;
}
