import { type EntityManager } from '@mikro-orm/core';
import { inOwnGroups, ownGroupsParameters } from '../../participants/index.js';
import { isMySql } from '../../platform/database/dialect.js';
import { instant, read, type Parameters } from '../../platform/database/read.js';
import { lateMinutes } from '../../presence/index.js';
import { type Asked, statesHere } from '../asked.js';
import { nameOf } from '../people.query.js';
import { RECORD_FILE_COLUMNS } from '../kinds/records.js';
import { type Row } from '../report-table.js';
import { type WholeTable } from './whole-table.js';

/**
 * Records that are read at a time: enough that asking costs little, and so few that they are forgotten while they are young
 * (of 4,000 the worker took 90 MB more, and was slower).
 */
const CHUNK = 500;
/** Where each question has a way to go. */
const CHUNK_FROM_AFAR = 2000;
/** Sessions of one statement at most. */
const MOST_SESSIONS = 500;
/** People whose names are remembered from one piece to the next. */
const MOST_PEOPLE = 50_000;

interface SessionRow {
  id: number;
  name: string;
  group_id: number;
  group_name: string;
  start: Date;
  end: Date;
}

interface PersonRow {
  id: number;
  name: string;
  identifier: string | null;
}

type RawTime = number | string | Date;

interface MarkRow {
  id: number;
  session_id: number;
  participant_id: number;
  presence_state_id: number;
  recorded_at: RawTime;
  arrived_at: RawTime | null;
  left_at: RawTime | null;
  note: string | null;
  disputed: number | boolean;
}

/**
 * Every mark that the question is about, in the order of the sessions' starts: the rows behind the figures of the same
 * question. So cancelled sessions are left out, and cells without a state, which are nobody's mark. The rows are read piece by piece, a run of
 * sessions each, by the key of the cells: the last piece costs what the first one does. What many marks have in common
 * (names, states) is looked up once, not joined a million times.
 * @param em in one transaction that sees one moment, so that the pieces fit together
 */
export async function presenceRows(em: EntityManager, asked: Asked): Promise<WholeTable> {
  const marks = marksOf(asked);
  const counts = await sessionsWithMarks(em, asked, marks);
  const total = counts.reduce((sum, { marks }) => sum + marks, 0);
  return { columns: RECORD_FILE_COLUMNS, total, rows: rows(em, asked, counts, marks) };
}

interface Condition {
  sql: string;
  parameters: Parameters;
}

/** Which of a session's marks are meant, for presence_records r. */
function marksOf({ participant, states }: Asked): Condition {
  const parts = ['r.presence_state_id is not null'];
  const parameters: Parameters = {};
  if (participant !== null) {
    parts.push('r.participant_id = :participant');
    parameters.participant = participant;
  }
  if (states !== null) {
    parts.push('r.presence_state_id in (:states)');
    parameters.states = states;
  }
  return { sql: parts.join(' and '), parameters };
}

/** How many such marks each session has, in the order of their starts. */
async function sessionsWithMarks(
  em: EntityManager,
  { from, to, groups, groupType, own, states }: Asked,
  marks: Condition,
): Promise<{ id: number; marks: number }[]> {
  if (states?.length === 0) return [];
  const parts = [`x.status <> 'cancelled'`, inOwnGroups(own, 'x.group_id'), marks.sql];
  const parameters: Parameters = { ...ownGroupsParameters(own), ...marks.parameters };
  const add = (sql: string, name: string, value: Parameters[string] | undefined) => {
    if (value === undefined || value === null) return;
    parts.push(sql);
    parameters[name] = value;
  };
  add('x.scheduled_start_at >= :from', 'from', from);
  add('x.scheduled_start_at < :to', 'to', to);
  add('x.group_id in (:groups)', 'groups', groups);
  add(
    'exists (select 1 from `groups` g where g.organization_id = x.organization_id and g.id = x.group_id and g.group_type = :type)',
    'type',
    groupType,
  );
  const rows = await read<{ id: number; marks: number }>(
    em,
    `select x.id, count(*) as marks from sessions x
       join presence_records r on r.organization_id = x.organization_id and r.session_id = x.id
      where x.organization_id = :organization and ${parts.join(' and ')}
      group by x.id, x.scheduled_start_at order by x.scheduled_start_at, x.id`,
    parameters,
  );
  return rows.map((row) => ({ id: Number(row.id), marks: Number(row.marks) }));
}

async function* rows(
  em: EntityManager,
  { grace }: Asked,
  counts: { id: number; marks: number }[],
  marks: Condition,
): AsyncGenerator<Row[]> {
  const states = new Map((await statesHere(em)).map((state) => [state.id, state]));
  const people = new Map<number, PersonRow>();
  const runs = runsOf(counts, isMySql(em) ? CHUNK_FROM_AFAR : CHUNK);
  const nextPiece = () => {
    const { value } = runs.next();
    const piece = value ? pieceOf(value) : null;
    // Whoever stops reading in between does not wait for it; who reads on is told.
    piece?.catch(() => {});
    return piece;
  };
  // The database looks for the next ones while these are written.
  for (let piece = nextPiece(); piece;) {
    const found = await piece;
    piece = nextPiece();
    yield found;
  }

  async function pieceOf(ids: number[]): Promise<Row[]> {
    const sessions = await sessionsById(em, ids);
    const found = await read<MarkRow>(
      em,
      `select r.id, r.session_id, r.participant_id, r.presence_state_id, r.recorded_at, r.arrived_at, r.left_at, r.note,
              r.disputed
         from presence_records r
        where r.organization_id = :organization and r.session_id in (:ids) and ${marks.sql}
        order by r.session_id, r.participant_id`,
      { ...marks.parameters, ids },
    );
    await addPeople(em, people, found);
    const bySession = new Map<number, Row[]>(ids.map((id) => [id, []]));
    for (const mark of found) {
      const session = sessions.get(Number(mark.session_id))!;
      const person = people.get(Number(mark.participant_id))!;
      const state = states.get(Number(mark.presence_state_id))!;
      const arrived = instant(mark.arrived_at);
      const recorded = instant(mark.recorded_at);
      const mayBeLate = arrived !== null || state.category === 'late';
      bySession.get(session.id)!.push([
        recorded,
        person.name,
        session.name,
        state.code,
        Number(mark.id),
        person.id,
        session.id,
        session.group_id,
        person.identifier,
        session.group_name,
        session.start,
        state.category,
        arrived,
        instant(mark.left_at),
        mayBeLate
          ? lateMinutes(
              {
                category: state.category,
                arrived_at: arrived?.toISOString() ?? null,
                recorded_at: recorded.toISOString(),
              },
              session,
              grace,
            )
          : null,
        mark.note,
        Boolean(mark.disputed),
      ]);
    }
    return [...bySession.values()].flat();
  }
}

/** Sessions that are read together, in their order. */
function* runsOf(counts: { id: number; marks: number }[], size: number): Generator<number[], undefined> {
  let run: number[] = [];
  let marks = 0;
  for (const session of counts) {
    if (run.length > 0 && (run.length >= MOST_SESSIONS || marks + session.marks > size)) {
      yield run;
      run = [];
      marks = 0;
    }
    run.push(session.id);
    marks += session.marks;
  }
  if (run.length > 0) yield run;
  return undefined;
}

async function sessionsById(em: EntityManager, ids: number[]): Promise<Map<number, SessionRow>> {
  const rows = await read<Omit<SessionRow, 'start' | 'end'> & { starts_at: RawTime; ends_at: RawTime }>(
    em,
    `select x.id, x.name, x.group_id, g.name as group_name, x.scheduled_start_at as starts_at,
            x.scheduled_end_at as ends_at
       from sessions x join \`groups\` g on g.organization_id = x.organization_id and g.id = x.group_id
      where x.organization_id = :organization and x.id in (:ids)`,
    { ids },
  );
  return new Map(
    rows.map((row) => [
      Number(row.id),
      {
        ...row,
        id: Number(row.id),
        group_id: Number(row.group_id),
        start: instant(row.starts_at as number),
        end: instant(row.ends_at as number),
      },
    ]),
  );
}

/** Looks up who is not known yet. */
async function addPeople(em: EntityManager, known: Map<number, PersonRow>, marks: MarkRow[]): Promise<void> {
  if (known.size > MOST_PEOPLE) known.clear();
  const missing = [...new Set(marks.map((mark) => Number(mark.participant_id)))].filter((id) => !known.has(id));
  for (let at = 0; at < missing.length; at += 1000) {
    const rows = await read<{
      id: number;
      first_name: string;
      last_name: string;
      identifier: string | null;
    }>(
      em,
      `select p.id, p.first_name, p.last_name, p.identifier from participants p
        where p.organization_id = :organization and p.id in (:ids)`,
      { ids: missing.slice(at, at + 1000) },
    );
    for (const { id, first_name, last_name, identifier } of rows)
      known.set(Number(id), { id: Number(id), name: nameOf({ first_name, last_name }), identifier });
  }
}
